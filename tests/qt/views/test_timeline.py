"""The timeline: scrubbing, the loop, what hovers, what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from medseg_gui.overlay import PALETTES
from medseg_gui.qt import theme
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.views.timeline import Timeline
from medseg_gui.types import INSTRUMENT, POLYP
from tests.qt.views.scene import make_source, open_clip

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def timeline(qtbot: QtBot, opened: AppState) -> Timeline:
    """Of a clip of 50 frames."""
    timeline = Timeline(opened.session, opened.playback, opened.analysis, opened.display, opened.explanation)
    qtbot.addWidget(timeline)
    timeline.resize(900, timeline.height())
    timeline.show()
    qtbot.waitExposed(timeline)
    return timeline


def at(timeline: Timeline, index: int) -> QPoint:
    """The middle of a frame."""
    return QPoint(timeline.x_of(index), timeline.height() // 2)


def drag(
    timeline: Timeline, first: int, last: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """From the middle of one frame to that of another."""
    QTest.mousePress(timeline, LEFT, modifiers, at(timeline, first))
    QTest.mouseMove(timeline, at(timeline, last))
    QTest.mouseRelease(timeline, LEFT, modifiers, at(timeline, last))


def picture(timeline: Timeline) -> QImage:
    """What is on screen."""
    return timeline.grab().toImage()


@pytest.mark.parametrize("index", [0, 1, 24, 49])
def test_click_jumps_to_the_frame_under_it(timeline: Timeline, opened: AppState, index: int) -> None:
    opened.playback.seek(10)
    QTest.mouseClick(timeline, LEFT, pos=at(timeline, index))
    assert opened.playback.index == index


def test_drag_scrubs_and_stays_within_the_source(timeline: Timeline, opened: AppState) -> None:
    wanted: list[int] = []
    opened.playback.frame_wanted.connect(wanted.append)
    QTest.mousePress(timeline, LEFT, pos=at(timeline, 10))
    for x in (at(timeline, 20).x(), at(timeline, 30).x(), 5000, -50):
        QTest.mouseMove(timeline, QPoint(x, 20))
    QTest.mouseRelease(timeline, LEFT, pos=QPoint(0, 20))
    assert wanted == [10, 20, 30, 49, 0]


def test_scrubbing_holds_playback_and_lets_it_go_on(timeline: Timeline, opened: AppState) -> None:
    opened.playback.play()
    QTest.mousePress(timeline, LEFT, pos=at(timeline, 10))
    assert not opened.playback.is_playing
    QTest.mouseRelease(timeline, LEFT, pos=at(timeline, 10))
    assert opened.playback.is_playing
    assert opened.playback.wanted_index == 10


def test_scrubbing_a_paused_clip_leaves_it_paused(timeline: Timeline, opened: AppState) -> None:
    drag(timeline, 5, 12)
    assert not opened.playback.is_playing


def test_right_button_does_not_scrub(timeline: Timeline, opened: AppState) -> None:
    QTest.mouseClick(timeline, Qt.MouseButton.RightButton, pos=at(timeline, 30))
    assert opened.playback.index == 0


@pytest.mark.parametrize(("first", "last"), [(10, 30), (30, 10)])
def test_shift_drag_marks_a_loop(timeline: Timeline, opened: AppState, first: int, last: int) -> None:
    drag(timeline, first, last, SHIFT)
    assert opened.playback.loop == (10, 30)
    assert opened.playback.index == 0


@pytest.mark.parametrize(("grip", "to", "loop"), [(10, 5, (5, 30)), (30, 40, (10, 40)), (10, 40, (30, 40))])
def test_ends_of_the_loop_are_dragged(
    timeline: Timeline, opened: AppState, grip: int, to: int, loop: tuple[int, int]
) -> None:
    opened.playback.set_loop((10, 30))
    drag(timeline, grip, to)
    assert opened.playback.loop == loop
    assert opened.playback.index == 0


def test_loop_survives_an_end_dragged_onto_the_other(timeline: Timeline, opened: AppState) -> None:
    opened.playback.set_loop((10, 30))
    drag(timeline, 10, 30)
    assert opened.playback.loop is not None


def test_hover_says_time_frame_and_probability(timeline: Timeline, opened: AppState) -> None:
    opened.analysis.note(20, {POLYP: 0.87, INSTRUMENT: 0.02})
    QTest.mouseMove(timeline, at(timeline, 20))
    assert timeline.hover_text() == "00:00.800 · frame 20 · polyp 0.87 · instrument 0.02"
    QTest.mouseMove(timeline, at(timeline, 21))
    assert timeline.hover_text() == "00:00.840 · frame 21 · not yet seen"
    QTest.mouseMove(timeline, QPoint(2, 2))
    assert timeline.hover_text() == ""


def test_hover_in_a_folder_says_which_image(timeline: Timeline, opened: AppState) -> None:
    open_clip(opened, kind="folder")
    QTest.mouseMove(timeline, at(timeline, 20))
    assert timeline.hover_text() == "image 21 · not yet seen"


def test_lane_is_filled_where_something_was_seen(timeline: Timeline, opened: AppState, qtbot: QtBot) -> None:
    y = timeline.height() - 16  # near the foot of the lowest lane, the instruments'

    def colour(index: int) -> QColor:
        return QColor(picture(timeline).pixel(timeline.x_of(index) + 3, y))

    before = colour(20)
    opened.analysis.note(20, {INSTRUMENT: 1.0})
    qtbot.waitUntil(lambda: colour(20) != before)
    red, green, _ = PALETTES["Cyan and yellow"][INSTRUMENT]
    assert colour(20).red() > 0.8 * red
    assert colour(20).green() > 0.8 * green
    assert colour(20).blue() < 60
    assert colour(30) == before


def test_many_changes_are_drawn_at_most_once_in_a_tenth_of_a_second(timeline: Timeline, opened: AppState) -> None:
    picture(timeline)
    drawn: list[int] = []
    draw = timeline._draw_still
    timeline._draw_still = lambda: drawn.append(1) or draw()  # type: ignore[method-assign,func-returns-value]
    for index in range(40):
        opened.analysis.note(index, {POLYP: 0.5})
        opened.playback.seek(index)
        timeline.repaint()
    assert not drawn
    timeline.on_redraw_due()
    timeline.repaint()
    assert len(drawn) == 1


def test_playhead_moves_with_the_frame(timeline: Timeline, opened: AppState) -> None:
    for index in (3, 33):
        opened.playback.seek(index)
        row = [picture(timeline).pixelColor(x, 8).name() for x in range(timeline.width())]
        assert row[timeline.x_of(index)] == theme.TEXT
        assert row.count(theme.TEXT) < 20


def test_index_and_column_agree_for_every_frame(timeline: Timeline) -> None:
    assert [timeline.index_at(timeline.x_of(i)) for i in range(50)] == list(range(50))


def test_a_long_recording_is_drawn(timeline: Timeline, opened: AppState) -> None:
    open_clip(opened, count=200_000)
    opened.analysis.lanes[POLYP][:] = np.linspace(0, 1, 200_000)
    timeline.on_redraw_due()
    QTest.mouseClick(timeline, LEFT, pos=at(timeline, 150_000))
    assert abs(opened.playback.index - 150_000) < 400  # a pixel is some 280 frames wide
    assert not picture(timeline).isNull()


def test_nothing_open_takes_no_clicks(qtbot: QtBot, state: AppState) -> None:
    timeline = Timeline(state.session, state.playback, state.analysis, state.display, state.explanation)
    qtbot.addWidget(timeline)
    wanted: list[int] = []
    state.playback.frame_wanted.connect(wanted.append)
    QTest.mouseClick(timeline, LEFT, pos=QPoint(200, 20))
    assert not wanted
    assert timeline.grab().width() > 0


def test_a_camera_has_no_timeline_to_click(timeline: Timeline, state: AppState) -> None:
    source = make_source(is_live=True)
    state.playback.reset(source.frame_times, is_live=True)
    state.session.set_source(source)
    wanted: list[int] = []
    state.playback.frame_wanted.connect(wanted.append)
    state.playback.pause()
    QTest.mouseClick(timeline, LEFT, pos=QPoint(400, 20))
    assert not wanted


def test_the_lanes_are_not_drawn_just_before_a_frame_is_due(
    timeline: Timeline, opened: AppState, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    before = picture(timeline)
    opened.analysis.note(20, {POLYP: 0.9})
    monkeypatch.setattr(PlaybackState, "next_due_in_s", 0.01)
    timeline.on_redraw_due()
    assert picture(timeline) == before
    monkeypatch.setattr(PlaybackState, "next_due_in_s", 0.03)
    qtbot.waitUntil(lambda: picture(timeline) != before)
