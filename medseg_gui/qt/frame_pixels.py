"""A frame as the screen wants it: fitted to the view and in the layout of its pixels, made where it was decoded."""

from __future__ import annotations

import cv2
import numpy as np

from medseg_gui.types import UInt8Array

Size = tuple[int, int]  # width, height


def fitted_size(frame: Size, view: Size) -> Size:
    """The largest size with the frame's proportions that the view holds, at least one pixel each way."""
    scale = min(view[0] / frame[0], view[1] / frame[1])
    return max(round(frame[0] * scale), 1), max(round(frame[1] * scale), 1)


def shown_size(rgb: UInt8Array, view: Size | None) -> Size:
    """Size of a frame's pixels for a view; its own where there is none."""
    own = (rgb.shape[1], rgb.shape[0])
    return own if view is None else fitted_size(own, view)


def frame_pixels(rgb: UInt8Array, view: Size | None = None) -> UInt8Array:
    """Pixels of a frame in the layout that Qt paints without converting (QImage.Format_RGB32).

    Args:
        rgb: (H, W, 3) uint8, RGB.
        view: size to fit the frame into; None keeps its own size.

    Returns:
        (h, w, 4) uint8, read-only: blue, green, red, 255.
    """
    if view is not None:
        rgb = _scaled(rgb, shown_size(rgb, view))
    pixels = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA), np.uint8)
    pixels.setflags(write=False)
    return pixels


def _scaled(rgb: UInt8Array, size: Size) -> UInt8Array:
    """Far below half its size, the mean of neighbours keeps fine vessels from flickering."""
    is_far_smaller = 2 * size[0] < rgb.shape[1]
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if is_far_smaller else cv2.INTER_LINEAR))
