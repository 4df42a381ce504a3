"""Black out what lies outside the scope's field of view: burnt-in names, dates, menus and second pictures.

The field is the largest bright area of the frames taken together, without the thin bridges that lead to text and
without the flat green or blue panel of a position picture, and convex: dark folds at its rim belong to it. Where a
whole frame, a circle or a rectangle with cut corners describes it as well as its own outline, that shape is taken,
because it has straight and round rims where a dark fold left none. What is written inside the field stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from medseg_gui.errors import DataError, ShapeError
from medseg_gui.types import BoolArray, UInt8Array

_DARK = 24  # grey level; the black around the field carries noise and compression up to here
_WORK_SIDE = 480  # pixels of the longer side at which the field is looked for
_LEAST_SHARE = 0.1  # of the frame; a smaller bright area is no field of view
_FULL_SHARE = 0.97
# A panel is greener or bluer than red by this, varies by no more over 5 pixels, and has this share of the frame.
_PANEL_HUE = 30
_PANEL_SPREAD = 12
_PANEL_SHARE = 0.01
_FITS = 0.97  # overlap (IoU) from which a plain shape stands for the outline
_EIGHT = np.deg2rad(np.arange(8) * 45.0)


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """Where a scope's picture is in its frames.

    Attributes:
        shape: "full", "circle", "octagon" (a rectangle with up to four cut corners) or "outline".
        mask: (H, W) bool, True inside; read-only.
    """

    shape: str
    mask: BoolArray

    def __post_init__(self) -> None:
        self.mask.setflags(write=False)


def find_field_of_view(frames: Sequence[UInt8Array]) -> FieldOfView:
    """Find the field of view that frames of one source share.

    Args:
        frames: one or more, better ten from all over the source; (H, W, 3) uint8 RGB of one size.

    Returns:
        the field; "full" where no border is found, so look at the result before passing it on.

    Raises:
        DataError: there is no frame.
        ShapeError: they differ in size.
    """
    if not frames:
        raise DataError("No frame is there to find the field of view in.")
    if len({f.shape for f in frames}) > 1:
        raise ShapeError("The frames differ in size; find the field of view of each size by itself.")
    height, width = frames[0].shape[:2]
    levels = _highest_levels(frames)
    hull = _bright_hull((levels.max(axis=2) > _DARK) & ~_panels(levels))
    if hull is None:
        return FieldOfView("full", np.ones((height, width), bool))
    scale = max(height, width) / _WORK_SIDE if max(height, width) > _WORK_SIDE else 1.0
    kind, corners = _plain_shape(hull, _work_size(height, width))
    return FieldOfView(kind, _fill((corners + 0.5) * scale - 0.5, (height, width)))


def black_out(rgb: UInt8Array, field: FieldOfView, margin_px: int = 0) -> UInt8Array:
    """A copy of a frame that is black outside the field of view.

    Args:
        rgb: (H, W, 3) uint8.
        field: of that size.
        margin_px: so much more is blacked out at the field's rim; negative, so much less.

    Raises:
        ShapeError: the two differ in size.
    """
    if rgb.shape[:2] != field.mask.shape:
        raise ShapeError("The field of view is of frames of another size; find it again.")
    return np.where(with_margin(field, margin_px).mask[..., None], rgb, np.uint8(0))


def with_margin(field: FieldOfView, margin_px: int) -> FieldOfView:
    """A field of view that is smaller by a margin, or larger if it is negative; in pixels.

    Where the field touches the frame's edge nothing is to hide, and it keeps touching it.
    """
    if not margin_px:
        return field
    size = 2 * abs(margin_px) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.erode if margin_px > 0 else cv2.dilate
    return FieldOfView(field.shape, change(field.mask.astype(np.uint8), kernel).astype(bool))


def _work_size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, _WORK_SIDE / max(height, width))
    return max(round(height * scale), 1), max(round(width * scale), 1)


def _highest_levels(frames: Sequence[UInt8Array]) -> UInt8Array:
    """(h, w, 3) highest level of each colour in any frame, scaled down."""
    rows, columns = _work_size(*frames[0].shape[:2])
    small = [cv2.resize(f, (columns, rows), interpolation=cv2.INTER_AREA) for f in frames]
    return np.asarray(np.max(small, axis=0), np.uint8)


def _panels(levels: UInt8Array) -> BoolArray:
    """Rectangles of one flat green or blue, as position pictures are; dyed tissue is as blue, but not flat."""
    red, green, blue = (levels[..., i].astype(np.int16) for i in range(3))
    spread = cv2.dilate(levels, np.ones((5, 5))) - cv2.erode(levels, np.ones((5, 5)))
    flat = (np.maximum(green, blue) > red + _PANEL_HUE) & (spread.max(axis=2) <= _PANEL_SPREAD)
    count, _, stats, _ = cv2.connectedComponentsWithStats(flat.astype(np.uint8))
    panels = np.zeros(flat.shape, bool)
    for x, y, width, height, area in stats[1:count]:
        if area >= max(_PANEL_SHARE * flat.size, width * height / 2):
            panels[max(y - 3, 0) : y + height + 3, max(x - 3, 0) : x + width + 3] = True
    return panels


def _bright_hull(is_bright: BoolArray) -> np.ndarray | None:
    """Corners (N, 2) of the convex hull of the largest bright area, None when none is large enough."""
    bright = cv2.copyMakeBorder(is_bright.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    side = max(is_bright.shape) // 40 * 2 + 1  # wider than letters, and than what joins them to the field
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel)[1:-1, 1:-1]
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(opened)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    if stats[largest, cv2.CC_STAT_AREA] < _LEAST_SHARE * is_bright.size:
        return None
    points = cv2.findNonZero((numbers == largest).astype(np.uint8))
    return cv2.convexHull(points)[:, 0].astype(np.float64)


def _plain_shape(hull: np.ndarray, size: tuple[int, int]) -> tuple[str, np.ndarray]:
    """The plainest shape that describes the hull: (name, corners)."""
    outline = _fill(hull, size)
    if outline.mean() >= _FULL_SHARE:
        return "full", np.array([[-1, -1], [size[1], -1], [size[1], size[0]], [-1, size[0]]], np.float64)
    candidates = {"octagon": _octagon(hull), "circle": _circle(hull)}
    fit = {name: _iou(_fill(corners, size), outline) for name, corners in candidates.items()}
    best = max(fit, key=lambda name: fit[name])
    return (best, candidates[best]) if fit[best] >= _FITS else ("outline", hull)


def _octagon(hull: np.ndarray) -> np.ndarray:
    """Corners of the smallest octagon with sides at multiples of 45 degrees around the hull."""
    normals = np.stack([np.cos(_EIGHT), np.sin(_EIGHT)], axis=1)
    reach = (hull @ normals.T).max(axis=0)
    pairs = [(i, (i + 1) % 8) for i in range(8)]
    return np.array([np.linalg.solve(normals[[i, j]], reach[[i, j]]) for i, j in pairs])


def _circle(hull: np.ndarray) -> np.ndarray:
    """Points of the smallest circle around the hull; the frame's edge may cut it."""
    (x, y), radius = cv2.minEnclosingCircle(hull.astype(np.float32))
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def _fill(corners: np.ndarray, size: tuple[int, int]) -> BoolArray:
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [np.rint(corners).astype(np.int32)], 1)
    return canvas.astype(bool)


def _iou(a: BoolArray, b: BoolArray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))
