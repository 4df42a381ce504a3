"""Every button on screen does what its action does, and says so."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from medseg_gui.qt.actions import ACTIONS, keys_text
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.toolbar import ThresholdSlider
from medseg_gui.qt.views.weights_panel import WeightsBox
from tests.qt.views.scene import WEIGHTS
from tests.qt.window_scene import LEFT


def test_transport_buttons_step(playing_field: MainWindow, state: AppState) -> None:
    buttons = {
        b.defaultAction().objectName(): b
        for b in playing_field.transport.findChildren(QToolButton)
        if b.defaultAction()
    }
    for name, index in (("forward", 41), ("back", 40), ("next_lesion", 60), ("first", 0), ("last", 99)):
        QTest.mouseClick(buttons[name], LEFT)
        assert state.playback.index == index
    QTest.mouseClick(buttons["play"], LEFT)
    assert state.playback.is_playing


def test_play_button_shows_what_it_will_do(playing_field: MainWindow, state: AppState) -> None:
    play = playing_field.named_actions["play"]
    paused = play.icon().cacheKey()
    state.playback.play()
    assert play.text() == "&Pause"
    assert play.icon().cacheKey() != paused
    state.playback.pause()
    assert (play.text(), play.icon().cacheKey()) == ("&Play", paused)


def test_threshold_slider_acts_at_once_and_follows(window: MainWindow, state: AppState) -> None:
    threshold = window.findChild(ThresholdSlider)
    inner = threshold.slider
    QTest.mouseClick(inner, LEFT, pos=QPoint(inner.width() - 2, inner.height() // 2))
    assert state.display.threshold == 0.95
    state.display.set_threshold(0.3)
    assert inner.value() == 30
    assert threshold.number.text() == "0.30"


def test_weights_of_both_classes_are_chosen_in_the_tool_bar(window: MainWindow, state: AppState) -> None:
    state.session.set_weights(WEIGHTS)
    for box in window.findChildren(WeightsBox):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert sorted(state.session.chosen.values()) == ["instrument-small", "polyp-small"]


def test_speed_is_chosen_in_its_menu(playing_field: MainWindow, state: AppState) -> None:
    entries = {action.text(): action for action in playing_field.speeds.actions()}
    entries["2×"].trigger()
    assert state.playback.speed == 2.0
    state.playback.set_speed(0.5)
    assert [text for text, action in entries.items() if action.isChecked()] == ["0.5×"]


def test_checked_entries_follow_the_display(window: MainWindow, state: AppState) -> None:
    def checked() -> list[str]:
        return [n for n in ("mask", "outline", "probability") if window.named_actions[n].isChecked()]

    assert checked() == ["mask"]
    window.named_actions["probability"].trigger()
    assert state.display.show_probability
    state.display.set_mask_style("outline")
    assert checked() == ["mask", "outline", "probability"]
    state.display.set_mask_style("off")
    assert checked() == ["probability"]


@pytest.mark.parametrize("spec", [s for s in ACTIONS if s.keys], ids=lambda s: s.name)
def test_tooltip_names_the_key(window: MainWindow, spec: object) -> None:
    assert f"({keys_text(spec.keys)})" in window.named_actions[spec.name].toolTip()


def test_every_button_on_screen_has_a_tooltip(playing_field: MainWindow) -> None:
    own = (b for b in playing_field.findChildren(QToolButton) if b.isVisible() and not b.objectName().startswith("qt_"))
    assert [b for b in own if not b.toolTip()] == []
