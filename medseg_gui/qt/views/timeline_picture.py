"""The part of the timeline that stands still between two changes: names, lanes, threshold, ruler, loop."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from medseg_gui.overlay import Colour
from medseg_gui.project.records import ACCEPTED
from medseg_gui.qt import theme
from medseg_gui.qt.images import rgba_image
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.views.lanes import column_peaks, lane_picture, state_picture
from medseg_gui.qt.views.state_signs import STATE_COLOURS
from medseg_gui.qt.views.time_text import ruler_marks
from medseg_gui.types import CLASS_NAMES, UInt8Array

_LANE_PX = 32
_LOW_LANE_PX = 24  # where a third one has to find room
REVIEWED_PX = 18
_MARK_SPACING_PX = 96
LOOK_HERE = 0.5  # more than half of the relevance outside the mask is worth a look
_REVIEWED_NAME = "Reviewed"
_OUTSIDE_NAME = "Relevance outside"
_OUTSIDE_COLOUR = (214, 222, 230)  # no class has it in any palette


def lane_height(lanes: int) -> int:
    """Of each of so many."""
    return _LANE_PX if lanes <= len(CLASS_NAMES) else _LOW_LANE_PX


def ruler_height(font: QFont) -> int:
    """Room for one line of numbers."""
    return QFontMetrics(font).height() + 8


@cache
def label_width(font: QFont) -> int:
    """Room for the longest name of a lane."""
    names = (*map(_lane_name, CLASS_NAMES), _OUTSIDE_NAME, _REVIEWED_NAME)
    return max(QFontMetrics(font).horizontalAdvance(name) for name in names) + 44


def draw_still(
    widget: QWidget,
    rect: QRect,
    source: SourceInfo | None,
    analysis: AnalysisState,
    display: DisplayState,
    looked_for: set[int],
    outside: NDArray[np.float32] | None,
    grips: tuple[int, int] | None,
    reviewed: UInt8Array | None = None,
) -> QPixmap:
    """Draw it all.

    Args:
        widget: gives size, font and device pixel ratio.
        rect: where the lanes and the ruler are; the names stand left of it.
        source: None draws empty lanes.
        analysis, display: lanes, and how they are shown.
        looked_for: classes that weights are chosen for; the others' names are dim.
        outside: (frame_count,) relevance outside the mask, NaN where not explained; None draws no such lane.
        grips: pixel columns of the loop's ends.
        reviewed: (frame_count,) uint8 codes of states; None draws no such lane.
    """
    ratio = widget.devicePixelRatioF()
    pixmap = QPixmap(widget.size() * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(theme.PANEL))
    painter = QPainter(pixmap)
    painter.setFont(theme.tabular(widget.font()))
    if source is not None and source.frame_count > 1:
        _draw_ruler(painter, rect, source)
    height = lane_height(len(CLASS_NAMES) + (outside is not None))
    for row, class_id in enumerate(CLASS_NAMES):
        lane, colour = _lane_rect(widget, rect, row, height), display.colours[class_id]
        _draw_name(painter, lane, _lane_name(class_id), QColor(*colour), class_id in looked_for)
        _draw_lane(painter, lane, analysis.lanes.get(class_id), colour, display.threshold, ratio)
    if outside is not None:
        lane = _lane_rect(widget, rect, len(CLASS_NAMES), height)
        _draw_name(painter, lane, _OUTSIDE_NAME, QColor(*_OUTSIDE_COLOUR), True)
        _draw_lane(painter, lane, outside, _OUTSIDE_COLOUR, LOOK_HERE, ratio)
    if reviewed is not None:
        rows = len(CLASS_NAMES) + (outside is not None)
        lane = QRect(rect.left(), _lane_rect(widget, rect, rows, height).top(), rect.width(), REVIEWED_PX)
        _draw_name(painter, lane, _REVIEWED_NAME, QColor(STATE_COLOURS[ACCEPTED]), True)
        _draw_states(painter, lane, reviewed, ratio)
    if grips is not None:
        _draw_loop(painter, rect, grips)
    painter.end()
    return pixmap


def _lane_name(class_id: int) -> str:
    return f"{CLASS_NAMES[class_id].capitalize()} probability"


def _lane_rect(widget: QWidget, rect: QRect, row: int, height: int) -> QRect:
    return QRect(rect.left(), ruler_height(widget.font()) + row * (height + 4), rect.width(), height)


def _draw_ruler(painter: QPainter, rect: QRect, source: SourceInfo) -> None:
    height = ruler_height(painter.font())
    for index, text in ruler_marks(source, max(rect.width() // _MARK_SPACING_PX, 1)):
        x = rect.left() + int((index + 0.5) * rect.width() / source.frame_count)
        painter.setPen(QColor(theme.CONTROL_BORDER))
        painter.drawLine(x, height - 6, x, height - 2)
        painter.setPen(QColor(theme.QUIET_TEXT))
        if x + painter.fontMetrics().horizontalAdvance(text) + 4 <= rect.right():
            painter.drawText(QRect(x + 5, 0, 200, height), Qt.AlignmentFlag.AlignVCenter, text)


def _draw_name(painter: QPainter, lane: QRect, name: str, colour: QColor, looked_for: bool) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour if looked_for else QColor(theme.BORDER))
    painter.drawRoundedRect(QRectF(16, lane.center().y() - 5, 10, 10), 2, 2)
    painter.setPen(QColor(theme.TEXT if looked_for else theme.QUIET_TEXT))
    place = QRect(34, lane.top(), lane.left() - 34, lane.height())
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _draw_lane(
    painter: QPainter,
    lane: QRect,
    values: NDArray[np.float32] | None,
    colour: Colour,
    threshold: float,
    ratio: float,
) -> None:
    painter.fillRect(lane, QColor(theme.CANVAS))
    if values is None or not len(values):
        return
    peaks = column_peaks(values, max(round(lane.width() * ratio), 1))
    picture = lane_picture(peaks, round(lane.height() * ratio), colour, threshold)
    painter.drawImage(QRectF(lane), rgba_image(picture))
    y = lane.bottom() + 1 - round(threshold * lane.height())
    painter.setPen(QPen(QColor(255, 255, 255, 110), 1, Qt.PenStyle.DotLine))
    painter.drawLine(lane.left(), y, lane.right(), y)


def _draw_states(painter: QPainter, lane: QRect, codes: UInt8Array, ratio: float) -> None:
    """Each state with a height and a colour of its own; of several frames in one column, the one furthest on."""
    painter.fillRect(lane, QColor(theme.CANVAS))
    picture = state_picture(codes, max(round(lane.width() * ratio), 1), max(round(lane.height() * ratio), 1))
    painter.drawImage(QRectF(lane), rgba_image(picture))


def _draw_loop(painter: QPainter, rect: QRect, grips: tuple[int, int]) -> None:
    """What is outside is dimmed; the ends carry their letters."""
    first, last = grips
    height = ruler_height(painter.font())
    lanes = QRect(rect.left(), height, rect.width(), rect.height() - height)
    shade = QColor(theme.PANEL)
    shade.setAlpha(110)
    painter.fillRect(QRect(lanes.left(), lanes.top(), first - lanes.left(), lanes.height()), shade)
    painter.fillRect(QRect(last, lanes.top(), lanes.right() - last + 1, lanes.height()), shade)
    painter.fillRect(QRect(first, height - 3, last - first, 3), QColor(theme.ACCENT))
    for x, letter in zip(grips, "AB", strict=True):
        painter.fillRect(x - 1, height - 3, 2, rect.height() - height, QColor(theme.ACCENT))
        flag = QRect(x - 9, 2, 18, height - 4)
        painter.fillRect(flag, QColor(theme.ACCENT))
        painter.setPen(QColor(theme.ON_ACCENT))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, letter)
