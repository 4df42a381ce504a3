"""Paints what both the picture on screen and a saved figure show of an explanation: the map and its colour bar."""

from __future__ import annotations

from functools import cache

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from medseg_gui.qt import theme
from medseg_gui.qt.images import frame_image
from medseg_gui.qt.relevance_words import scale_text
from medseg_gui.relevance_picture import RelevancePicture, colour_ramp

BAR_PX = 14.0
_SPACE_PX = 8.0


def grey_image(picture: QImage) -> QImage:
    """The same picture without its colours."""
    return picture.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_RGB32)


def bar_words(picture: RelevancePicture) -> tuple[str, ...]:
    """Numbers along the colour bar from top to bottom, with what they speak for."""
    top = scale_text(picture.scale, picture.is_signed)
    return (f"+{top} for", "0", f"−{top} against") if picture.is_signed else (top, "0")


def bar_width(painter: QPainter, picture: RelevancePicture) -> float:
    """Room that the bar takes with its numbers."""
    words = max(painter.fontMetrics().horizontalAdvance(word) for word in bar_words(picture))
    return BAR_PX + words + 3 * _SPACE_PX


def paint_colour_bar(painter: QPainter, place: QRectF, picture: RelevancePicture) -> None:
    """A standing colour bar with numbers at its right, on a dark ground that keeps them readable.

    Args:
        painter: its font is used.
        place: all of the room, `bar_width` wide.
        picture: whose colours.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(place, 4, 4)
    half = painter.fontMetrics().height() / 2
    bar = QRectF(place.left() + _SPACE_PX, place.top() + half + 4, BAR_PX, place.height() - 2 * half - 8)
    painter.drawImage(bar, _bar_image(picture.is_signed))
    painter.setPen(QColor(theme.TEXT))
    words = bar_words(picture)
    for part, word in zip(np.linspace(0, 1, len(words)), words, strict=True):
        line = QRectF(bar.right() + _SPACE_PX, bar.top() + part * bar.height() - half, place.width(), 2 * half)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, word)
    painter.restore()


@cache
def _bar_image(signed: bool) -> QImage:
    """One pixel wide, the most on top."""
    return frame_image(np.ascontiguousarray(colour_ramp(signed)[::-1, None]))
