"""Brush and eraser as a person holds them: mouse, pen, wheel and keys over the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QInputDevice, QPainter, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction_requests import KeepRequest
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.qt.workers.edit import keep
from tests.qt.views.scene import GREY, Editing, answer, make_frame

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier
CORNER, INSIDE = QPoint(60, 60), QPoint(320, 180)
SCALE = 4


@pytest.fixture
def view(qtbot: QtBot, opened: AppState, editing: Editing) -> VideoView:
    """Four times as large as the frame, which shows a polyp in its middle."""
    view = VideoView(opened.playback, opened.analysis, opened.display, opened.explanation, opened.correction)
    qtbot.addWidget(view)
    view.resize(640, 360)
    view.show()
    qtbot.waitExposed(view)
    opened.playback.set_frame(make_frame(0))
    opened.correction.set_brush_px(5)
    return view


def stroke(view: VideoView, start: QPoint, end: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Press, drag, let go."""
    QTest.mousePress(view, LEFT, modifiers, start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, LEFT, modifiers, end)


def lesion_at(state: AppState, point: QPoint) -> int:
    assert state.correction.lesions is not None
    return state.correction.lesions.at(point.x() / SCALE, point.y() / SCALE)


def pixels(view: VideoView) -> np.ndarray:
    """(H, W, 3) of what is on screen."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def is_tinted(picture: np.ndarray, point: QPoint) -> bool:
    r, _, b = picture[point.y(), point.x()].astype(int)
    return b - r > 20


def test_without_a_tool_the_mouse_paints_nothing(view: VideoView, opened: AppState, editing: Editing) -> None:
    stroke(view, CORNER, INSIDE)
    assert editing.edits == []


def test_brush_paints_along_the_mouse(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("brush")
    stroke(view, CORNER, QPoint(200, 60))
    assert [e.title for e in editing.edits] == ["brush"]
    for x in (60, 120, 200):
        assert lesion_at(opened, QPoint(x, 60))
    assert not lesion_at(opened, QPoint(60, 60 + 6 * SCALE))


@pytest.mark.parametrize(("tool", "modifiers"), [("eraser", NONE), ("brush", ALT)])
def test_eraser_and_alt_take_away(
    view: VideoView, opened: AppState, editing: Editing, tool: str, modifiers: Qt.KeyboardModifier
) -> None:
    opened.correction.set_tool(tool)
    stroke(view, INSIDE, INSIDE + QPoint(20, 0), modifiers)
    assert not lesion_at(opened, INSIDE)
    assert lesion_at(opened, INSIDE - QPoint(60, 0))


def test_what_is_painted_shows_before_the_button_is_up(view: VideoView, opened: AppState) -> None:
    opened.correction.set_tool("brush")
    assert not is_tinted(pixels(view), CORNER + QPoint(4, 4))
    QTest.mousePress(view, LEFT, NONE, CORNER)
    QTest.mouseMove(view, CORNER + QPoint(40, 0))
    assert is_tinted(pixels(view), CORNER + QPoint(4, 4))
    assert opened.correction.lesions is None
    QTest.mouseRelease(view, LEFT, NONE, CORNER)
    assert is_tinted(pixels(view), CORNER + QPoint(4, 4))


def test_what_a_stroke_patches_looks_as_what_is_drawn_from_outlines(view: VideoView, opened: AppState) -> None:
    correction = opened.correction
    correction.set_tool("brush")
    opened.display.set_mask_opacity(1.0)
    held: list[KeepRequest] = []
    correction.keep_wanted.disconnect()
    correction.keep_wanted.connect(held.append)
    stroke(view, CORNER, QPoint(300, 120))
    QTest.mouseMove(view, QPoint(600, 340))
    patched = pixels(view)
    answer(correction, keep(held[0]))
    drawn = pixels(view)
    differing = (np.abs(patched.astype(int) - drawn).max(axis=2) > 40).mean()
    assert differing < 0.03


def test_corrected_rim_is_solid(view: VideoView, opened: AppState) -> None:
    opened.correction.accept()
    opened.display.set_mask_style("outline")
    band = pixels(view)[86:100, 200:440].astype(int)
    assert (band[..., 2] - band[..., 0] > 120).any(axis=0).all()
    opened.display.set_mask_style("off")
    assert (pixels(view) == GREY).all()


def test_undone_to_the_prediction_nothing_corrected_is_drawn(view: VideoView, opened: AppState) -> None:
    before = pixels(view)
    opened.correction.set_tool("brush")
    stroke(view, CORNER, INSIDE)
    opened.correction.set_tool("")
    opened.correction.undo()
    assert np.array_equal(pixels(view), before)


def test_ring_follows_the_mouse_and_tells_the_size(view: VideoView, opened: AppState) -> None:
    opened.correction.set_tool("brush")
    assert view.cursor().shape() == Qt.CursorShape.BlankCursor
    clear = pixels(view)
    QTest.mouseMove(view, CORNER)
    ring = np.argwhere((pixels(view) != clear).any(axis=2))
    assert np.ptp(ring, axis=0) == pytest.approx((2 * 5 * SCALE, 2 * 5 * SCALE), abs=6)
    opened.correction.set_tool("")
    assert view.cursor().shape() == Qt.CursorShape.ArrowCursor
    assert np.array_equal(pixels(view), clear)


@pytest.mark.parametrize("delta", [QPoint(0, 120), QPoint(120, 0)])
def test_wheel_with_shift_changes_the_size_and_not_the_zoom(view: VideoView, opened: AppState, delta: QPoint) -> None:
    opened.correction.set_tool("brush")
    target = view.zoom.target
    for modifiers, grown in ((Qt.KeyboardModifier.ShiftModifier, True), (NONE, False)):
        before = opened.correction.brush_px
        place = QPointF(CORNER)
        event = QWheelEvent(
            place, view.mapToGlobal(place), QPoint(), delta, Qt.MouseButton.NoButton, modifiers,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view, event)
        assert (opened.correction.brush_px > before) is grown
        if grown:
            assert view.zoom.target == target


def test_pen_paints_by_its_pressure(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("brush")
    opened.correction.set_brush_px(10)
    for kind, x, pressure in (("Press", 60, 0.2), ("Move", 100, 0.2), ("Move", 140, 0.2), ("Release", 140, 0.2)):
        send_pen(view, getattr(QEvent.Type, f"Tablet{kind}"), QPointF(x, 60), pressure)
    assert len(editing.edits) == 1
    assert lesion_at(opened, QPoint(100, 60))
    assert not lesion_at(opened, QPoint(100, 60 + 4 * SCALE))


def send_pen(view: VideoView, kind: QEvent.Type, place: QPointF, pressure: float) -> None:
    """As a tablet reports it."""
    device = QPointingDevice(
        "pen", 7, QInputDevice.DeviceType.Stylus, QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure, 1, 1,
    )  # fmt: skip
    is_move = kind == QEvent.Type.TabletMove
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletRelease else LEFT
    event = QTabletEvent(
        kind, device, place, view.mapToGlobal(place), pressure, 0, 0, 0.0, 0.0, 0, NONE,
        Qt.MouseButton.NoButton if is_move else LEFT, held,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_stroke_begun_before_the_prediction_is_there_is_not_lost(
    view: VideoView, opened: AppState, editing: Editing
) -> None:
    correction = opened.correction
    correction.set_frame(make_frame(5))
    assert correction.base is None
    correction.set_tool("brush")
    stroke(view, CORNER, QPoint(200, 60))
    assert editing.edits == []
    editing.propose()
    assert [e.title for e in editing.edits] == ["brush"]
    assert lesion_at(opened, QPoint(120, 60))
    assert lesion_at(opened, INSIDE)


def test_space_and_middle_button_still_pan(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("brush")
    offset = view.zoom.offset
    view.hold_space()
    stroke(view, CORNER, INSIDE)
    view.release_space()
    assert view.zoom.offset != offset
    assert editing.edits == []


def test_another_tool_gives_up_the_stroke(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("brush")
    QTest.mousePress(view, LEFT, NONE, CORNER)
    opened.correction.set_tool("eraser")
    QTest.mouseRelease(view, LEFT, NONE, CORNER)
    assert editing.edits == []
    assert opened.correction.stroke is None


def test_over_an_explanation_only_the_rim_is_drawn(view: VideoView, opened: AppState) -> None:
    opened.correction.accept()
    assert is_tinted(pixels(view), INSIDE)
    image = QImage(view.size(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    view.corrections.paint(painter, view.rect(), with_areas=False)
    painter.end()
    assert image.pixelColor(INSIDE).alpha() == 0
    assert any(image.pixelColor(INSIDE.x(), y).alpha() == 255 for y in range(80, 100))
