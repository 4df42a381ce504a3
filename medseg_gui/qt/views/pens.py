"""Lines on the picture whose width does not grow with the zoom."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

RIM_PX = 2.0
SHADE_PX = 4.0
DASHES = [4.0, 2.5]


def zoomless_pen(colour: QColor, width_px: float) -> QPen:
    """A pen of a width in pixels of the screen."""
    pen = QPen(colour, width_px)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def shade_pen(width_px: float) -> QPen:
    """A dark line to lie under a bright one, so that it can be seen on highlights."""
    return zoomless_pen(QColor(0, 0, 0, 120), width_px)
