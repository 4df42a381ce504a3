"""Brush and eraser: a stroke grows point by point, each point costs only the pixels around it.

A stroke is a chain of capsules (two discs and what lies between them, the radius following the pen's pressure)
along a smooth curve through the midpoints of what the pointer reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import NOWHERE, Box, Change, Labels, change_of
from medseg_gui.editing.lesions import NO_LESION, Lesions, with_class
from medseg_gui.types import BoolArray, UInt8Array

_LEAST_PRESSURE = 0.1  # a pen that hardly touches still leaves a line
_MOST_STEPS = 12


@dataclass(frozen=True)
class Dab:
    """A disc of the brush: centre in pixels (0.5, 0.5 is the middle of the first pixel) and radius in pixels."""

    x: float
    y: float
    radius_px: float


class Stroke:
    """One stroke of brush or eraser on the lesions of a frame.

    Args:
        lesions: what is painted on; not changed.
        lesion_id: whose the pixels become; 0 is the eraser.
        radius_px: of the brush at full pressure, at least 0.5.
        class_id: class of a lesion that is new.
        over: lesion ids that may be painted over (0 the background); None for all.
    """

    def __init__(
        self,
        lesions: Lesions,
        lesion_id: int,
        radius_px: float,
        class_id: int | None = None,
        over: tuple[int, ...] | None = None,
    ) -> None:
        self._before = lesions
        self._labels = lesions.labels.copy()
        self._id, self._over, self._radius = lesion_id, over, max(radius_px, 0.5)
        self._classes = with_class(lesions.classes, lesion_id, class_id)
        self._box = NOWHERE
        self._last: Dab | None = None
        self._middle: Dab | None = None

    def add(self, x: float, y: float, pressure: float = 1.0) -> Box:
        """Draw on to a point, half a step behind the pointer (the curve needs to know where it turns).

        Args:
            x, y: in pixels of the frame, may lie outside.
            pressure: of the pen in [0, 1]; 1 for a mouse.

        Returns:
            The box that may have changed, for a repaint; `NOWHERE` when it is outside the frame.
        """
        dab = Dab(x, y, self._radius * min(max(pressure, _LEAST_PRESSURE), 1.0))
        if self._last is None or self._middle is None:
            self._last = self._middle = dab
            return self._draw(dab, dab)
        middle = _between(self._last, dab, 0.5)
        changed = self._draw_curve(self._middle, self._last, middle)
        self._last, self._middle = dab, middle
        return changed

    @property
    def labels(self) -> Labels:
        """(H, W) uint16 lesion ids as they look now; goes on changing while the stroke is drawn."""
        return self._labels

    def tile(self, box: Box) -> UInt8Array:
        """(h, w) uint8 class ids of a box as it looks now, for a repaint."""
        return Lesions(self._labels[box.slices].copy(), self._classes).to_mask()

    def finish(self) -> Change:
        """Draw the last half step; what the whole stroke changed."""
        if self._last is not None and self._middle is not None:
            self._draw(self._middle, self._last)
        before, after = self._before.labels[self._box.slices], self._labels[self._box.slices]
        return change_of(before, after, self._box, self._before.classes, self._classes)

    def _draw_curve(self, start: Dab, turn: Dab, end: Dab) -> Box:
        """Quadratic Bézier curve as a chain of capsules."""
        steps = _steps_of(start, turn, end)
        changed, here = NOWHERE, start
        for i in range(1, steps + 1):
            t = i / steps
            there = _between(_between(start, turn, t), _between(turn, end, t), t)
            changed = changed.union(self._draw(here, there))
            here = there
        return changed

    def _draw(self, a: Dab, b: Dab) -> Box:
        box, region = capsule(a, b, self._before.shape)
        if box.is_empty:
            return box
        tile = self._labels[box.slices]
        if self._over is not None:
            region &= np.isin(tile, self._over)
        np.copyto(tile, np.uint16(self._id), where=region)
        self._box = self._box.union(box)
        return box


def paint_stroke(
    lesions: Lesions, points: NDArray[np.floating], lesion_id: int, radius_px: float, class_id: int | None = None
) -> Change:
    """A whole stroke at once.

    Args:
        lesions: what is painted on.
        points: (N, 2) x, y or (N, 3) x, y, pressure.
        lesion_id, radius_px, class_id: as `Stroke`.
    """
    stroke = Stroke(lesions, lesion_id, radius_px, class_id)
    for point in points:
        stroke.add(*(float(v) for v in point))
    return stroke.finish()


def erase_stroke(lesions: Lesions, points: NDArray[np.floating], radius_px: float) -> Change:
    """A whole stroke of the eraser; arguments as `paint_stroke`."""
    return paint_stroke(lesions, points, NO_LESION, radius_px)


def line_region(lines: Sequence[Sequence[tuple[float, float]]], radius_px: float, shape: tuple[int, int]) -> BoolArray:
    """(H, W) bool, all that lies near some lines.

    Args:
        lines: each x, y in pixels.
        radius_px: how near.
        shape: (height, width) of the frame.
    """
    region = np.zeros(shape, np.bool_)
    for line in lines:
        dabs = [Dab(x, y, radius_px) for x, y in line]
        for a, b in pairwise([dabs[0], *dabs]):
            box, part = capsule(a, b, shape)
            region[box.slices] |= part
    return region


def capsule(a: Dab, b: Dab, shape: tuple[int, int]) -> tuple[Box, BoolArray]:
    """All pixels whose centre lies in the convex hull of two discs.

    The hull is convex, so each row of it is one span: the widest of both discs and of the quadrilateral between
    their common tangents. That costs two comparisons a pixel, whatever the radius.

    Args:
        a, b: the discs.
        shape: (height, width) of the frame; what lies outside is cut off.

    Returns:
        The box around it, and its pixels as (h, w) bool; `NOWHERE` and an empty array when it is outside.
    """
    x0, x1 = min(a.x - a.radius_px, b.x - b.radius_px), max(a.x + a.radius_px, b.x + b.radius_px)
    y0, y1 = min(a.y - a.radius_px, b.y - b.radius_px), max(a.y + a.radius_px, b.y + b.radius_px)
    box = Box(math.floor(x0), math.floor(y0), math.ceil(x1) + 1, math.ceil(y1) + 1).clipped(shape)
    rows = np.arange(box.y0, box.y1, dtype=np.float64) + 0.5
    spans = [_disc_spans(a, rows), _disc_spans(b, rows), *_tangent_spans(a, b, rows)]
    left = np.minimum.reduce([s[0] for s in spans])[:, None]
    right = np.maximum.reduce([s[1] for s in spans])[:, None]
    columns = np.arange(box.x0, box.x1) + 0.5
    return box, (columns >= left) & (columns <= right)


def _disc_spans(dab: Dab, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    square = dab.radius_px**2 - (rows - dab.y) ** 2
    half = np.where(square >= 0, np.sqrt(np.maximum(square, 0)), -np.inf)
    return dab.x - half, dab.x + half


def _tangent_spans(a: Dab, b: Dab, rows: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Span of each row in the quadrilateral of the four tangent points; none when one disc holds the other."""
    dx, dy = b.x - a.x, b.y - a.y
    distance = math.hypot(dx, dy)
    if distance <= abs(a.radius_px - b.radius_px) or distance == 0:
        return []
    along = (a.radius_px - b.radius_px) / distance  # cosine between the axis and the normal of the tangent
    across = math.sqrt(1 - along**2)
    ux, uy = dx / distance, dy / distance
    corners = []
    for dab, sign in ((a, 1), (b, 1), (b, -1), (a, -1)):
        nx, ny = along * ux - sign * across * uy, along * uy + sign * across * ux
        corners.append((dab.x + dab.radius_px * nx, dab.y + dab.radius_px * ny))
    left, right = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    for (px, py), (qx, qy) in zip(corners, corners[1:] + corners[:1], strict=True):
        crossed = (rows >= min(py, qy)) & (rows <= max(py, qy)) & (py != qy)
        x = px + (rows - py) * ((qx - px) / (qy - py) if py != qy else 0.0)
        left, right = np.where(crossed, np.minimum(left, x), left), np.where(crossed, np.maximum(right, x), right)
    return [(left, right)]


def _between(a: Dab, b: Dab, t: float) -> Dab:
    return Dab(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.radius_px + (b.radius_px - a.radius_px) * t)


def _steps_of(start: Dab, turn: Dab, end: Dab) -> int:
    """So many chords stay within a quarter of a pixel of the curve: a chord's error falls with their square."""
    middle = _between(start, end, 0.5)
    bend = math.hypot(turn.x - middle.x, turn.y - middle.y) + abs(turn.radius_px - middle.radius_px)
    return min(max(math.ceil(math.sqrt(2 * bend)), 1), _MOST_STEPS)
