"""What tests of explanations do as a person and as the pipeline."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QScrollArea, QWidget

from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.qt.workers.picture import ColourRequest, colour
from medseg_gui.types import ExplanationRequest, Relevance
from tests.qt.fakes import make_relevance
from tests.qt.views.scene import make_frame

LEFT = Qt.MouseButton.LeftButton


def answer(wish: ExplanationState, index: int = 0, request: ExplanationRequest | None = None) -> Relevance:
    """What the pipeline does with an explanation."""
    relevance = make_relevance(make_frame(index), request or wish.request(0.5))
    wish.set_relevance(relevance)
    wish.set_picture(
        colour(ColourRequest(relevance, wish.clip, wish.hidden_lesions, wish.shown_layer, wish.is_strip_shown))
    )
    return relevance


def click(widget: QWidget, pos: QPoint | None = None) -> None:
    """Scroll to it and click on it."""
    area = widget.parent()
    while not isinstance(area, QScrollArea):
        area = area.parent()
    QApplication.processEvents()  # let it be laid out first
    area.ensureWidgetVisible(widget)
    QTest.mouseClick(widget, LEFT, pos=pos or widget.rect().center())


def on_box(box: QCheckBox) -> QPoint:
    """Where a check box is clicked."""
    return QPoint(10, box.height() // 2)


def choose(box: QComboBox, data: object) -> None:
    """Walk to an entry with the keyboard, as a person does."""
    row = box.findData(data)
    key = Qt.Key.Key_Down if row > box.currentIndex() else Qt.Key.Key_Up
    for _ in range(abs(row - box.currentIndex())):
        QTest.keyClick(box, key)


def colour_at(view: VideoView, x: float, y: float) -> QColor:
    """Colour on screen of a place of the frame, both from 0 to 1."""
    target = view.zoom.target
    return (
        view.grab()
        .toImage()
        .pixelColor(round(target.left() + x * target.width()), round(target.top() + y * target.height()))
    )
