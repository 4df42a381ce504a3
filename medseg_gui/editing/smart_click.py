"""Smart click: left adds, right removes; the network's own doubt and the picture say how far.

A click says two things: this pixel is wrong, and (being set well inside the error) the error is about as deep as
the click is far from the outline. The outline is pushed there by twice that depth, less so the longer the way from
the click is through tissue that looks different or that the network judges differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import Box, Change
from medseg_gui.editing.components import number_parts
from medseg_gui.editing.geodesic import geodesic_distance
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.shape import signed_distance
from medseg_gui.errors import InputError, ShapeError
from medseg_gui.types import BoolArray, FloatArray, UInt8Array

_SIDE_PX = 288  # of the picture that is thought about: near the network's own resolution
_FADED = 0.02  # of a click's strength, from which it changes nothing
_LEAST_SHARE, _MOST_SHARE = 0.03, 0.3  # radius of a lesion the network missed, in longer sides
_LEAST_LOGIT = 0.3  # so that a click on the network's own outline still says something


@dataclass(frozen=True)
class Tuning:
    """Figures found on validation frames that are not among those of the printed table (clicks_to_dice.py).

    Attributes:
        push: how far the outline moves, in depths of the click.
        reach: standard deviation of the push along geodesic ways, in depths of the click.
        colour: what a difference of 1 in CIELAB costs, in pixels of the small picture.
        doubt: what a difference of 1 in the network's logit costs.
        logit_share: how much the network's isolines, and not the outline's, are pushed where it is in doubt, in [0, 1].
        far: distance from the outline, as a share of the longer side, from which a left click means a new lesion,
            if it is also `apart` from it.
        apart: distance from the outline in radii of a disc as large as the lesion.
        whole: a right click at least so deep in a smaller part, as a share of its depth, removes that part.
    """

    push: float = 2.0
    reach: float = 1.8
    colour: float = 0.2
    doubt: float = 0.5
    logit_share: float = 0.5
    far: float = 0.05
    apart: float = 0.5
    whole: float = 0.8


@dataclass(frozen=True, eq=False)
class _Click:
    lesion_id: int
    adds: bool
    distance: FloatArray


class SmartClicks:
    """Clicks on one frame. They accumulate: what is nearer to an earlier, opposite click stays as it is.

    Args:
        rgb: (H, W, 3) uint8, RGB.
        probability: (S, S) float in [0, 1], the network's map of the class, stretched over the frame.
        threshold: probability from which the network marks, in (0, 1).
        tuning: how clicks act.
    """

    def __init__(
        self, rgb: UInt8Array, probability: FloatArray, threshold: float = 0.5, tuning: Tuning | None = None
    ) -> None:
        self._tuning = tuning or Tuning()
        self._shape = rgb.shape[0], rgb.shape[1]
        scale = min(_SIDE_PX / max(self._shape), 1.0)
        self._size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
        small = cv2.GaussianBlur(cv2.resize(rgb, self._size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
        lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        p = cv2.resize(probability.astype(np.float32), self._size, interpolation=cv2.INTER_LINEAR)
        p = np.clip(p, 0.002, 0.998)
        self._logit = (np.log(p / (1 - p)) - np.log(threshold / (1 - threshold))).astype(np.float32)
        self._features = np.dstack([lab * self._tuning.colour, self._logit * self._tuning.doubt])
        self._clicks: list[_Click] = []

    def click(
        self, lesions: Lesions, x: float, y: float, lesion_id: int, adds: bool, class_id: int | None = None
    ) -> Change:
        """Add to a lesion what belongs to the tissue under a point, or take it away.

        Args:
            lesions: of the frame, with all that earlier clicks changed.
            x, y: the point in pixels.
            lesion_id: which lesion; other lesions are spared.
            adds: left button; else the right one, which removes.
            class_id: class of a lesion that is new.

        Raises:
            ShapeError: the lesions have not the frame's size.
            InputError: the point is outside the frame.
        """
        if lesions.shape != self._shape:
            raise ShapeError(f"The frame is {self._shape} pixels and its lesions {lesions.shape}; they must be equal.")
        region = lesions.region(lesion_id)
        small = cv2.resize(region.astype(np.float32), self._size, interpolation=cv2.INTER_AREA) >= 0.5
        strength = self._strength(small, self._to_small(x, y), lesion_id, adds)
        touched = cv2.resize(strength, self._shape[::-1], interpolation=cv2.INTER_LINEAR) > 0
        after = region | touched if adds else region & ~touched
        return lesions.replace(after, Box.whole(self._shape), lesion_id, class_id)

    def forget_last(self) -> None:
        """Take back the memory of the last click, when its change was undone."""
        if self._clicks:
            self._clicks.pop()

    def _to_small(self, x: float, y: float) -> tuple[int, int]:
        height, width = self._shape
        if not (0 <= x < width and 0 <= y < height):
            raise InputError("This click is outside the frame; click on the picture.")
        return int(y * self._size[1] / height), int(x * self._size[0] / width)

    def _strength(self, region: BoolArray, at: tuple[int, int], lesion_id: int, adds: bool) -> FloatArray:
        """(h, w) float32, above 0 where the click changes pixels."""
        start = np.full(region.shape, np.inf, np.float32)
        start[at] = 0
        click = _Click(lesion_id, adds, geodesic_distance(start, self._features, 1.0))
        own = self._nearer_than_opposite(click)
        self._clicks.append(click)
        outside = signed_distance(region)
        if not adds and (part := self._smaller_part(region, outside, at)) is not None:
            return np.where(part, 1.0, -1.0).astype(np.float32)
        radius = float(np.sqrt(region.sum() / np.pi))
        if adds and outside[at] > max(self._tuning.far * max(region.shape), self._tuning.apart * radius):
            # A forgotten piece of a lesion is smaller than the lesion, and keeps clear of it.
            most = min(float(outside[at]), radius) if region.any() else _MOST_SHARE * max(region.shape)
            strength = clearest_rim(click.distance, self._features, most) - click.distance
        else:
            strength = self._pushed(outside if adds else -outside, click, at)
        return np.where(own, strength, -1.0).astype(np.float32)

    def _pushed(self, outside: FloatArray, click: _Click, at: tuple[int, int]) -> FloatArray:
        """How far beyond the pushed outline each pixel is; `outside` and the logit count from the click's side."""
        t = self._tuning
        depth = max(float(outside[at]), 1.0)
        reach = np.exp(-0.5 * (click.distance / (t.reach * depth)) ** 2)
        logit = self._logit if click.adds else -self._logit
        lack = max(-float(logit[at]), 0.0)
        by_outline = t.push * depth * reach - outside
        by_network = (t.push * lack * reach + logit) * (depth / max(lack, _LEAST_LOGIT))
        # Where the network is sure, its isolines lie far apart and say nothing about where to stop.
        share = t.logit_share / np.cosh(self._logit / 2) ** 2
        mixed = (1 - share) * by_outline + share * by_network
        return np.where(reach > _FADED, mixed, -1.0)

    def _smaller_part(self, region: BoolArray, outside: FloatArray, at: tuple[int, int]) -> BoolArray | None:
        """The part that a right click into its middle removes as a whole: never the largest one."""
        parts, _ = number_parts(region)
        if parts[at] <= 1:
            return None
        part = parts == parts[at]
        is_middle = -outside[at] >= self._tuning.whole * float((-outside)[part].max())
        return part if is_middle else None

    def _nearer_than_opposite(self, click: _Click) -> BoolArray:
        own = np.ones(click.distance.shape, np.bool_)
        for other in self._clicks:
            if other.lesion_id == click.lesion_id and other.adds != click.adds:
                own &= click.distance <= other.distance
        return own


def clearest_rim(distance: FloatArray, features: FloatArray, most_px: float) -> float:
    """The geodesic radius around a click at which the features change most along the rim.

    Args:
        distance: (H, W) float32 geodesic distance from the click, in pixels.
        features: (H, W, C) float32.
        most_px: the largest radius to consider.
    """
    if min(distance.shape) < 2:
        return float(distance.max()) + 1
    steps: tuple[NDArray[np.float32], ...] = tuple(np.gradient(features, axis=axis) for axis in (0, 1))
    edge = np.sqrt(sum((s**2).sum(axis=2) for s in steps))
    # Highlights and the black border are clearer than any lesion; they must not decide.
    edge = np.minimum(edge, np.percentile(edge, 90))
    radii = np.geomspace(min(_LEAST_SHARE * max(distance.shape), most_px), most_px, 16)
    rims = [np.abs(distance - r) < 1.0 for r in radii]
    inner = [float(edge[distance <= r].mean()) for r in radii]
    scores = [float(edge[rim].mean()) / (i + 1e-6) if rim.any() else -1.0 for rim, i in zip(rims, inner, strict=True)]
    return float(radii[int(np.argmax(scores))])
