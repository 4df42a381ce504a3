"""How far an explanation can be trusted: figures that come with every map, and the plain word for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.explain.targets import rim_px
from medseg_gui.types import BoolArray, FloatArray, Trust

LEDGER_LIMIT = 1e-3
STABILITY_LIMIT = 0.8
OUTSIDE_LIMIT = 1 / 3
AGREEMENT_LIMIT = 0.0
RANDOMISED_LIMIT = 0.3

_FOR_WHOM = {"pixel": " for this pixel", "lesion": " for this lesion", "rim": " for the rim"}


@dataclass(frozen=True)
class Shares:
    """Parts of the absolute relevance; they add up to 1 (all 0 where there is none)."""

    inside: float
    rim: float
    outside: float


def shares(values: FloatArray, mask: BoolArray) -> Shares:
    """How much relevance lies inside a mask, around its border and beyond.

    Args:
        values: (S, S) relevance.
        mask: (S, S) bool.
    """
    inner, outer = _shrunk(mask), grown(mask)
    weight = np.abs(values).astype(np.float64)
    total = weight.sum()
    if total == 0:
        return Shares(0.0, 0.0, 0.0)
    inside, outside = float(weight[inner].sum() / total), float(weight[~outer].sum() / total)
    return Shares(inside, max(0.0, 1 - inside - outside), outside)


def grown(mask: BoolArray) -> BoolArray:
    """A mask with the rim around it: where maps are compared."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=rim_px(len(mask))) > 0


def rank_correlation(a: FloatArray, b: FloatArray, where: BoolArray) -> float:
    """Spearman's rank correlation of two maps on some pixels, ties averaged; 0 where one of them is constant.

    Over the whole picture even a random network's map ranks pixels much as a trained one's does (0.8 to 0.9
    measured), because all maps follow edges: compare inside the mask.
    """
    if not where.any():
        return 0.0
    ranks = [_ranks(v[where]) for v in (a, b)]
    spread = [r.std() for r in ranks]
    if min(spread) == 0:
        return 0.0
    centred = [r - r.mean() for r in ranks]
    return float(np.mean(centred[0] * centred[1]) / (spread[0] * spread[1]))


def stability(values: FloatArray, noisy: Sequence[FloatArray], mask: BoolArray) -> float:
    """Mean rank correlation of a map with those of slightly noisy copies, around the mask."""
    where = grown(mask)
    return float(np.mean([rank_correlation(values, other, where) for other in noisy]))


def agreement(values: FloatArray, other: FloatArray, mask: BoolArray) -> float:
    """Rank correlation of two methods' maps around the mask, after both are smoothed to the coarser one's grain."""
    sigma = len(mask) / 32
    first, second = (_blurred(np.maximum(v, 0), sigma) for v in (values, other))
    return rank_correlation(first, second, grown(mask))


def judge(
    part: Shares,
    ledger_error: float | None,
    stability: float | None = None,
    agreement: float | None = None,
    skips: Mapping[str, float] | None = None,
    warning: str = "",
    warned: str = "suspect",
    target: str = "mask",
) -> Trust:
    """The plain word and its reason; the gravest one wins. What failed a check before is never called sound.

    Args:
        part: where the relevance lies.
        ledger_error, stability, agreement, skips, warning: as in `Trust`.
        warned: the word for what the warning tells: "unstable" if it was no more than that, else "suspect".
        target: kind of `Target` that was explained. What came closest to being marked lies in no mask, so that nothing
            can be said of its outside.
    """
    verdict, reason = "sound", "All that was measured speaks for this picture."
    if part == Shares(0.0, 0.0, 0.0):
        verdict, reason = "suspect", "The map is empty: nothing at this layer speaks for what is marked."
    elif ledger_error is not None and ledger_error > LEDGER_LIMIT:
        verdict, reason = "suspect", f"{ledger_error:.1%} of the relevance went missing on the way."
    elif warning:
        verdict, reason = warned, warning
    elif stability is not None and stability < STABILITY_LIMIT:
        verdict, reason = "unstable", f"A little noise changes this picture (rank correlation {stability:.2f})."
    elif agreement is not None and agreement < AGREEMENT_LIMIT:
        verdict, reason = "suspect", f"A second method points elsewhere (rank correlation {agreement:.2f})."
    elif part.outside > OUTSIDE_LIMIT and target != "nearest_miss":
        counted = f"counted{_FOR_WHOM.get(target, '')}"
        verdict, reason = "suspect", f"{part.outside:.0%} of what {counted} lies outside the mask: look there."
    elif stability is None:
        where = "" if target == "nearest_miss" else " and most of what counted lies on the mask"
        reason = f"The ledger adds up{where}; stability was not measured."
        if ledger_error is None:
            reason = "Nothing measured speaks against this picture; it keeps no ledger, stability was not measured."
    return Trust(
        verdict,
        reason,
        ledger_error,
        part.inside,
        part.rim,
        part.outside,
        stability,
        agreement,
        dict(skips or {}),
        warning,
    )


def _blurred(values: FloatArray, sigma: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(values.astype(np.float32), (0, 0), sigma), np.float32)


def _shrunk(mask: BoolArray) -> BoolArray:
    # Beyond the picture counts as mask: its edge is no border of the lesion.
    return cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=rim_px(len(mask))) > 0


def _ranks(values: FloatArray) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]
