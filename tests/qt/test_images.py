"""Arrays as Qt pictures: right colours, own memory."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

from medseg_gui.qt.images import frame_image, outline_path, rgba_image


def test_every_pixel_of_a_frame_keeps_its_colour() -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (7, 5, 3), np.uint8)  # 15 bytes a line: not what Qt would align to
    rgb.setflags(write=False)
    image = frame_image(rgb)
    shown = [[image.pixelColor(x, y).getRgb()[:3] for x in range(5)] for y in range(7)]
    assert np.array_equal(shown, rgb)


@pytest.mark.parametrize("view", [np.s_[::2, ::3], np.s_[::-1], np.s_[:, 2:9]])
def test_views_into_larger_arrays_come_out_right(view: object) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (12, 12, 3), np.uint8)[view]
    image = frame_image(rgb)
    assert image.pixelColor(1, 2).getRgb()[:3] == tuple(rgb[2, 1])


def test_picture_outlives_its_array() -> None:
    rgb = np.full((64, 64, 3), 77, np.uint8)
    image = frame_image(rgb)
    rgb[:] = 0
    del rgb
    assert image.pixelColor(63, 63).red() == 77
    assert image.format() == QImage.Format.Format_RGB32


def test_transparency_is_kept() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[0, 0] = (255, 128, 0, 255)
    rgba[1, 1] = (255, 255, 255, 128)
    image = rgba_image(rgba)
    assert image.pixelColor(0, 0).getRgb() == (255, 128, 0, 255)
    assert image.pixelColor(1, 1).alpha() == 128
    assert image.pixelColor(3, 3).alpha() == 0


def square(low: float, high: float) -> np.ndarray:
    """Corners, one after the other."""
    return np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)


def test_inner_contour_is_a_hole() -> None:
    path = outline_path([square(0, 10), square(4, 6), square(20, 30)])
    assert path.contains(QPointF(2, 2))
    assert not path.contains(QPointF(5, 5))
    assert path.contains(QPointF(25, 25))
    assert not path.contains(QPointF(15, 15))


def test_contours_are_closed() -> None:
    path = outline_path([square(0, 10)])
    last = path.elementAt(path.elementCount() - 1)
    assert (last.x, last.y) == (0, 0)
