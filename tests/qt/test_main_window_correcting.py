"""Correcting in the window: tools in hand, undo, copies, the lesion menu."""

from __future__ import annotations

import pytest

from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.menus import build_lesion_menu
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.lesion_commands import COMMANDS
from tests.qt.views.scene import Editing
from tests.qt.window_scene import press


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
