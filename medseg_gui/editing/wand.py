"""The wand: all tissue of nearly the clicked colour that hangs together."""

from __future__ import annotations

import cv2
import numpy as np

from medseg_gui.editing.change import NOWHERE, Box, Change
from medseg_gui.editing.lesions import NO_LESION, Lesions
from medseg_gui.errors import ShapeError
from medseg_gui.types import BoolArray, UInt8Array

_SMOOTH_SHARE = 0.004  # of the frame's longer side: sensor noise and compression go, borders stay


def wand_region(rgb: UInt8Array, x: float, y: float, tolerance: float, radius_px: float) -> tuple[Box, BoolArray]:
    """Flood from a point over colours that differ little from the point's own.

    Args:
        rgb: (H, W, 3) uint8, RGB.
        x, y: the point in pixels.
        tolerance: greatest difference in each of L, a and b (CIELAB, lightness 0 to 100), 0 or more.
        radius_px: nothing further away than this is taken.

    Returns:
        The box that was looked at, and its taken pixels as (h, w) bool; `NOWHERE` for a point outside the frame.

    Source: CIE 1976 L*a*b*, in which equal steps look about equally different.
    """
    shape = rgb.shape[:2]
    column, row = int(np.floor(x)), int(np.floor(y))
    reach = int(np.ceil(radius_px))
    box = Box(column - reach, row - reach, column + reach + 1, row + reach + 1).clipped(shape)
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        return NOWHERE, np.zeros((0, 0), np.bool_)
    lab = _smooth_lab(np.ascontiguousarray(rgb[box.slices]), max(shape))
    seed = (column - box.x0, row - box.y0)
    taken = np.zeros((box.shape[0] + 2, box.shape[1] + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    cv2.floodFill(lab, taken, seed, 0, (tolerance,) * 3, (tolerance,) * 3, flags)
    rows, columns = np.ogrid[: box.shape[0], : box.shape[1]]
    near = (rows - seed[1]) ** 2 + (columns - seed[0]) ** 2 <= radius_px**2
    return box, (taken[1:-1, 1:-1] > 0) & near


def wand(
    lesions: Lesions,
    rgb: UInt8Array,
    x: float,
    y: float,
    tolerance: float,
    radius_px: float,
    lesion_id: int,
    class_id: int | None = None,
) -> Change:
    """Give what the wand finds to a lesion; 0 erases. Other lesions are spared when it adds.

    Raises:
        ShapeError: the picture has not the lesions' size.
    """
    if rgb.shape[:2] != lesions.shape:
        raise ShapeError(f"The frame is {rgb.shape[:2]} pixels and its lesions {lesions.shape}; they must be equal.")
    box, region = wand_region(rgb, x, y, tolerance, radius_px)
    over = None if lesion_id == NO_LESION else (NO_LESION, lesion_id)
    return lesions.paint(region, box, lesion_id, class_id, over)


def _smooth_lab(rgb: UInt8Array, longer_side: int) -> np.ndarray:
    sigma = max(_SMOOTH_SHARE * longer_side, 0.5)
    smooth = cv2.GaussianBlur(rgb, (0, 0), sigma)
    return cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
