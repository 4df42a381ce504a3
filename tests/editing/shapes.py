"""Small label maps for the tests of this folder, and strategies that draw odd ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from medseg_gui.editing.lesions import Lesions
from medseg_gui.types import INSTRUMENT, POLYP

CLASSES = {1: POLYP, 2: INSTRUMENT, 3: POLYP}

regions = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))
labels = arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.integers(0, 3))


def lesions_of(array: np.ndarray) -> Lesions:
    """Lesions with the ids of an array, of the classes in CLASSES."""
    return Lesions(np.array(array, np.uint16), CLASSES)


def disc(shape: tuple[int, int], x: float, y: float, radius_px: float) -> np.ndarray:
    """(H, W) bool, pixels whose centre is within a radius."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    return np.hypot(columns - x, rows - y) <= radius_px
