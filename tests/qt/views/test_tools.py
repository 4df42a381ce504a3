"""Every tool as a person holds it: where they press, drag and let go, and what becomes of the mask."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medseg_gui.editing import TOOLS
from medseg_gui.editing.livewire import Livewire
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction_requests import WireRequest
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.types import INSTRUMENT, POLYP, Frame
from tests.qt.views.scene import FRAME_SIZE, SOURCE_ID, Editing

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
SCALE = 4
MIDDLE = (80, 45)  # of the frame; the predicted polyp reaches from (40, 22) to (120, 67)


@pytest.fixture
def view(qtbot: QtBot, opened: AppState, editing: Editing) -> VideoView:
    """Four times as large as the frame: a bright disc at the upper left on dark tissue, a polyp in the middle."""
    view = VideoView(opened.playback, opened.analysis, opened.display, opened.explanation, opened.correction)
    qtbot.addWidget(view)
    view.resize(640, 360)
    view.show()
    qtbot.waitExposed(view)
    rgb = np.full((*FRAME_SIZE, 3), 60, np.uint8)
    rows, columns = np.ogrid[: FRAME_SIZE[0], : FRAME_SIZE[1]]
    rgb[(rows - 15) ** 2 + (columns - 20) ** 2 <= 100] = 200
    opened.playback.set_frame(Frame(2, 1.0, SOURCE_ID, rgb))
    opened.correction.wire_wanted.connect(lambda request: answer_wire(opened, request))
    return view


def answer_wire(state: AppState, request: WireRequest) -> None:
    """What the worker does."""
    wire = Livewire(request.frame.rgb)
    wire.anchor(*request.anchor)
    state.correction.wired.emit(request, [(float(x), float(y)) for x, y in wire.path_to(*request.to)])


def at(x: float, y: float) -> QPoint:
    return QPoint(round(x * SCALE), round(y * SCALE))


def click(view: VideoView, x: float, y: float, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NONE) -> None:
    QTest.mouseClick(view, button, keys, at(x, y))


def drag(view: VideoView, *points: tuple[float, float], button: Qt.MouseButton = LEFT, release: bool = True) -> None:
    QTest.mousePress(view, button, NONE, at(*points[0]))
    for point in points[1:]:
        QTest.mouseMove(view, at(*point))
    if release:
        QTest.mouseRelease(view, button, NONE, at(*points[-1]))


def lesion(state: AppState, x: float, y: float) -> int:
    return state.correction.lesions.at(x, y) if state.correction.lesions is not None else -1


def titles(editing: Editing) -> list[str]:
    return [edit.title for edit in editing.edits]


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool.gesture != "command"])
def test_every_tool_can_be_held_and_put_away(view: VideoView, opened: AppState, name: str) -> None:
    opened.correction.set_tool(name)
    assert view.hand.tool is not None
    QTest.mouseMove(view, at(*MIDDLE))
    view.grab()
    assert view.hand.cancel()
    assert opened.correction.tool == ""
    assert view.hand.tool is None


def test_polygon_by_clicks_closed_by_enter(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.begin_new(INSTRUMENT)
    opened.correction.set_tool("polygon")
    for x, y in ((130, 10), (150, 10), (150, 30), (130, 30)):
        click(view, x, y)
    assert editing.edits == []
    assert view.hand.finish()
    assert titles(editing) == ["polygon"]
    assert lesion(opened, 140, 20) == opened.correction.chosen == 2
    assert opened.correction.classes[2] == INSTRUMENT


@pytest.mark.parametrize("close", ["first vertex", "double click"])
def test_polygon_is_closed_with_the_mouse_too(view: VideoView, opened: AppState, editing: Editing, close: str) -> None:
    opened.correction.set_tool("polygon")
    for x, y in ((130, 10), (150, 10), (150, 30)):
        click(view, x, y)
    if close == "first vertex":
        click(view, 130, 10)
    else:
        click(view, 130, 30)
        QTest.mouseDClick(view, LEFT, NONE, at(130, 30))
    assert titles(editing) == ["polygon"]
    assert lesion(opened, 145, 14)


def test_lasso_is_a_drag_with_the_polygon(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("polygon")
    angles = np.linspace(0, 2 * np.pi, 24)
    drag(view, *[(140 + 10 * np.cos(a), 20 + 10 * np.sin(a)) for a in angles])
    view.hand.finish()
    assert lesion(opened, 140, 20)
    assert lesion(opened, 148, 20)
    assert not lesion(opened, 148, 28)


def test_vertices_are_dragged_added_and_taken_back(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("polygon")
    for x, y in ((130, 10), (150, 10), (150, 30), (135, 35)):
        click(view, x, y)
    assert view.hand.delete()
    drag(view, (150, 30), (140, 40))
    drag(view, (140, 10), (140, 2))
    view.hand.finish()
    assert lesion(opened, 140, 36)
    assert lesion(opened, 140, 5)
    assert not lesion(opened, 149, 28)


def test_escape_gives_the_polygon_up_before_the_tool(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("polygon")
    for x, y in ((130, 10), (150, 10), (150, 30)):
        click(view, x, y)
    assert view.hand.cancel()
    assert opened.correction.tool == "polygon"
    assert not view.hand.finish()
    assert view.hand.cancel()
    assert opened.correction.tool == ""
    assert editing.edits == []


def test_outline_of_a_lesion_is_mended(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("polygon")
    QTest.mouseDClick(view, LEFT, NONE, at(*MIDDLE))
    drag(view, (119.5, 45), (140, 45))
    view.hand.finish()
    assert titles(editing) == ["mend outline"]
    assert lesion(opened, 135, 45) == 1
    assert lesion(opened, *MIDDLE) == 1


def test_polygon_begun_on_another_frame_is_given_up(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("polygon")
    for x, y in ((130, 10), (150, 10), (150, 30)):
        click(view, x, y)
    opened.playback.seek(9)
    assert not view.hand.finish()
    assert editing.edits == []


def test_livewire_clings_to_the_edge(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.begin_new(POLYP)
    opened.correction.set_tool("livewire")
    for angle in (0, 90, 180, 270):
        x, y = 20 + 10 * np.cos(np.radians(angle)), 15 + 10 * np.sin(np.radians(angle))
        QTest.mouseMove(view, at(x, y))
        click(view, x, y)
    assert view.hand.finish()
    assert opened.correction.picture is not None
    assert opened.correction.picture.areas_px[2] == pytest.approx(np.pi * 100, rel=0.2)


def test_livewire_takes_back_one_click_at_a_time(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("livewire")
    for x, y in ((30, 15), (20, 25)):
        click(view, x, y)
    assert view.hand.delete()
    assert view.hand.delete()
    assert not view.hand.delete()
    assert not view.hand.finish()


def test_wand_shows_what_it_takes_and_takes_more_to_the_right(
    view: VideoView, opened: AppState, editing: Editing
) -> None:
    opened.correction.begin_new(POLYP)
    opened.correction.set_tool("wand")
    drag(view, (20, 15), (21, 15), release=False)
    assert opened.correction.preview is not None
    small = np.count_nonzero(opened.correction.preview.labels == 2)
    QTest.mouseMove(view, at(140, 15))
    assert np.count_nonzero(opened.correction.preview.labels == 2) > 1.2 * small
    assert editing.edits == []
    QTest.mouseMove(view, at(21, 15))
    QTest.mouseRelease(view, LEFT, NONE, at(21, 15))
    assert titles(editing) == ["wand"]
    assert lesion(opened, 20, 15) == 2
    assert not lesion(opened, 35, 15)


def test_grabcut_finds_what_a_box_is_drawn_around(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.begin_new(POLYP)
    opened.correction.set_tool("grabcut_box")
    drag(view, (5, 1), (15, 15), (36, 31))
    assert titles(editing) == ["GrabCut from a box"]
    assert opened.correction.picture is not None
    assert opened.correction.picture.areas_px[2] == pytest.approx(np.pi * 100, rel=0.3)


def test_grabcut_scribbles_are_looked_at_before_they_are_kept(
    view: VideoView, opened: AppState, editing: Editing
) -> None:
    opened.correction.begin_new(POLYP)
    opened.correction.set_tool("grabcut_scribble")
    drag(view, (16, 15), (24, 15))
    drag(view, (3, 30), (36, 30), button=RIGHT)
    assert opened.correction.preview is not None
    assert editing.edits == []
    assert view.hand.finish()
    assert titles(editing) == ["GrabCut from scribbles"]
    assert lesion(opened, 20, 20) == 2
    assert not lesion(opened, 20, 30)


def test_smart_click_adds_with_the_left_and_removes_with_the_right(
    view: VideoView, opened: AppState, editing: Editing
) -> None:
    opened.correction.set_tool("smart_click")
    click(view, 124, 45)
    assert titles(editing) == ["smart click"]
    assert lesion(opened, 123, 45) == 1
    click(view, 45, 45, RIGHT)
    assert lesion(opened, 45, 45) == 0
    click(view, 80, 64, LEFT, ALT)
    assert lesion(opened, 80, 64) == 0


def test_smart_click_takes_more_to_the_right_and_only_the_last_word_counts(
    view: VideoView, opened: AppState, editing: Editing
) -> None:
    opened.correction.set_tool("smart_click")
    click(view, 124, 45)
    plain = opened.correction.lesions
    opened.correction.undo()
    drag(view, (124, 45), (100, 45), (150, 45), release=False)
    assert opened.correction.preview is not None
    assert titles(editing) == ["smart click"]
    QTest.mouseRelease(view, LEFT, NONE, at(150, 45))
    pulled = opened.correction.lesions
    assert plain is not None
    assert pulled is not None
    assert titles(editing) == ["smart click", "smart click"]
    assert not (plain.region(1) & ~pulled.region(1)).any()
    assert pulled.region(1).sum() > plain.region(1).sum()


def test_esc_while_pulling_takes_nothing(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("smart_click")
    drag(view, (124, 45), (150, 45), release=False)
    assert view.hand.cancel()
    QTest.mouseRelease(view, LEFT, NONE, at(150, 45))
    assert editing.edits == []
    assert opened.correction.preview is None


def test_cut_makes_two_lesions(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("split_along")
    drag(view, (80, 10), (80, 45), (80, 80))
    assert titles(editing) == ["cut"]
    assert lesion(opened, 60, 45) != lesion(opened, 100, 45)
    assert {lesion(opened, 60, 45), lesion(opened, 100, 45)} == {1, 2}


def test_part_is_moved(view: VideoView, opened: AppState, editing: Editing) -> None:
    opened.correction.set_tool("move_part")
    drag(view, MIDDLE, (90, 55), (110, 45), release=False)
    assert opened.correction.preview is not None
    assert editing.edits == []
    QTest.mouseRelease(view, LEFT, NONE, at(110, 45))
    assert titles(editing) == ["move part"]
    assert lesion(opened, 145, 45) == 1
    assert lesion(opened, 50, 45) == 0


def test_hole_is_filled_and_part_deleted_by_a_click(view: VideoView, opened: AppState, editing: Editing) -> None:
    correction = opened.correction
    correction.set_brush_px(5)
    correction.begin_stroke(*MIDDLE, 1.0, erases=True)
    correction.end_stroke()
    assert not lesion(opened, *MIDDLE)
    correction.set_tool("fill_hole")
    click(view, *MIDDLE)
    assert lesion(opened, *MIDDLE) == 1
    correction.set_tool("delete_part")
    click(view, *MIDDLE)
    assert lesion(opened, *MIDDLE) == 0
    assert titles(editing) == ["eraser", "fill hole", "delete part"]


def test_click_without_a_tool_chooses_and_right_click_offers_what_can_be_done(
    view: VideoView, opened: AppState
) -> None:
    offered: list[QPoint] = []
    view.hand.menu_wanted.connect(offered.append)
    opened.correction.begin_new(INSTRUMENT)
    click(view, *MIDDLE)
    assert opened.correction.chosen == 1
    opened.correction.begin_new(INSTRUMENT)
    place = at(*MIDDLE)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view.mapToGlobal(place))
    QApplication.sendEvent(view, event)
    assert opened.correction.chosen == 1
    assert offered == [view.mapToGlobal(place)]
