"""Paints what both the picture on screen and a saved figure show of an explanation: the map and its colour bar."""

from __future__ import annotations

from functools import cache

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from medseg_gui.qt import theme
from medseg_gui.qt.images import frame_image
from medseg_gui.qt.relevance_words import fine_percent_text
from medseg_gui.relevance_picture import RelevancePicture, colour_ramp

BAR_PX = 14.0
_SPACE_PX = 8.0


def grey_image(picture: QImage) -> QImage:
    """The same picture without its colours."""
    return picture.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_RGB32)


def bar_unit(is_layer: bool = False) -> str:
    """What the numbers count: shares of what is explained, for each pixel of the map or place of a block."""
    return "each place" if is_layer else "each pixel"


def bar_words(picture: RelevancePicture) -> tuple[str, ...]:
    """Numbers along the colour bar from top to bottom, with what they speak for."""
    top = fine_percent_text(picture.scale)
    return (f"+{top} for", "0", f"−{top} against") if picture.is_signed else (top, "0")


def bar_width(painter: QPainter, picture: RelevancePicture) -> float:
    """Room that the bar takes with its numbers."""
    metrics = painter.fontMetrics()
    beside = max(metrics.horizontalAdvance(word) for word in bar_words(picture)) + BAR_PX + _SPACE_PX
    return max(beside, metrics.horizontalAdvance(bar_unit())) + 2 * _SPACE_PX


def paint_colour_bar(painter: QPainter, place: QRectF, picture: RelevancePicture, is_layer: bool = False) -> None:
    """A standing colour bar with numbers at its right and their unit below, on a dark ground that keeps them readable.

    Args:
        painter: its font is used.
        place: all of the room, `bar_width` wide.
        picture: whose colours.
        is_layer: whether it is of a block of the network, not of the pixels.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(place, 4, 4)
    half = painter.fontMetrics().height() / 2
    bar = QRectF(place.left() + _SPACE_PX, place.top() + half + 4, BAR_PX, place.height() - 4 * half - 12)
    painter.drawImage(bar, _bar_image(picture.is_signed))
    painter.setPen(QColor(theme.TEXT))
    words = bar_words(picture)
    for part, word in zip(np.linspace(0, 1, len(words)), words, strict=True):
        line = QRectF(bar.right() + _SPACE_PX, bar.top() + part * bar.height() - half, place.width(), 2 * half)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, word)
    below = QRectF(bar.left(), place.bottom() - 2 * half - 4, place.width(), 2 * half)
    painter.setPen(QColor(theme.QUIET_TEXT))
    painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, bar_unit(is_layer))
    painter.restore()


@cache
def _bar_image(signed: bool) -> QImage:
    """One pixel wide, the most on top."""
    return frame_image(np.ascontiguousarray(colour_ramp(signed)[::-1, None]))
