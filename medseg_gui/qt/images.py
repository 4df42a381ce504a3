"""The one place where a numpy array becomes something that Qt can paint."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainterPath, QPolygonF

from medseg_gui.types import UInt8Array


def frame_image(rgb: UInt8Array) -> QImage:
    """Picture of a frame in the layout that Qt paints fastest; it owns its pixels.

    Args:
        rgb: (H, W, 3) uint8, RGB; may be read-only.
    """
    return _wrap(rgb, QImage.Format.Format_RGB888).convertToFormat(QImage.Format.Format_RGB32)


def screen_image(pixels: UInt8Array) -> QImage:
    """Picture over pixels from `frame_pixels`, without a copy: whoever shows it must hold the array.

    Args:
        pixels: (H, W, 4) uint8: blue, green, red, 255.
    """
    return _wrap(pixels, QImage.Format.Format_RGB32)


def rgba_image(rgba: UInt8Array) -> QImage:
    """Picture with transparency in the layout that Qt paints fastest; it owns its pixels.

    Args:
        rgba: (H, W, 4) uint8, RGBA, not premultiplied; may be read-only.
    """
    return _wrap(rgba, QImage.Format.Format_RGBA8888).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def outline_path(contours: Iterable[NDArray[np.float32]]) -> QPainterPath:
    """Closed contours as one path; the odd-even rule keeps holes open.

    Args:
        contours: each (N, 2) float32 x, y.
    """
    path = QPainterPath()  # fills odd-even as it comes
    for contour in contours:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in contour.tolist()]))
        path.closeSubpath()
    return path


def clear_image(width: int, height: int) -> QImage:
    """A transparent picture that can be painted on and written to (`pixels_of`)."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    return image


def pixels_of(image: QImage) -> NDArray[np.uint32]:
    """(H, W) uint32 of a 32-bit picture, 0xAARRGGBB; writing to it changes the picture."""
    return np.frombuffer(image.bits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)[:, : image.width()]


def _wrap(pixels: UInt8Array, layout: QImage.Format) -> QImage:
    """A QImage over the array's own memory: valid only as long as the array."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], layout)
