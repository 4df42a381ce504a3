"""Which of the parts that the network marks in a frame are the lesion that was carried there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from medseg_gui.editing.components import number_parts
from medseg_gui.types import BoolArray, FloatArray

_MARKED = 0.5
_MOST_PARTS = 4  # the largest ones; with four there are 15 ways to choose
_LEAST_PX = 6  # of the network's grid: less is noise
_MASS = 0.5  # what being all that the network marks counts, beside the shape, for a lesion that was lost


@dataclass(frozen=True, eq=False)
class Sighting:
    """The parts that are taken for a lesion.

    Attributes:
        region: (H, W) bool, of the frame; empty when the network marks nothing that could be it.
        likeness: in [0, 1], Dice overlap with what was looked for: where it was looked for or, if that was lost, in
            whichever place it fits best.
        overlap: Dice overlap with where it was looked for, in [0, 1].
    """

    region: BoolArray
    likeness: float
    overlap: float


def sight(carried: BoolArray, others: BoolArray, probability: FloatArray, is_lost: bool) -> Sighting:
    """Find a lesion among what the network marks.

    It is looked for where it was carried to. When motion lost it, its shape counts wherever it lies, and so does
    how much of what the network marks it takes in.

    Args:
        carried: (H, W) bool, the lesion as motion carried it.
        others: (H, W) bool, all other lesions of its class; parts that are rather theirs are left out.
        probability: (h, w) float in [0, 1], of its class, stretched over the frame.
        is_lost: whether to look beyond the place it was carried to.
    """
    size = probability.shape[1], probability.shape[0]
    own, theirs = (
        cv2.resize(r.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5 for r in (carried, others)
    )
    total = float(probability[probability >= _MARKED].sum())
    best, chosen, most = Sighting(np.zeros_like(carried), 0.0, 0.0), np.zeros_like(own), 0.0
    for parts in _choices(probability >= _MARKED, own, theirs):
        overlap = agreement(own, parts)
        likeness = max(overlap, shape_likeness(own, parts)) if is_lost else overlap
        score = likeness
        if is_lost and not theirs.any():
            score = (1 - _MASS) * likeness + _MASS * float(probability[parts].sum()) / total
        if score > most:
            best, chosen, most = Sighting(best.region, likeness, overlap), parts, score
    return Sighting(_stretched(probability, chosen, carried.shape), best.likeness, best.overlap)


def agreement(a: BoolArray, b: BoolArray) -> float:
    """Dice overlap of two regions in [0, 1]; 1 when both are empty. Source: Dice 1945, eq. 1."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def shape_likeness(a: BoolArray, b: BoolArray) -> float:
    """Dice overlap of two regions after the middle of one was laid upon that of the other; 0 when one is empty."""
    if not (a.any() and b.any()):
        return 0.0
    rows, columns = np.argwhere(b).mean(axis=0) - np.argwhere(a).mean(axis=0)
    matrix = np.array([[1, 0, columns], [0, 1, rows]], np.float32)
    moved = cv2.warpAffine(a.astype(np.uint8), matrix, a.shape[::-1], flags=cv2.INTER_NEAREST) > 0
    return agreement(moved, b)


def _choices(marked: BoolArray, own: BoolArray, theirs: BoolArray) -> list[BoolArray]:
    """All ways to choose among the largest parts that are not rather another lesion's."""
    numbers, areas = number_parts(marked)
    large = [i for i in range(1, min(len(areas), _MOST_PARTS + 1)) if areas[i] >= _LEAST_PX]
    free = [i for i in large if (own & (numbers == i)).sum() >= (theirs & (numbers == i)).sum()]
    return [np.isin(numbers, some) for count in range(1, len(free) + 1) for some in combinations(free, count)]


def _stretched(probability: FloatArray, parts: BoolArray, shape: tuple[int, ...]) -> BoolArray:
    """The chosen parts at the frame's size, with the outline that the network's whole map has there."""
    # A pixel around them is kept, because between grid points the outline runs outside the marked ones.
    around = cv2.dilate(parts.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    kept = np.where(around, probability, 0).astype(np.float32)
    return cv2.resize(kept, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR) >= _MARKED
