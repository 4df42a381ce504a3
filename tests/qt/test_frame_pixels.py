"""Frames in the size and layout of the screen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg_gui.qt.frame_pixels import fitted_size, frame_pixels
from medseg_gui.qt.images import screen_image

SIDE = st.integers(1, 5000)


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
def test_a_fitted_frame_touches_the_view_and_stays_in_it(frame: tuple[int, int], view: tuple[int, int]) -> None:
    fitted = fitted_size(frame, view)
    assert fitted[0] <= view[0]
    assert fitted[1] <= view[1]
    assert fitted[0] == view[0] or fitted[1] == view[1]


def test_every_pixel_keeps_its_colour() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    pixels = frame_pixels(rgb)
    np.testing.assert_array_equal(pixels[..., 2::-1], rgb)
    image = screen_image(pixels)
    shown = [[image.pixelColor(x, y).getRgb()[:3] for x in range(5)] for y in range(7)]
    np.testing.assert_array_equal(shown, rgb)


@pytest.mark.parametrize("view", [(100, 100), (40, 300), (7, 3)])
def test_scaling_keeps_what_is_seen(view: tuple[int, int]) -> None:
    """Left half dark, right half bright, whether enlarged or made far smaller."""
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[:, 40:] = (200, 100, 50)
    pixels = frame_pixels(rgb, view)
    np.testing.assert_array_equal(pixels[0, 0], (0, 0, 0, 255))
    np.testing.assert_array_equal(pixels[0, -1], (50, 100, 200, 255))
