"""A lane of the timeline as an array: thousands of frames on a few hundred pixels. No painting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medseg_gui.overlay import Colour
from medseg_gui.qt.views.state_signs import STATE_COLOURS, STATE_HEIGHTS, STATE_OF_CODE
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


def state_picture(codes: UInt8Array, columns: int, height: int) -> UInt8Array:
    """Bars whose height and colour tell the state of the frames under each pixel column.

    Of several frames under one column, the state that reaches highest is shown.

    Args:
        codes: (frame_count,) uint8 STATE_CODES, 0 where the project knows nothing.
        columns, height: pixels, at least 1.

    Returns:
        (height, columns, 4) uint8 RGBA.
    """
    shares = np.zeros(max(STATE_OF_CODE) + 1)
    colours = np.zeros((max(STATE_OF_CODE) + 1, 3), np.uint8)
    for code, state in STATE_OF_CODE.items():
        shares[code] = STATE_HEIGHTS[state]
        colours[code] = [int(STATE_COLOURS[state][i : i + 2], 16) for i in (1, 3, 5)]
    by_height = np.argsort(shares)
    ranks = np.argsort(by_height)[codes]
    starts = np.arange(columns) * len(codes) // columns
    shown = by_height[np.maximum.reduceat(ranks, starts)]
    tops = height - np.ceil(shares[shown] * height)
    picture = np.empty((height, columns, 4), np.uint8)
    picture[..., :3] = colours[shown]
    picture[..., 3] = np.where(np.arange(height)[:, None] >= tops, 235, 0)
    return picture
