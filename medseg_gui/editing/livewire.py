"""Livewire: a line that clings to the edge between the points a person sets."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import NOWHERE, Box
from medseg_gui.errors import InputError
from medseg_gui.types import UInt8Array

_SIDE_PX = 640


class Livewire:
    """The wire of one frame. Setting an anchor searches all paths from it; showing a path then costs nothing.

    The search runs on the frame around the anchor, scaled so that no side is longer than 640 pixels.

    Args:
        rgb: (H, W, 3) uint8, RGB.
        reach_px: how far from its anchor a path may run, in pixels of the frame.

    Source: Mortensen & Barrett 1995, as in OpenCV's IntelligentScissorsMB.
    """

    def __init__(self, rgb: UInt8Array, reach_px: int = 640) -> None:
        self._rgb = rgb
        self._reach = max(reach_px, 1)
        self._box = NOWHERE
        self._scale = 1.0
        self._anchor = (0.0, 0.0)
        self._scissors = cv2.segmentation.IntelligentScissorsMB()
        self._scissors.setEdgeFeatureCannyParameters(16, 60)
        self._scissors.setGradientMagnitudeMaxLimit(200)

    def anchor(self, x: float, y: float) -> None:
        """Fix the start of the next path.

        Raises:
            InputError: the point is outside the frame.
        """
        height, width = self._rgb.shape[:2]
        if not (0 <= x < width and 0 <= y < height):
            raise InputError("This point is outside the frame; set it on the picture.")
        column, row, reach = int(x), int(y), self._reach
        self._box = Box(column - reach, row - reach, column + reach + 1, row + reach + 1).clipped((height, width))
        self._scale = min(_SIDE_PX / max(self._box.shape), 1.0)
        small_height, small_width = (max(round(side * self._scale), 1) for side in self._box.shape)
        crop = np.ascontiguousarray(self._rgb[self._box.slices])
        small = cv2.resize(crop, (small_width, small_height), interpolation=cv2.INTER_AREA)
        self._size = (small_width, small_height)
        self._scissors.applyImage(small)
        self._scissors.buildMap(self._to_small(x, y))
        self._anchor = (x, y)

    def path_to(self, x: float, y: float) -> NDArray[np.float64]:
        """The path from the anchor to a point, along edges; a point beyond the reach is drawn to its border.

        Returns:
            (N, 2) float64 x, y in pixels of the frame, from the anchor to the point.

        Raises:
            InputError: no anchor was set.
        """
        if self._box.is_empty:
            raise InputError("The line has no start yet; click on the edge first.")
        contour = self._scissors.getContour(self._to_small(x, y))
        points = (contour.reshape(-1, 2) + 0.5) / self._scale + (self._box.x0, self._box.y0)
        ax, ay = self._anchor
        if len(points) and np.hypot(*(points[0] - (ax, ay))) > np.hypot(*(points[-1] - (ax, ay))):
            points = points[::-1]
        return np.concatenate([[(ax, ay)], points[1:-1], [self._within(x, y)]])

    def _to_small(self, x: float, y: float) -> tuple[int, int]:
        small = ((x - self._box.x0) * self._scale, (y - self._box.y0) * self._scale)
        column, row = (int(min(max(v, 0), side - 1)) for v, side in zip(small, self._size, strict=True))
        return column, row

    def _within(self, x: float, y: float) -> tuple[float, float]:
        return min(max(x, self._box.x0), self._box.x1), min(max(y, self._box.y0), self._box.y1)
