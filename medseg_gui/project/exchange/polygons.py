"""Masks as polygons and back. A polygon runs through the middles of the border pixels, so filling it gives them back.

What a polygon cannot hold are holes; and two parts become two polygons.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from medseg_gui.errors import DataError
from medseg_gui.types import BoolArray

Polygon = list[tuple[float, float]]


def outline_polygons(mask: BoolArray) -> list[Polygon]:
    """Outer outline of each part, in (x, y) pixels; (0, 0) is the middle of the first pixel.

    Args:
        mask: (H, W) bool.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [[(float(x), float(y)) for x, y in contour[:, 0]] for contour in contours]


def fill_polygons(polygons: Sequence[Sequence[tuple[float, float]]], size: tuple[int, int]) -> BoolArray:
    """(H, W) bool, True inside or on any of the polygons.

    Args:
        polygons: each a list of (x, y) in pixels; corners outside the picture are cut off.
        size: (height, width) in pixels.

    Raises:
        DataError: a corner is no number.
    """
    canvas = np.zeros(size, np.uint8)
    for polygon in polygons:
        corners = np.asarray(polygon, np.float64).reshape(-1, 2)
        if not len(corners) or not np.isfinite(corners).all():
            raise DataError("A polygon has a corner that is no number; export it again.")
        # 32 767 is the largest coordinate that OpenCV fills rightly.
        cv2.fillPoly(canvas, [np.rint(corners).clip(-32767, 32767).astype(np.int32)], 1)
    return canvas.astype(bool)


def count_holes(mask: BoolArray) -> int:
    """Holes of a (H, W) bool mask: background that its parts enclose."""
    _, hierarchy = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return 0 if hierarchy is None else int((hierarchy[0, :, 3] >= 0).sum())
