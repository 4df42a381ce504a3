"""What is explained: from the logits and a target to the relevance that LRP starts with.

It is always the logit, never the probability, which says the same everywhere once it is close to 1. The start is
relu(logit) on the chosen pixels, normalised to sum 1, so that maps of different frames compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from medseg_gui.errors import ExplanationError, InputError, NothingPredictedError
from medseg_gui.types import BoolArray, FloatArray, Target, UInt8Array

MIN_LESION_PX = 50
MAX_LESIONS = 8
NEAREST_MISS_PX = 50


@dataclass(frozen=True, eq=False)
class Starts:
    """Where explanations start.

    Attributes:
        parts: for each lesion, or for the one thing asked for, (S, S) float32 start relevance; together the absolute
            values sum to 1. Negative where the logit is: nothing marked there speaks against.
        numbers: (S, S) uint8 number of the lesion of each pixel, from 1, largest first; 0 outside.
        mask: (S, S) bool, what is marked; for the nearest miss, its pixels.
    """

    parts: tuple[FloatArray, ...]
    numbers: UInt8Array
    mask: BoolArray

    @property
    def whole(self) -> FloatArray:
        """(S, S) float32, all parts together."""
        return np.asarray(np.sum(self.parts, axis=0), np.float32)

    @property
    def chosen(self) -> BoolArray:
        """(S, S) bool, the pixels that are explained."""
        return self.whole != 0


def rim_px(size: int) -> int:
    """Width of the rim on either side of a mask's border at this resolution, in pixels."""
    return max(1, round(size / 50))


def start_relevance(logits: FloatArray, target: Target, threshold: float, frame_size: tuple[int, int]) -> Starts:
    """Choose the pixels and weigh them.

    Args:
        logits: (S, S) float.
        target: what is asked for.
        threshold: probability from which a pixel is marked, in (0, 1).
        frame_size: (height, width) of the frame that x and y of the target count in.

    Raises:
        NothingPredictedError: there is nothing marked where it is asked for.
        ExplanationError: the logits are not finite.
        InputError: the target makes no sense.
    """
    if not np.isfinite(logits).all():
        raise ExplanationError("The network's output is not finite on this frame; check the weights.")
    if target.kind not in _CHOICES:
        raise InputError(f"{target.kind!r} is no target; choose one of {', '.join(_CHOICES)}.")
    marked = logits >= np.log(threshold / (1 - threshold))
    numbers = lesion_numbers(marked)
    chosen = _CHOICES[target.kind](_Seen(logits, marked, numbers, frame_size), target)
    weights = _weigh(logits, np.logical_or.reduce(chosen))
    mask = chosen[0] if target.kind == "nearest_miss" else marked
    return Starts(tuple(np.where(c, weights, 0).astype(np.float32) for c in chosen), numbers, mask)


def lesion_numbers(marked: BoolArray) -> UInt8Array:
    """Number the connected parts (8-connected) of a mask, largest first.

    Specks below MIN_LESION_PX are left out, unless there is nothing else; what comes after the eighth counts as eighth.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-areas, kind="stable")
    large = [i for i in order if areas[i] >= MIN_LESION_PX] or list(order)
    number_of = np.zeros(count, np.uint8)
    for number, part in enumerate(large, start=1):
        number_of[part + 1] = min(number, MAX_LESIONS)
    return number_of[labels]


@dataclass(frozen=True, eq=False)
class _Seen:
    logits: FloatArray
    marked: BoolArray
    numbers: UInt8Array
    frame_size: tuple[int, int]

    def pixel(self, target: Target) -> tuple[int, int]:
        """(row, column) of the target's pixel at the network's resolution."""
        height, width = self.frame_size
        if target.x is None or target.y is None or not (0 <= target.x < width and 0 <= target.y < height):
            raise InputError(f"Pixel ({target.x}, {target.y}) is not in the frame of {width}×{height}.")
        rows, columns = self.logits.shape
        return int((target.y + 0.5) * rows / height), int((target.x + 0.5) * columns / width)


def _mask(seen: _Seen, target: Target) -> list[BoolArray]:
    if not seen.numbers.any():
        raise NothingPredictedError(
            "Nothing is predicted here, so there is nothing to explain; ask for the nearest miss (what came closest)."
        )
    return [seen.numbers == n for n in range(1, int(seen.numbers.max()) + 1)]


def _lesion(seen: _Seen, target: Target) -> list[BoolArray]:
    lesions = _mask(seen, target)
    number = target.number if target.number is not None else int(seen.numbers[seen.pixel(target)])
    if not 1 <= number <= len(lesions):
        raise NothingPredictedError(
            f"There is no lesion at this place or of this number ({len(lesions)} in this frame); choose a marked one."
        )
    return [lesions[number - 1]]


def _pixel(seen: _Seen, target: Target) -> list[BoolArray]:
    chosen = np.zeros(seen.logits.shape, bool)
    chosen[seen.pixel(target)] = True
    return [chosen]


def _rim(seen: _Seen, target: Target) -> list[BoolArray]:
    whole = np.logical_or.reduce(_mask(seen, target))
    inner = cv2.erode(whole.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=rim_px(len(whole)))
    return [whole & (inner == 0)]


def _nearest_miss(seen: _Seen, target: Target) -> list[BoolArray]:
    below = np.where(seen.marked, -np.inf, seen.logits).ravel()
    chosen = np.zeros(below.size, bool)
    chosen[np.argsort(-below, kind="stable")[:NEAREST_MISS_PX]] = True
    missed = chosen.reshape(seen.logits.shape) & ~seen.marked
    if not missed.any():
        raise NothingPredictedError("Everything is marked in this frame, so nothing was missed; explain the mask.")
    return [missed]


def _weigh(logits: FloatArray, chosen: BoolArray) -> FloatArray:
    """relu(logit), or the logit itself where none is positive; its absolute values sum to 1."""
    weights = np.where(chosen, np.maximum(logits, 0), 0).astype(np.float64)
    if not weights.any():
        weights = np.where(chosen, logits, 0).astype(np.float64)
    total = np.abs(weights).sum()
    # A logit of exactly zero everywhere has nothing to share by: each pixel counts the same.
    return weights / total if total > 0 else chosen / chosen.sum()


_CHOICES: dict[str, Callable[[_Seen, Target], list[BoolArray]]] = {
    "mask": _mask,
    "lesion": _lesion,
    "pixel": _pixel,
    "rim": _rim,
    "nearest_miss": _nearest_miss,
}
