"""Small fields of colour that say which class or palette is meant."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from medseg_gui.overlay import Colour

_SIDE_PX = 14
_GAP_PX = 4
_RATIO = 2  # drawn at twice the size, so that it stays sharp on a dense screen


def swatch_size(count: int) -> QSize:
    """Room for so many fields."""
    return QSize(count * _SIDE_PX + (count - 1) * _GAP_PX, _SIDE_PX)


def swatch(colours: Sequence[Colour]) -> QPixmap:
    """One rounded field for each colour, side by side."""
    pixmap = QPixmap(swatch_size(len(colours)) * _RATIO)
    pixmap.setDevicePixelRatio(_RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for i, colour in enumerate(colours):
        painter.setBrush(QColor(*colour))
        painter.drawRoundedRect(QRectF(i * (_SIDE_PX + _GAP_PX), 0, _SIDE_PX, _SIDE_PX), 3, 3)
    painter.end()
    return pixmap


def swatch_icon(colours: Sequence[Colour]) -> QIcon:
    """The same for a list entry."""
    return QIcon(swatch(colours))
