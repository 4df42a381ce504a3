"""How tissue moved between two frames, and masks carried along with it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import Labels
from medseg_gui.errors import ShapeError
from medseg_gui.types import BoolArray, FloatArray, UInt8Array

_SIDE_PX = 480  # motion is smooth: more pixels cost time and find nothing new


@dataclass(frozen=True, eq=False)
class Flow:
    """Where each pixel of a frame came from in another one.

    Attributes:
        source_xy: (H, W, 2) float32, column and row in the other frame, in pixels.
        error_px: (H, W) float32, by how much going there and back misses the start; large where tissue was
            hidden, blurred or washed away.
        grey, carried_grey: (h, w) uint8, this frame and the other one carried to it, at the size at which motion
            was looked for.
    """

    source_xy: NDArray[np.float32]
    error_px: FloatArray
    grey: UInt8Array
    carried_grey: UInt8Array

    def carry(self, labels: Labels) -> Labels:
        """Labels of the other frame as they lie in this one; 0 for what came from outside.

        Args:
            labels: (H, W) uint16 of the other frame.
        """
        moved = cv2.remap(labels, *_maps(self.source_xy), interpolation=cv2.INTER_NEAREST, borderValue=0)
        return moved.astype(np.uint16, copy=False)

    def error_within(self, region: BoolArray) -> float:
        """Median error in pixels over a region; infinite when it is empty."""
        return float(np.median(self.error_px[region])) if region.any() else float("inf")

    def carry_values(self, values: FloatArray) -> FloatArray:
        """As `carry`, for (H, W) float32 values; beyond the edge the nearest one counts."""
        moved = cv2.remap(
            values, *_maps(self.source_xy), interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return moved.astype(np.float32, copy=False)

    def likeness_within(self, region: BoolArray) -> float:
        """How alike the tissue of a region and its surroundings looks after the motion, in [0, 1].

        Going there and back again agrees also where both ways are wrong alike; how it looks then tells.

        Source: zero-normalised cross-correlation (Lewis 1995).
        """
        size = self.grey.shape[1], self.grey.shape[0]
        small = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        around = cv2.dilate(small, np.ones((9, 9), np.uint8)) > 0
        if not around.any():
            return 0.0
        here, there = (picture[around].astype(np.float64) for picture in (self.grey, self.carried_grey))
        here, there = here - here.mean(), there - there.mean()
        return max(float((here * there).sum() / (np.linalg.norm(here) * np.linalg.norm(there) + 1e-9)), 0.0)


def motion(to_rgb: UInt8Array, from_rgb: UInt8Array) -> Flow:
    """Dense flow that tells for each pixel of one frame where it was in another.

    Args:
        to_rgb: (H, W, 3) uint8 RGB, the frame to carry to.
        from_rgb: (H, W, 3) uint8 RGB, the frame to carry from.

    Raises:
        ShapeError: the frames differ in size.

    Source: Kroeger et al. 2016 (DIS); forward-backward check as in Sundaram, Brox & Keutzer 2010.
    """
    if to_rgb.shape != from_rgb.shape:
        raise ShapeError(f"Frames of {from_rgb.shape[:2]} and {to_rgb.shape[:2]} pixels share no motion.")
    height, width = to_rgb.shape[:2]
    size = _flow_size(width, height)
    to_grey, from_grey = (_grey(rgb, size) for rgb in (to_rgb, from_rgb))
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    still = np.zeros((*to_grey.shape, 2), np.float32)
    back, forth = (
        finder.calc(a, b, still.copy()).astype(np.float32, copy=False)
        for a, b in ((to_grey, from_grey), (from_grey, to_grey))
    )
    from_there = _maps(_absolute(back))
    returned = cv2.remap(forth, *from_there, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    scale = np.array([width / size[0], height / size[1]], np.float32)
    error = np.linalg.norm((back + returned) * scale, axis=2)
    flow = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    error = cv2.resize(error, (width, height), interpolation=cv2.INTER_LINEAR)
    carried = cv2.remap(from_grey, *from_there, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    return Flow(_absolute(flow), error, to_grey, carried)


def _flow_size(width: int, height: int) -> tuple[int, int]:
    scale = min(_SIDE_PX / max(width, height), 1.0)
    # DIS needs some pixels to hold its coarsest patches.
    return max(round(width * scale), 32), max(round(height * scale), 32)


def _grey(rgb: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    # Light falls off towards the rim and jumps between frames; equalised in tiles, tissue looks the same.
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return cv2.createCLAHE(2.0, (8, 8)).apply(grey).astype(np.uint8, copy=False)


def _absolute(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = np.indices(flow.shape[:2], dtype=np.float32)
    return flow + np.stack([columns, rows], axis=2)


def _maps(source_xy: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.ascontiguousarray(source_xy[..., 0]), np.ascontiguousarray(source_xy[..., 1])
