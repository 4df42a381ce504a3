"""The window as a person uses it: keys, menus, drops, panels, and what it remembers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from medseg_gui.errors import SourceError
from medseg_gui.qt.actions import ACTIONS, keys_text
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.menus import build_lesion_menu
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.lesion_commands import COMMANDS
from medseg_gui.qt.toolbar import ThresholdSlider
from medseg_gui.qt.views.shortcuts import AboutDialog, ShortcutsDialog
from medseg_gui.qt.views.weights_panel import WeightsBox
from medseg_gui.settings import Settings
from medseg_gui.types import POLYP
from tests.qt.views.scene import WEIGHTS, Editing, make_source, new_state, open_clip

LEFT = Qt.MouseButton.LeftButton
SPACE = Qt.Key.Key_Space


@pytest.fixture
def window(qtbot: QtBot, state: AppState) -> MainWindow:
    """On screen and in front, nothing open."""
    window = MainWindow(state, Settings())
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window


@pytest.fixture
def playing_field(window: MainWindow, state: AppState) -> MainWindow:
    """A clip of 100 frames is open, paused on frame 40; frames 20, 60 and 80 begin a lesion."""
    open_clip(state, 100)
    for index in (20, 60, 80):
        state.analysis.note(index, {POLYP: 0.9})
    state.playback.seek(40)
    return window


def press(widget: QWidget, keys: str) -> None:
    """Press keys as they are written in the table."""
    stroke = QKeySequence(keys)[0]
    QTest.keyClick(widget, stroke.key(), stroke.keyboardModifiers())


def dialog(kind: type[QWidget]) -> QWidget:
    """The one that is on screen."""
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible())


# Keys


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


# Mouse: every button on screen does what its action does


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


# Opening


def test_first_page_welcomes_and_a_source_takes_its_place(window: MainWindow, state: AppState) -> None:
    assert window.welcome.isVisible()
    assert not window.player.isVisible()
    open_clip(state)
    assert window.picture.isVisible()
    assert window.player.isVisible()
    assert window.windowTitle() == "colon.mp4 – medseg"
    assert window.focusWidget() is window.picture


def test_failing_to_open_leaves_everything_as_it_is(playing_field: MainWindow, state: AppState) -> None:
    state.session.open("broken.mp4")
    assert playing_field.opening.isVisible()
    assert playing_field.picture.isVisible()
    state.session.fail(SourceError("broken.mp4 is empty; copy it again.", "0 bytes"))
    assert not playing_field.opening.isVisible()
    assert playing_field.picture.isVisible()
    assert playing_field.windowTitle() == "colon.mp4 – medseg"
    assert playing_field.messages.sentence.text() == "broken.mp4 is empty; copy it again."
    assert state.playback.index == 40


@pytest.mark.parametrize(("name", "mode"), [("open_video", "ExistingFile"), ("open_folder", "Directory")])
def test_picked_file_or_folder_is_opened(
    window: MainWindow, state: AppState, qtbot: QtBot, tmp_path: Path, name: str, mode: str
) -> None:
    QTest.mouseClick(window.welcome.buttons[name], LEFT)
    picker = dialog(QFileDialog)
    assert picker.fileMode().name == mode
    with qtbot.waitSignal(state.session.open_requested) as asked:
        picker.fileSelected.emit(str(tmp_path))
    assert asked.args == [str(tmp_path)]
    picker.reject()


def test_demo_and_camera_are_opened_by_name(window: MainWindow, state: AppState) -> None:
    asked: list[str] = []
    state.session.open_requested.connect(asked.append)
    QTest.mouseClick(window.welcome.buttons["open_demo"], LEFT)
    window.named_actions["open_camera"].trigger()
    assert asked == ["demo", "camera:0"]


def test_dropped_file_is_opened(window: MainWindow, state: AppState, tmp_path: Path) -> None:
    asked: list[str] = []
    state.session.open_requested.connect(asked.append)
    data = QMimeData()
    file = tmp_path / "Koloskopie ü.mp4"
    data.setUrls([QUrl("https://example.org/remote.mp4"), QUrl.fromLocalFile(str(file))])
    where = (QPoint(10, 10), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    enter, drop = QDragEnterEvent(*where), QDropEvent(*where)
    QApplication.sendEvent(window.welcome, enter)
    QApplication.sendEvent(window.welcome, drop)
    assert [Path(spec) for spec in asked] == [file]
    assert drop.isAccepted()


def test_dropped_text_is_left_alone(window: MainWindow) -> None:
    data = QMimeData()
    data.setText("colon.mp4")
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_recent_sources_stand_in_the_menu_and_on_the_page(
    window: MainWindow, state: AppState, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not window.recent_menu.isEnabled()
    state.session.set_recent((str(tmp_path / "a.mp4"), str(tmp_path)))
    assert [a.text() for a in window.recent_menu.actions()] == ["a.mp4", tmp_path.name]
    assert window.welcome.recent.topLevelItemCount() == 2
    with qtbot.waitSignal(state.session.open_requested) as asked:
        window.recent_menu.actions()[0].trigger()
    assert asked.args == [str(tmp_path / "a.mp4")]


# Panels, help, layout


def test_closed_panel_comes_back_through_the_view_menu(window: MainWindow) -> None:
    show = window.docks[0]
    close = next(b for b in show.titleBarWidget().findChildren(QToolButton))
    QTest.mouseClick(close, LEFT)
    assert not show.isVisible()
    assert not show.toggleViewAction().isChecked()
    show.toggleViewAction().trigger()
    assert show.isVisible()


def test_f1_opens_all_keys_and_searches_them(window: MainWindow) -> None:
    press(window, "F1")
    page = dialog(ShortcutsDialog)
    lines = [line for group in page._lines.values() for line in group]
    assert len(lines) >= len(ACTIONS)
    QTest.keyClicks(page.search, "explain one")
    shown = [line.text(0).strip() for line in lines if not line.isHidden()]
    assert shown == ["Explain one lesion…", "Explain one pixel…"]
    page.close()


def test_about_says_what_it_is_not(window: MainWindow) -> None:
    window.named_actions["about"].trigger()
    page = dialog(AboutDialog)
    assert "Not a medical device" in page.text.text()
    page.close()


def test_layout_is_remembered(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1120, 690)
    window.docks[1].close()
    stored = window.window_settings()
    assert all(text.isascii() for text in stored)
    again = MainWindow(new_state(), Settings(window=stored))
    qtbot.addWidget(again)
    again.show()
    assert again.size() == window.size()
    assert [dock.isHidden() for dock in again.docks] == [dock is again.docks[1] for dock in again.docks]


@pytest.mark.parametrize("stored", [(), ("x",), ("not base64 at all", "####")])
def test_unusable_layout_gives_the_usual_one(qtbot: QtBot, stored: tuple[str, ...]) -> None:
    window = MainWindow(new_state(), Settings(window=stored))
    qtbot.addWidget(window)
    window.show()
    assert window.width() >= window.minimumWidth()
    assert all(not dock.isHidden() for dock in window.docks)


# Correcting


@pytest.mark.parametrize(
    ("keys", "tool"),
    [("B", "brush"), ("E", "eraser"), ("P", "polygon"), ("Shift+P", "livewire"), ("W", "wand"), ("S", "smart_click")],
)
def test_keys_take_tools_and_escape_puts_them_away(
    playing_field: MainWindow, state: AppState, keys: str, tool: str
) -> None:
    press(playing_field.picture, keys)
    assert state.correction.tool == tool
    assert playing_field.named_actions[f"tool_{tool}"].isChecked()
    assert not playing_field.lesions_dock.visibleRegion().isEmpty()
    press(playing_field.picture, "Esc")
    assert state.correction.tool == ""
    assert not playing_field.named_actions[f"tool_{tool}"].isChecked()


def test_enter_accepts_the_prediction_and_the_menu_names_what_undo_takes_back(
    playing_field: MainWindow, state: AppState
) -> None:
    undo = playing_field.named_actions["undo"]
    assert not undo.isEnabled()
    editing = Editing(state)
    state.playback.seek(3)
    press(playing_field.picture, "B")
    press(playing_field.picture, "Return")
    assert not state.correction.is_corrected
    press(playing_field.picture, "Esc")
    press(playing_field.picture, "Return")
    assert state.correction.is_corrected
    assert undo.text().replace("&", "") == "Undo accept the prediction"
    press(playing_field.picture, "Ctrl+Z")
    assert not state.correction.is_corrected
    assert not undo.isEnabled()
    press(playing_field.picture, "Ctrl+Y")
    press(playing_field.picture, "Ctrl+Z")
    press(playing_field.picture, "Ctrl+Shift+Z")
    assert state.correction.is_corrected
    assert [edit.key.index for edit in editing.edits] == [3]


def test_brackets_change_the_brush(playing_field: MainWindow, state: AppState) -> None:
    before = state.correction.brush_px
    press(playing_field.picture, "]")
    assert state.correction.brush_px > before
    press(playing_field.picture, "[")
    assert state.correction.brush_px == pytest.approx(before)


def test_mask_is_copied_to_another_frame(playing_field: MainWindow, state: AppState) -> None:
    editing = Editing(state)
    state.playback.seek(3)
    press(playing_field.picture, "Ctrl+C")
    state.playback.seek(9)
    state.correction.set_start_from("empty")
    press(playing_field.picture, "Ctrl+V")
    assert [(edit.key.index, edit.title) for edit in editing.edits] == [(9, "paste")]
    assert editing.edits[0].lesions
    state.playback.seek(12)
    press(playing_field.picture, "Ctrl+Shift+V")
    assert editing.edits[-1].lesions == editing.edits[0].lesions


@pytest.mark.parametrize("tool", sorted(COMMANDS))
def test_what_is_done_at_once_needs_a_chosen_lesion(playing_field: MainWindow, state: AppState, tool: str) -> None:
    refused: list[str] = []
    state.correction.refused.connect(refused.append)
    playing_field.named_actions[f"tool_{tool}"].trigger()
    assert len(refused) == 1


def test_what_is_done_at_once_is_one_step_each(playing_field: MainWindow, state: AppState) -> None:
    editing = Editing(state)
    state.playback.seek(3)
    for tool in ("grow", "shrink", "change_class", "delete_lesion"):
        playing_field.named_actions[f"tool_{tool}"].trigger()
    assert [edit.title for edit in editing.edits] == ["grow", "shrink", "change class", "delete lesion"]
    assert editing.edits[-1].lesions == ()


def test_right_click_offers_what_can_be_done_with_a_lesion(window: MainWindow) -> None:
    menu = build_lesion_menu(window.named_actions, window)
    names = {action.objectName() for action in menu.actions()}
    assert {"accept", "tool_delete_lesion", "tool_change_class", "tool_merge"} <= names
