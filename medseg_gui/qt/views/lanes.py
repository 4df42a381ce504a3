"""A lane of the timeline as an array: thousands of frames on a few hundred pixels. No painting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medseg_gui.overlay import Colour
from medseg_gui.types import UInt8Array

_BELOW_ALPHA = 95
_ABOVE_ALPHA = 235
_SEEN_ALPHA = 60


def column_peaks(lane: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Highest value of the frames under each pixel column.

    A peak of one frame stays visible however long the source is.

    Args:
        lane: (frame_count,) float32 in [0, 1], NaN where not seen.
        columns: pixels, at least 1.

    Returns:
        (columns,) float32, NaN where none of the frames was seen.
    """
    if not len(lane):
        return np.full(columns, np.nan, np.float32)
    starts = np.arange(columns) * len(lane) // columns
    return np.fmax.reduceat(lane, starts)


def lane_picture(peaks: NDArray[np.float32], height: int, colour: Colour, threshold: float) -> UInt8Array:
    """Filled step curve: strong where the threshold is passed, faint elsewhere, clear where nothing was seen.

    Args:
        peaks: (W,) float32 in [0, 1] or NaN.
        height: pixels.
        colour: RGB of the class.
        threshold: from which a column counts as showing something.

    Returns:
        (height, W, 4) uint8 RGBA.
    """
    seen = ~np.isnan(peaks)
    values = np.where(seen, peaks, 0)
    tops = height - np.round(values * height)
    alpha = np.where(values >= threshold, _ABOVE_ALPHA, _BELOW_ALPHA)
    rows = np.arange(height)[:, None]
    picture = np.empty((height, len(peaks), 4), np.uint8)
    picture[..., :3] = colour
    picture[..., 3] = np.where(rows >= tops, alpha, 0)
    picture[-1, :, 3] = np.maximum(picture[-1, :, 3], np.where(seen, _SEEN_ALPHA, 0))
    return picture
