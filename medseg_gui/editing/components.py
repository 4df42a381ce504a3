"""Connected parts of a region, largest first."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.types import BoolArray


def number_parts(region: BoolArray, corners_join: bool = True) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the connected parts of a region from 1, largest first; equal ones from top to bottom.

    Args:
        region: (H, W) bool, may be empty (OpenCV crashes on arrays without pixels; this does not).
        corners_join: whether pixels that touch at a corner hang together (8 neighbours) or not (4).

    Returns:
        (H, W) int32 numbers, 0 outside, and the area in pixels of each number; that of 0 is what is not in the region.
    """
    if not region.any():
        return np.zeros(region.shape, np.int32), np.array([region.size])
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(
        region.astype(np.uint8), connectivity=8 if corners_join else 4
    )
    areas = statistics[:, cv2.CC_STAT_AREA].astype(np.int64)
    order = np.concatenate([[0], np.argsort(-areas[1:], kind="stable") + 1])
    numbers = np.empty(len(areas), np.int32)
    numbers[order] = np.arange(len(areas))
    return numbers[np.asarray(parts)], areas[order]
