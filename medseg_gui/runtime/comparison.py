"""Do two ways of running a network see the same? Tried on one picture before anybody trusts the faster one."""

from __future__ import annotations

import cv2
import numpy as np

from medseg_gui.types import FloatArray, UInt8Array


def mean_difference(a: FloatArray, b: FloatArray) -> float:
    """Mean absolute difference of two probabilities, NaN when one of them is no number somewhere."""
    return float(np.abs(a - b).mean())


def sample_picture(side: int) -> UInt8Array:
    """(side, side, 3) uint8: smooth blobs of every brightness, always the same."""
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
