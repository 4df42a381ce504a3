"""Measures against counting by hand and against another library."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchmetrics.functional.classification import binary_auroc

from medseg_gui.errors import ShapeError
from medseg_gui.evaluation.metrics import MEASURES, auc_roc, count

masks = arrays(np.uint8, (6, 5), elements=st.integers(0, 1))


@given(masks, masks)
def test_counts_agree_with_counting_by_hand(mask: np.ndarray, truth: np.ndarray) -> None:
    pairs = list(zip(mask.ravel().tolist(), truth.ravel().tolist(), strict=True))
    counts = count(mask, truth)
    assert counts.true_positive == pairs.count((1, 1))
    assert counts.false_positive == pairs.count((1, 0))
    assert counts.false_negative == pairs.count((0, 1))
    assert counts.true_negative == pairs.count((0, 0))


@given(masks, masks)
def test_measures_agree_with_sets(mask: np.ndarray, truth: np.ndarray) -> None:
    a, b = set(np.flatnonzero(mask)), set(np.flatnonzero(truth))
    counts = count(mask, truth)
    assert counts.dice == pytest.approx(2 * len(a & b) / (len(a) + len(b)) if a | b else 1)
    assert counts.iou == pytest.approx(len(a & b) / len(a | b) if a | b else 1)
    assert counts.precision == pytest.approx(len(a & b) / len(a) if a else 1)
    assert counts.recall == pytest.approx(len(a & b) / len(b) if b else 1)
    assert all(0 <= getattr(counts, name) <= 1 for name in MEASURES)


def test_values_other_than_one_mark_too() -> None:
    assert count(np.full((2, 2), 255, np.uint8), np.ones((2, 2), np.uint8)).dice == 1


def test_different_sizes_are_refused() -> None:
    with pytest.raises(ShapeError):
        count(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))
    with pytest.raises(ShapeError):
        auc_roc(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.uint8))


@pytest.mark.parametrize("seed", range(5))
def test_auc_agrees_with_torchmetrics(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, (40, 30), np.uint8)
    probability = np.clip(rng.normal(0.4 + 0.2 * truth, 0.2), 0, 1).astype(np.float32)
    theirs = binary_auroc(torch.from_numpy(probability), torch.from_numpy(truth).long())
    assert auc_roc(probability, truth) == pytest.approx(float(theirs), abs=1e-4)


def test_auc_counts_ties_half_and_needs_both_classes() -> None:
    assert auc_roc(np.full((4, 4), 0.5), np.eye(4, dtype=np.uint8)) == 0.5
    assert math.isnan(auc_roc(np.zeros((4, 4)), np.zeros((4, 4), np.uint8)))
