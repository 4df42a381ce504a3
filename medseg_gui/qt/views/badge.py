"""Small signs on the picture: text on a dark ground that can be read over any tissue."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

_ACROSS_PX = 20
_ALONG_PX = 8
_GROUND = QColor(0, 0, 0, 190)


def badge_size(painter: QPainter, text: str, widest_px: float = 10_000) -> QRectF:
    """Room for a text of one or more lines, wrapped where it is too wide; at 0, 0."""
    room = QRectF(0, 0, widest_px - _ACROSS_PX, 10_000)
    words = painter.boundingRect(room, int(Qt.TextFlag.TextWordWrap), text)
    return QRectF(0, 0, words.width() + _ACROSS_PX, words.height() + _ALONG_PX)


def paint_badge(painter: QPainter, place: QRectF, text: str, colour: str) -> QPointF:
    """Paint it; gives the lower left corner, where the next one may follow."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_GROUND)
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor(colour))
    inner = place.adjusted(_ACROSS_PX / 2, 0, -_ACROSS_PX / 2, 0)
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextWordWrap), text)
    painter.restore()
    return place.bottomLeft()
