"""The panel of lesions: what it lists, what a click on it does, and the run that waits for a decision."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot

from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.propagation import CarriedFrame
from medseg_gui.qt.views.carry_controls import _BUTTONS, run_text
from medseg_gui.qt.views.lesions_panel import LesionsPanel
from medseg_gui.types import INSTRUMENT, POLYP
from tests.qt.views.scene import SOURCE_ID, Editing, make_frame

EYE, NAME, AREA, BIN = range(4)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: QtBot, opened: AppState, editing: Editing) -> LesionsPanel:
    """The first frame shows one predicted polyp."""
    actions = {name: QAction(name) for name in _BUTTONS}
    panel = LesionsPanel(opened.correction, opened.display, opened.propagation, actions)
    qtbot.addWidget(panel)
    panel.resize(300, 600)
    panel.show()
    opened.playback.set_frame(make_frame(0))
    return panel


def add_instrument(state: AppState) -> None:
    state.correction.begin_new(INSTRUMENT)
    state.correction.begin_stroke(140, 15, 1.0, erases=False)
    state.correction.end_stroke()


def row(panel: LesionsPanel, number: int) -> QTreeWidgetItem:
    item = panel.tree.topLevelItem(number)
    assert item is not None
    return item


def click(panel: LesionsPanel, number: int, column: int) -> None:
    index = panel.tree.indexFromItem(row(panel, number), column)
    QTest.mouseClick(panel.tree.viewport(), LEFT, pos=panel.tree.visualRect(index).center())


def test_prediction_is_listed_and_said_to_be_one(panel: LesionsPanel) -> None:
    assert panel.tree.topLevelItemCount() == 1
    assert row(panel, 0).text(NAME) == "Polyp 1"
    assert row(panel, 0).text(AREA) == "3\u202f676 px²"
    assert "predicted" in panel.status.text()


def test_corrected_lesions_are_listed_with_their_areas(panel: LesionsPanel, opened: AppState) -> None:
    add_instrument(opened)
    assert [row(panel, i).text(NAME) for i in range(2)] == ["Polyp 1", "Instrument 2"]
    assert "Corrected" in panel.status.text()
    assert panel.tree.currentItem() is row(panel, 1)


def test_row_chooses_what_strokes_go_into(panel: LesionsPanel, opened: AppState) -> None:
    add_instrument(opened)
    click(panel, 0, NAME)
    assert opened.correction.chosen == 1
    assert opened.correction.class_id == POLYP


def test_eye_hides_and_bin_deletes(panel: LesionsPanel, opened: AppState, editing: Editing) -> None:
    add_instrument(opened)
    click(panel, 0, EYE)
    assert opened.correction.hidden == {1}
    click(panel, 0, EYE)
    assert opened.correction.hidden == set()
    click(panel, 1, BIN)
    assert [row(panel, i).text(NAME) for i in range(panel.tree.topLevelItemCount())] == ["Polyp 1"]
    assert editing.edits[-1].title == "delete lesion"


def test_double_click_makes_it_the_other_class(panel: LesionsPanel, opened: AppState) -> None:
    index = panel.tree.indexFromItem(row(panel, 0), NAME)
    place = panel.tree.visualRect(index).center()
    QTest.mouseClick(panel.tree.viewport(), LEFT, pos=place)
    QTest.mouseDClick(panel.tree.viewport(), LEFT, pos=place)
    assert row(panel, 0).text(NAME) == "Instrument 1"


def test_delete_key_deletes_the_row(panel: LesionsPanel, opened: AppState) -> None:
    panel.tree.setFocus()
    QTest.keyClick(panel.tree, Qt.Key.Key_Delete)
    assert panel.tree.topLevelItemCount() == 0
    assert opened.correction.is_corrected


def test_new_lesion_is_begun_by_its_button(panel: LesionsPanel, opened: AppState) -> None:
    panel.new_buttons[INSTRUMENT].click()
    assert opened.correction.chosen == 0
    assert opened.correction.class_id == INSTRUMENT
    assert panel.new_buttons[INSTRUMENT].isChecked()
    assert not panel.new_buttons[POLYP].isChecked()
    assert panel.tree.currentItem() is None


def test_brush_and_start_are_chosen_here(panel: LesionsPanel, opened: AppState) -> None:
    panel.brush.slider.setValue(6000)
    assert opened.correction.brush_px == 30
    opened.correction.set_brush_px(12)
    assert panel.brush.number.text() == "24 px"
    panel.start.setCurrentIndex(2)
    panel.start.activated.emit(2)
    assert opened.correction.start_from == "empty"
    assert panel.tree.topLevelItemCount() == 0


def test_run_waits_for_a_decision(panel: LesionsPanel, opened: AppState) -> None:
    run, carry = opened.propagation, panel.carry
    assert not carry.buttons["run_accept"].isVisible()
    run.begin(3)
    assert carry.progress.isVisible()
    for index, confidence in ((1, 0.9), (2, 0.75)):
        edit = MaskEdit(FrameKey(SOURCE_ID, index, 0.0), (), (90, 160))
        run.add(CarriedFrame(edit, confidence))
    assert carry.progress.value() == 2
    run.end("stopped at frame 3, where it became unsure (41%)")
    assert not carry.progress.isVisible()
    assert carry.buttons["run_accept"].isVisible()
    assert run_text(run).startswith("Carrying stopped at frame 3, where it became unsure (41%). Frames 1 to 2")
    assert "75%" in carry.words.text()
    run.clear()
    assert not carry.buttons["run_reject"].isVisible()


def test_number_of_frames_goes_both_ways(panel: LesionsPanel, opened: AppState) -> None:
    panel.carry.count.setValue(7)
    assert opened.propagation.count == 7
    opened.propagation.set_count(9)
    assert panel.carry.count.value() == 9


def test_the_rows_stay_when_nothing_in_them_changes(panel: LesionsPanel, opened: AppState) -> None:
    """In motion it hears of every frame; to build the rows anew each time would make the picture late."""
    before = row(panel, 0)
    opened.correction.shown_changed.emit()
    assert row(panel, 0) is before
    opened.display.set_palette("Colour-blind safe")
    assert row(panel, 0) is not before
