"""Figures of trust, and the measures of a data set."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_gui.errors import DroppedError
from medseg_gui.explain.faithfulness import (
    deletion_and_insertion,
    edge_map,
    mass_accuracy,
    noise_map,
    points_at,
    rank_accuracy,
    shuffle_weights,
)
from medseg_gui.explain.quality import Shares, agreement, judge, rank_correlation, shares, stability


@pytest.fixture
def mask() -> np.ndarray:
    marked = np.zeros((64, 64), bool)
    marked[20:40, 20:40] = True
    return marked


def test_shares_are_counted_by_hand(mask: np.ndarray) -> None:
    values = np.zeros((64, 64), np.float32)
    values[30, 30], values[20, 25], values[19, 25], values[0, 0] = 4, -2, 1, -3
    assert shares(values, mask) == Shares(0.4, pytest.approx(0.3), 0.3)
    assert shares(np.zeros_like(values), mask) == Shares(0.0, 0.0, 0.0)


def test_rank_correlation_is_spearmans(mask: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    a = rng.random((64, 64))
    assert rank_correlation(a, np.exp(a), mask) == pytest.approx(1)
    assert rank_correlation(a, -a, mask) == pytest.approx(-1)
    assert abs(rank_correlation(a, rng.random((64, 64)), mask)) < 0.2
    assert rank_correlation(a, np.ones_like(a), mask) == 0
    assert rank_correlation(a, a, np.zeros_like(mask)) == 0
    # 1 2 2 3 against 1 2 3 4: ranks 1 2.5 2.5 4; ρ = 4.5 / sqrt(4.5 · 5)
    few = np.ones((2, 2), bool)
    found = rank_correlation(np.array([[1.0, 2], [2, 3]]), np.array([[1.0, 2], [3, 4]]), few)
    assert found == pytest.approx(4.5 / np.sqrt(4.5 * 5))


def test_stability_and_agreement_know_same_from_other(mask: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    a, other = rng.random((64, 64)), rng.random((64, 64))
    assert stability(a, [a, a], mask) == pytest.approx(1)
    assert stability(a, [a, other], mask) < 0.7
    assert agreement(a, a * 3, mask) == pytest.approx(1)


@pytest.mark.parametrize(
    ("figures", "verdict", "word"),
    [
        ({}, "sound", "not measured"),
        ({"stability": 0.9, "agreement": 0.5}, "sound", "All"),
        ({"stability": 0.5}, "unstable", "noise"),
        ({"ledger_error": 0.01}, "suspect", "missing"),
        ({"agreement": -0.2}, "suspect", "second method"),
        ({"part": Shares(0.2, 0.2, 0.6)}, "suspect", "outside"),
        ({"part": Shares(0.3, 0.25, 0.45), "target": "pixel"}, "suspect", "for this pixel"),
        ({"part": Shares(0.3, 0.25, 0.45), "target": "rim"}, "suspect", "for the rim"),
        ({"part": Shares(0.1, 0.0, 0.9), "target": "nearest_miss"}, "sound", "ledger adds up; stability"),
        ({"ledger_error": None}, "sound", "keeps no ledger"),
        ({"warning": "Measured on 20 pictures, it looks alike."}, "suspect", "looks alike"),
        ({"part": Shares(0.0, 0.0, 0.0)}, "suspect", "empty"),
    ],
)
def test_the_plain_word_and_its_reason(figures: dict, verdict: str, word: str) -> None:
    trust = judge(**{"part": Shares(0.7, 0.2, 0.1), "ledger_error": 1e-6, **figures})
    assert trust.verdict == verdict
    assert word in trust.reason
    assert trust.reason.endswith((".", "there."))


def test_a_map_is_measured_against_the_truth(mask: np.ndarray) -> None:
    inside = mask.astype(float)
    assert (mass_accuracy(inside, mask), rank_accuracy(inside, mask), points_at(inside, mask)) == (1, 1, True)
    assert mass_accuracy(1 - inside, mask) == 0
    assert mass_accuracy(np.ones((64, 64)), mask) == pytest.approx(mask.mean())
    assert mass_accuracy(-inside, mask) == 0
    assert not points_at(1 - inside, mask)


def test_deletion_and_insertion_reward_the_true_reason(mask: np.ndarray) -> None:
    """A "network" that looks at brightness inside the mask alone."""
    x = torch.zeros(1, 3, 64, 64)
    x[:, :, 20:40, 20:40] = 1

    def predict(batch: torch.Tensor) -> np.ndarray:
        seen = batch[:, 0, 20:40, 20:40].mean((1, 2)).clamp(0, 1)
        return seen.view(-1, 1, 1).expand(-1, 64, 64).numpy()

    true = deletion_and_insertion(predict, x, mask.astype(np.float32), mask)
    false = deletion_and_insertion(predict, x, 1 - mask.astype(np.float32), mask)
    assert true.deletion_area < false.deletion_area - 0.1
    assert true.insertion_area > false.insertion_area + 0.1
    assert true.deletion[0] == true.insertion[-1] == 1
    assert true.deletion[-1] == true.insertion[0] < 1
    assert len(true.deletion) == len(true.insertion)
    # By hand: the trapezium rule on equal steps.
    by_hand = (sum(true.deletion) - (true.deletion[0] + true.deletion[-1]) / 2) / (len(true.deletion) - 1)
    assert true.deletion_area == pytest.approx(by_hand)


def test_the_curves_can_be_stopped(mask: np.ndarray) -> None:
    batches: list[int] = []

    def predict(batch: torch.Tensor) -> np.ndarray:
        batches.append(len(batch))
        return np.ones((len(batch), 64, 64))

    def stop() -> None:
        if batches:
            raise DroppedError("Enough.")

    with pytest.raises(DroppedError):
        deletion_and_insertion(predict, torch.zeros(1, 3, 64, 64), mask.astype(np.float32), mask, stop)
    assert len(batches) == 1


def test_baselines_know_no_network() -> None:
    rgb = np.zeros((100, 120, 3), np.uint8)
    rgb[:, 60:] = 255
    edges = edge_map(rgb, 64)
    assert edges.shape == (64, 64)
    assert set(np.nonzero(edges.sum(0))[0]) <= {30, 31, 32, 33}
    assert not np.array_equal(noise_map(16, 0), noise_map(16, 1))


def test_shuffling_keeps_the_numbers_and_loses_their_order() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    before = network[0].weight.clone()
    shuffle_weights(network)
    assert not torch.equal(before, network[0].weight)
    torch.testing.assert_close(before.flatten().sort().values, network[0].weight.flatten().sort().values)
