"""Keys of the window, pressed wherever the focus is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from medseg_gui.qt.actions import ACTIONS
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.toolbar import ThresholdSlider
from tests.qt.views.scene import make_source
from tests.qt.window_scene import LEFT, press

SPACE = Qt.Key.Key_Space


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ("Left", 39),
        ("A", 39),
        ("Right", 41),
        ("D", 41),
        ("Shift+Left", 15),
        ("Shift+Right", 65),
        ("Ctrl+Left", 20),
        ("Ctrl+Right", 60),
        ("Home", 0),
        ("End", 99),
    ],
)
def test_keys_move_in_the_source(playing_field: MainWindow, state: AppState, keys: str, index: int) -> None:
    press(playing_field.picture, keys)
    assert state.playback.index == index


@pytest.mark.parametrize(
    ("keys", "look", "first", "second"),
    [
        ("M", lambda s: s.display.mask_style, "off", "filled"),
        ("O", lambda s: s.display.mask_style, "outline", "filled"),
        ("Space", lambda s: s.playback.is_playing, True, False),
        ("Ctrl+Up", lambda s: s.playback.speed, 1.5, 2.0),
        ("Ctrl+Down", lambda s: s.playback.speed, 0.5, 0.25),
        ("Shift+Home", lambda s: s.playback.loop, (40, 99), (40, 99)),
        ("Shift+End", lambda s: s.playback.loop, (0, 40), (0, 40)),
    ],
)
def test_keys_change_the_state(
    playing_field: MainWindow,
    state: AppState,
    keys: str,
    look: Callable[[AppState], object],
    first: object,
    second: object,
) -> None:
    press(playing_field.picture, keys)
    assert look(state) == first
    press(playing_field.picture, keys)
    assert look(state) == second


def test_loop_is_cleared_with_its_key(playing_field: MainWindow, state: AppState) -> None:
    assert not playing_field.named_actions["loop_clear"].isEnabled()
    state.playback.set_loop((10, 20))
    press(playing_field.picture, "Ctrl+L")
    assert state.playback.loop is None


@pytest.mark.parametrize("keys", ["F", "Ctrl+0"])
def test_keys_zoom_and_fit(playing_field: MainWindow, keys: str) -> None:
    zoom = playing_field.picture.zoom
    fitted = zoom.scale
    press(playing_field.picture, "Ctrl++")
    assert zoom.scale > fitted
    press(playing_field.picture, "Ctrl+-")
    press(playing_field.picture, "Ctrl+-")
    assert zoom.scale < fitted
    press(playing_field.picture, keys)
    assert zoom.scale == fitted
    assert zoom.is_fitted


def test_f11_fills_the_screen_and_escape_leaves_it(playing_field: MainWindow, qtbot: QtBot) -> None:
    press(playing_field.picture, "F11")
    qtbot.waitUntil(playing_field.isFullScreen)
    assert playing_field.named_actions["full_screen"].isChecked()
    press(playing_field.picture, "Esc")
    qtbot.waitUntil(lambda: not playing_field.isFullScreen())
    assert not playing_field.named_actions["full_screen"].isChecked()


def test_scan_is_asked_for_and_stopped_with_the_same_key(
    playing_field: MainWindow, state: AppState, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(state.analysis.scan_requested):
        press(playing_field.picture, "Ctrl+R")
    state.analysis.set_scanning(True)
    assert "Stop" in playing_field.named_actions["scan"].text()
    with qtbot.waitSignal(state.analysis.scan_stop_requested):
        press(playing_field.picture, "Ctrl+R")


def test_ctrl_q_closes(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "Ctrl+Q")
    qtbot.waitUntil(lambda: not window.isVisible())


def test_without_a_source_playback_keys_do_nothing(window: MainWindow, state: AppState) -> None:
    wanted: list[int] = []
    state.playback.frame_wanted.connect(wanted.append)
    for spec in ACTIONS:
        if spec.needs_source:
            for keys in spec.keys:
                press(window, keys)
    assert not wanted
    assert not state.playback.is_playing


def test_no_further_lesion_is_said_and_the_frame_stays(playing_field: MainWindow, state: AppState) -> None:
    state.playback.seek(90)
    press(playing_field.picture, "Ctrl+Right")
    assert state.playback.index == 90
    assert "No lesion is known after this frame" in playing_field.messages.sentence.text()


def test_camera_can_be_paused_but_not_stepped(window: MainWindow, state: AppState) -> None:
    source = make_source(is_live=True)
    state.playback.reset(source.frame_times, is_live=True)
    state.session.set_source(source)
    assert window.named_actions["play"].isEnabled()
    assert not window.named_actions["back"].isEnabled()
    assert not window.named_actions["scan"].isEnabled()
    assert not window.timeline.isVisible()


# Space: alone it plays, with a drag it pans


def test_space_works_wherever_the_focus_is(playing_field: MainWindow, state: AppState) -> None:
    QTest.keyClick(playing_field.timeline, SPACE)
    assert state.playback.is_playing


def test_space_and_drag_pan_without_playing(playing_field: MainWindow, state: AppState) -> None:
    picture = playing_field.picture
    before = picture.zoom.offset
    QTest.keyPress(picture, SPACE)
    QTest.mousePress(picture, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(picture, QPoint(130, 90))
    QTest.mouseRelease(picture, LEFT, pos=QPoint(130, 90))
    QTest.keyRelease(picture, SPACE)
    assert picture.zoom.offset - before == QPointF(30, -10)
    assert not state.playback.is_playing
    QTest.keyClick(picture, SPACE)
    assert state.playback.is_playing


def test_space_presses_a_button_that_was_gone_to_with_tab(playing_field: MainWindow, state: AppState) -> None:
    forward = next(
        b
        for b in playing_field.transport.findChildren(QToolButton)
        if b.defaultAction() is playing_field.named_actions["forward"]
    )
    forward.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(forward, SPACE)
    assert state.playback.index == 41
    assert not state.playback.is_playing


def test_space_let_go_in_another_window_is_let_go(playing_field: MainWindow, qtbot: QtBot) -> None:
    picture = playing_field.picture
    before = picture.zoom.offset
    QTest.keyPress(picture, SPACE)
    other = QWidget()
    qtbot.addWidget(other)
    with qtbot.waitActive(other):
        other.show()
        other.activateWindow()
    QTest.mousePress(picture, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(picture, QPoint(130, 90))
    QTest.mouseRelease(picture, LEFT, pos=QPoint(130, 90))
    assert picture.zoom.offset == before


def test_arrows_belong_to_a_slider_that_has_the_focus(playing_field: MainWindow, state: AppState) -> None:
    slider = playing_field.findChild(ThresholdSlider).slider
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert state.display.threshold == pytest.approx(0.51)
    assert state.playback.index == 40
    press(slider, "Esc")
    press(playing_field.focusWidget(), "Right")
    assert state.playback.index == 41
