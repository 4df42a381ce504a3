"""Measures that compare a mask with the truth, as papers define them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg_gui.errors import ShapeError
from medseg_gui.types import FloatArray, UInt8Array


@dataclass(frozen=True)
class Counts:
    """Pixels by mask and truth; all measures below follow from these four."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def dice(self) -> float:
        """2TP / (2TP + FP + FN) in [0, 1]; 1 when both masks are empty. Source: Dice 1945, eq. 1."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    @property
    def iou(self) -> float:
        """TP / (TP + FP + FN) in [0, 1], the Jaccard index; 1 when both masks are empty."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive + self.false_negative)

    @property
    def precision(self) -> float:
        """TP / (TP + FP) in [0, 1]; 1 when nothing is marked."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """TP / (TP + FN) in [0, 1]; 1 when there is nothing to find."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def accuracy(self) -> float:
        """Share of pixels told rightly, in [0, 1]."""
        right = self.true_positive + self.true_negative
        return _ratio(right, right + self.false_positive + self.false_negative)


_STEPS = 65535
MEASURES = ("dice", "iou", "precision", "recall", "accuracy")


def count(mask: UInt8Array, truth: UInt8Array) -> Counts:
    """Count pixels by mask and truth.

    Args:
        mask, truth: (H, W) uint8 or bool, non-zero is the object.

    Raises:
        ShapeError: the two differ in size.
    """
    if mask.shape != truth.shape:
        raise ShapeError(f"The mask is {mask.shape} and the truth {truth.shape} pixels; they must be equal.")
    a, b = mask > 0, truth > 0
    both, marked, wanted = int((a & b).sum()), int(a.sum()), int(b.sum())
    return Counts(both, marked - both, wanted - both, a.size - marked - wanted + both)


def auc_roc(probability: FloatArray, truth: UInt8Array) -> float:
    """Area under the receiver operating characteristic of the pixels of one image.

    Probabilities are counted in 65 536 steps, which spares sorting a million pixels and changes the area by less
    than the width of a step.

    Args:
        probability: (H, W) float in [0, 1].
        truth: (H, W) uint8, non-zero is the object.

    Returns:
        float in [0, 1]; NaN when the truth is all object or all background.

    Raises:
        ShapeError: the two differ in size.

    Source: Mann & Whitney 1947 (the area is the chance that an object pixel outranks a background one, ties half).
    """
    if probability.shape != truth.shape:
        raise ShapeError(f"The probability is {probability.shape} and the truth {truth.shape} pixels.")
    steps = np.round(probability * _STEPS).astype(np.int64).ravel()
    is_object = truth.ravel() > 0
    objects = np.bincount(steps[is_object], minlength=_STEPS + 1)
    others = np.bincount(steps[~is_object], minlength=_STEPS + 1)
    if not objects.any() or not others.any():
        return float("nan")
    below = np.cumsum(others) - others
    return float((objects * (below + others / 2)).sum() / (objects.sum() * others.sum()))


def _ratio(above: int, below: int) -> float:
    return above / below if below else 1.0
