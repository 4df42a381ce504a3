"""Smart click: left adds, right removes; the network's own doubt and clear edges of the picture say how far.

Where that is too far or not far enough, dragging says so: `reach` is a further summand of the odds.

A click says two things: this pixel is wrong, and (being set well inside the error) the error is about as deep as
the click is far from the outline. Which pixels share the error is told by a logistic regression on twelve quantities
that do not depend on the picture's size: places in depths of the click, sizes beside the lesion's own, and the logit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
_LEAST_SHARE, _MOST_SHARE = 0.03, 0.3  # radius of a lesion the network missed, in longer sides
_NEAR, _DISC = 1.8, 0.9  # in depths of a click
_NOISE = 0.5  # of a distance: so much longer ways are through tissue alike; only a clear edge makes them longer
_COLOUR, _DOUBT = 0.6, 0.5  # what a difference of 1 in CIELAB or in the logit costs a path, in pixels


@dataclass(frozen=True)
class Tuning:
    """Figures found on validation frames that are not among those of the printed table (clicks_to_dice.py).

    The first thirteen are the odds (as a logarithm) that a pixel shares the error of a click, for each unit of:

    Attributes:
        always: nothing; it is added to all.
        outside: distance from the outline in depths of the click.
        near: nearness to the click, exp(-r²/2), r the distance in 1.8 depths, or more where the way
            crosses a clear edge.
        outside_size: distance from the outline in radii of a disc as large as the lesion.
        sure, sure_at_click, surer: tanh of half the logit, at the pixel, at the click, and of the difference; for the
            click's side.
        depth: logarithm of the click's depth in radii of the lesion.
        depth_outside: that times `outside`.
        adds: 1 for a left click, -1 for a right one.
        opposite, same: exp(-r), r the distance from the nearest earlier click of the other or the same button, in
            depths of that click.
        nearer_opposite: how much nearer an opposite click is than this one, in [-1, 1].
        far: distance from the outline, as a share of the longer side, from which a left click means a new lesion,
            if it is also `apart` from it.
        apart: distance from the outline in radii of a disc as large as the lesion.
        whole: a right click at least so deep in a smaller part, as a share of its depth, removes that part.
    """

    always: float = -2.345
    outside: float = 1.156
    near: float = 3.857
    outside_size: float = -2.499
    sure: float = 1.187
    surer: float = 1.380
    sure_at_click: float = 0.969
    depth: float = -1.170
    depth_outside: float = 1.223
    adds: float = -0.574
    opposite: float = -2.442
    same: float = 2.716
    nearer_opposite: float = -1.758
    far: float = 0.05
    apart: float = 0.5
    whole: float = 0.8


@dataclass(frozen=True)
class _Click:
    """A click in the small picture: row, column, and how deep in the error it was, in pixels."""

    lesion_id: int
    adds: bool
    at: tuple[int, int]
    depth_px: float

    def distance(self, shape: tuple[int, ...]) -> FloatArray:
        """(h, w) float32 distance of each pixel from it."""
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        return np.hypot(rows - self.at[0], columns - self.at[1]).astype(np.float32)


class SmartClicks:
    """Clicks on one frame. They accumulate: what is near to an earlier, opposite click rather stays as it is.

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
        self._features = np.dstack([lab * _COLOUR, self._logit * _DOUBT])
        self._clicks: list[_Click] = []

    def click(
        self,
        lesions: Lesions,
        x: float,
        y: float,
        lesion_id: int,
        adds: bool,
        class_id: int | None = None,
        reach: float = 0.0,
    ) -> Change:
        """Add to a lesion what belongs to the tissue under a point, or take it away.

        Args:
            lesions: of the frame, with all that earlier clicks changed.
            x, y: the point in pixels.
            lesion_id: which lesion; other lesions are spared.
            adds: left button; else the right one, which removes.
            class_id: class of a lesion that is new.
            reach: above 0 the click takes more, below 0 less; to the odds (as a logarithm) that a pixel shares its
                error, or four times that of the radius of a new piece.

        Raises:
            ShapeError: the lesions have not the frame's size.
            InputError: the point is outside the frame.
        """
        if lesions.shape != self._shape:
            raise ShapeError(f"The frame is {self._shape} pixels and its lesions {lesions.shape}; they must be equal.")
        region = lesions.region(lesion_id)
        small = cv2.resize(region.astype(np.float32), self._size, interpolation=cv2.INTER_AREA) >= 0.5
        strength = self._strength(small, self._to_small(x, y), lesion_id, adds, reach)
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

    def _strength(self, region: BoolArray, at: tuple[int, int], lesion_id: int, adds: bool, reach: float) -> FloatArray:
        """(h, w) float32, above 0 where the click changes pixels."""
        outside = signed_distance(region)
        beyond = outside if adds else -outside
        click = _Click(lesion_id, adds, at, max(float(beyond[at]), 1.0))
        earlier = [c for c in self._clicks if c.lesion_id == lesion_id]
        self._clicks.append(click)
        if not adds and (part := self._smaller_part(region, outside, at)) is not None:
            return np.where(part, 1.0, -1.0).astype(np.float32)
        radius = float(np.sqrt(region.sum() / np.pi))
        if adds and outside[at] > max(self._tuning.far * max(region.shape), self._tuning.apart * radius):
            # A forgotten piece of a lesion is smaller than the lesion, and keeps clear of it.
            most = min(float(outside[at]), radius) if region.any() else _MOST_SHARE * max(region.shape)
            return self._new_piece(at, most, reach)
        return self._log_odds(beyond, click, max(radius, click.depth_px), earlier, reach)

    def _new_piece(self, at: tuple[int, int], most_px: float, reach: float) -> FloatArray:
        """How far within the clearest rim around a click each pixel is."""
        distance = self._way_from(at)
        return clearest_rim(distance, self._features, most_px) * math.exp(reach / 4) - distance

    def _way_from(self, at: tuple[int, int]) -> FloatArray:
        """(h, w) float32 length of the easiest way from a click, longer through tissue that looks different."""
        start = np.full(self._logit.shape, np.inf, np.float32)
        start[at] = 0
        return geodesic_distance(start, self._features, 1.0)

    def _log_odds(
        self, beyond: FloatArray, click: _Click, radius_px: float, earlier: Sequence[_Click], reach: float
    ) -> FloatArray:
        """That a pixel shares the click's error; `beyond` is the distance from the outline on the click's side."""
        t, side = self._tuning, 1.0 if click.adds else -1.0
        distance, logit = click.distance(beyond.shape), self._logit * side
        outside, at_click = beyond / click.depth_px, float(logit[click.at])
        depth = float(np.log(click.depth_px / radius_px))
        odds = reach + t.always + t.depth * depth + t.adds * side + t.sure_at_click * np.tanh(at_click / 2)
        odds = odds + (t.outside + t.depth_outside * depth) * outside + t.outside_size * beyond / radius_px
        way = np.maximum(distance, self._way_from(click.at) - _NOISE * distance)
        odds += t.near * np.exp(-0.5 * (way / (_NEAR * click.depth_px)) ** 2)
        odds += t.sure * np.tanh(logit / 2) + t.surer * np.tanh((logit - at_click) / 2)
        odds += self._of_earlier(click, distance, earlier)
        # The disc around the click that reaches the outline is what the person pointed at.
        odds = np.where(distance < _DISC * click.depth_px, 1.0, odds)
        return np.where(distance < 4 * click.depth_px + 1.5 * radius_px, odds, -1.0).astype(np.float32)

    def _of_earlier(self, click: _Click, distance: FloatArray, earlier: Sequence[_Click]) -> FloatArray:
        """What earlier clicks on the lesion add to the odds."""
        t = self._tuning
        same, opposite = np.zeros_like(distance), np.zeros_like(distance)
        nearer = np.full_like(distance, -1.0)
        for other in earlier:
            away = other.distance(distance.shape)
            near = np.exp(-away / other.depth_px)
            if other.adds == click.adds:
                np.maximum(same, near, out=same)
                continue
            np.maximum(opposite, near, out=opposite)
            np.maximum(nearer, (distance - away) / (distance + away + 1), out=nearer)
        return t.same * same + t.opposite * opposite + t.nearer_opposite * nearer

    def _smaller_part(self, region: BoolArray, outside: FloatArray, at: tuple[int, int]) -> BoolArray | None:
        """The part that a right click into its middle removes as a whole: never the largest one."""
        parts, _ = number_parts(region)
        if parts[at] <= 1:
            return None
        part = parts == parts[at]
        is_middle = -outside[at] >= self._tuning.whole * float((-outside)[part].max())
        return part if is_middle else None


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
