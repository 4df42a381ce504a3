"""Relevance as colours: signed maps in blue, white and red, others perceptually uniform. No window here."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.errors import MedsegError
from medseg_gui.types import FloatArray, Relevance, UInt8Array

DEFAULT_CLIP = 0.995  # a small lesion covers 1 or 2 % of the frame: at 0.99 most of it would be beyond the bar

# Blue and red stay apart for people who do not see red or green; white in the middle is the paper's convention.
_AGAINST = (36, 84, 255)
_NEUTRAL = (255, 255, 255)
_FOR = (235, 0, 32)
_ALPHA_POWER = 0.6  # below 1, so that what is weak is not lost on tissue


@dataclass(frozen=True, eq=False)
class RelevancePicture:
    """A map in colours, at its own resolution; to be stretched over the whole frame.

    Attributes:
        rgba: (h, w, 4) uint8 RGBA, clear where nothing is relevant, read-only.
        scale: the relevance at the end of the colour bar, at least 0; what is beyond has the same colour.
        is_signed: whether the bar runs from -scale to scale, or from 0.
    """

    rgba: UInt8Array
    scale: float
    is_signed: bool

    def __post_init__(self) -> None:
        self.rgba.setflags(write=False)


def is_signed(method: str) -> bool:
    """Whether a method tells what speaks against as well; key of `explain.EXPLAINERS`."""
    return method in ("lrp", "layers")


def shown_values(relevance: Relevance, hidden_lesions: frozenset[int] = frozenset()) -> FloatArray:
    """The relevance of the lesions that are to be seen; they add up.

    Args:
        relevance: of the whole mask, or of one part of it.
        hidden_lesions: numbers, from 1, of those to leave out; others than there are change nothing.

    Returns:
        (S, S) float32.
    """
    shown = [m for number, m in enumerate(relevance.lesions, 1) if number not in hidden_lesions]
    if len(shown) == len(relevance.lesions):
        return relevance.values
    return np.sum(shown, axis=0, dtype=np.float32) if shown else np.zeros_like(relevance.values)


def full_scale(values: FloatArray, clip: float = DEFAULT_CLIP) -> float:
    """The relevance that gets the strongest colour.

    Args:
        values: (h, w) relevance, finite.
        clip: share of the pixels that are not stronger, in (0, 1]; a few very strong ones would hide the rest.

    Returns:
        At least 0; the strongest of all where so few pixels are relevant that the percentile is 0.
    """
    strength = np.abs(values)
    return float(np.quantile(strength, clip)) or float(strength.max(initial=0.0))


def colour_relevance(values: FloatArray, signed: bool, clip: float = DEFAULT_CLIP) -> RelevancePicture:
    """Colours by sign and strength, and clearer the weaker, so that tissue is seen.

    Args:
        values: (h, w) relevance.
        signed: red for what speaks for, blue for what speaks against; otherwise viridis from 0.
        clip: as in `full_scale`.

    Raises:
        MedsegError: a value is not finite: such a map means nothing and is not painted.
    """
    require_finite(values)
    scale = full_scale(values, clip)
    part = np.clip(values / scale, -1 if signed else 0, 1) if scale else np.zeros_like(values)
    rgba = np.empty((*values.shape, 4), np.uint8)
    rgba[..., :3] = _diverging(part) if signed else _uniform(part)
    rgba[..., 3] = np.round(np.abs(part) ** _ALPHA_POWER * 255)
    return RelevancePicture(rgba, scale, signed)


def colour_ramp(signed: bool, steps: int = 256) -> UInt8Array:
    """The colours of a colour bar, from the least to the most: (steps, 3) uint8 RGB."""
    part = np.linspace(-1 if signed else 0, 1, steps, dtype=np.float32)[None]
    return (_diverging(part) if signed else _uniform(part))[0]


def require_finite(values: FloatArray) -> None:
    """Pass a map that can be painted.

    Raises:
        MedsegError: a value is infinite or not a number.
    """
    if not np.isfinite(values).all():
        raise MedsegError(
            "The explanation of this frame holds numbers that are not finite and is not shown; choose another rule."
        )


def _diverging(part: NDArray[np.floating]) -> UInt8Array:
    """RGB of values in [-1, 1], white at 0."""
    strength = np.abs(part)[..., None]
    end = np.where(part[..., None] < 0, np.array(_AGAINST, np.float32), np.array(_FOR, np.float32))
    return np.round(np.array(_NEUTRAL, np.float32) * (1 - strength) + end * strength).astype(np.uint8)


def _uniform(part: NDArray[np.floating]) -> UInt8Array:
    """RGB of values in [0, 1]: viridis, whose lightness grows evenly."""
    levels = np.round(part * 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)[..., ::-1])
