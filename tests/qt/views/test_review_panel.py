"""The panel "Review" as a person uses it, fed by hand; and that it stays quick with fifty thousand frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from medseg_gui.project.edits import FrameEdit, NotesEdit
from medseg_gui.project.records import ACCEPTED, CORRECTED, REJECTED, TO_DO, FrameKey, FrameRecord, SourceRecord
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import FrameContent, ProjectInfo, Saving
from medseg_gui.qt.state.project_orders import Order, Save
from medseg_gui.qt.state.review import Comparison, FrameList
from medseg_gui.qt.views.review_panel import ReviewPanel
from medseg_gui.settings import Settings
from tests.qt.views.scene import FRAME_SIZE, RATE, SOURCE_ID, Answering, new_state, open_clip

LEFT = Qt.MouseButton.LeftButton


def key_of(index: int) -> FrameKey:
    return FrameKey(SOURCE_ID, index, 1 + index / RATE)


def record_of(index: int, state: str = TO_DO) -> FrameRecord:
    return FrameRecord(key_of(index), "", FRAME_SIZE, state, "Ada", "2026-01-02T03:04:05.678+00:00", "", "", "C1")


def make_info(reader: int = 1, folder: str = "study") -> ProjectInfo:
    sources = (SourceRecord(SOURCE_ID, "../colon.mp4", "colon.mp4", "video", "C1", 50),)
    return ProjectInfo(Path("/p") / folder, False, reader, sources, {SOURCE_ID: Path("/colon.mp4")}, frozenset(), None)


@pytest.fixture
def state(qapp: QApplication) -> Iterator[AppState]:
    """A clip is open; frames that are wanted come at once, as the coordinators do it."""
    state = new_state()
    answering = Answering(state)
    state.review.frame_wanted.connect(lambda key: state.playback.seek(key.index))
    state.playback.frame_changed.connect(lambda frame: state.review.set_shown(key_of(frame.index)))
    yield state
    answering.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, state: AppState) -> MainWindow:
    """On screen with the panel in front; frames 10, 20, 30 are listed in the order of their uncertainty."""
    window = MainWindow(state, Settings())
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.review_dock.raise_()
    open_clip(state, 50)
    state.project.set_info(make_info())
    scores = np.array([0.9, 0.5, np.nan], np.float32)
    state.review.order = "uncertainty"
    state.review.set_listed(FrameList("uncertainty", tuple(record_of(i) for i in (20, 10, 30)), scores))
    state.review.set_counts({TO_DO: 3})
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window


@pytest.fixture
def panel(window: MainWindow) -> ReviewPanel:
    return window.findChild(ReviewPanel)


@pytest.fixture
def asked(state: AppState) -> list[Order]:
    orders: list[Order] = []
    state.project.asked.connect(orders.append)
    return orders


def press(window: MainWindow, key: Qt.Key, shift: bool = False) -> None:
    window.picture.setFocus()
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(window.picture, key, modifier)


def cells(panel: ReviewPanel, row: int) -> list[str]:
    model = panel.table.model()
    return [model.data(model.index(row, column)) for column in range(3)]


def test_rows_tell_time_and_score(panel: ReviewPanel) -> None:
    assert cells(panel, 0) == ["00:01.800 · 20", "", "0.900"]
    assert cells(panel, 2)[2] == "–"
    assert panel.missing.text() == "1 frame has no score yet."
    assert panel.compute.isVisible()


def test_n_walks_the_queue_and_its_row_is_marked(window: MainWindow, panel: ReviewPanel, state: AppState) -> None:
    notices: list[str] = []
    state.session.noticed.connect(notices.append)
    seen = []
    for _ in range(4):
        press(window, Qt.Key.Key_N)
        seen.append((state.playback.index, panel.table.currentIndex().row()))
    assert seen == [(20, 0), (10, 1), (30, 2), (30, 2)]
    assert notices == ["This is the last frame of the queue."]
    press(window, Qt.Key.Key_N, shift=True)
    assert state.playback.index == 10


def test_a_click_on_a_row_shows_its_frame(panel: ReviewPanel, state: AppState) -> None:
    table = panel.table
    QTest.mouseClick(table.viewport(), LEFT, pos=table.visualRect(table.model().index(2, 0)).center())
    assert state.playback.index == 30


def test_a_frame_that_was_come_to_otherwise_is_marked(panel: ReviewPanel, state: AppState) -> None:
    state.playback.seek(10)
    assert panel.table.currentIndex().row() == 1
    state.playback.seek(11)
    assert not panel.table.selectionModel().hasSelection()


@pytest.mark.parametrize(("key", "wanted"), [("Y", ACCEPTED), ("R", REJECTED), ("J", "skipped")])
def test_keys_decide(window: MainWindow, state: AppState, key: str, wanted: str) -> None:
    decided: list[str] = []
    state.review.decided.connect(decided.append)
    press(window, getattr(Qt.Key, f"Key_{key}"))
    assert decided == [wanted]


def test_a_decision_shows_in_its_row_and_in_the_progress(panel: ReviewPanel, state: AppState) -> None:
    state.review.set_order("time")
    state.review.set_listed(FrameList("time", (record_of(20), record_of(10)), np.full(2, np.nan, np.float32)))
    state.review.note_states([key_of(10)], REJECTED)
    state.review.set_counts({TO_DO: 1, REJECTED: 1})
    assert cells(panel, 1)[:2] == ["00:01.400 · 10", "rejected"]
    assert panel.progress.text() == "1 of 2 reviewed"
    assert panel.table.isColumnHidden(2)


def test_filters_and_order_are_asked_for(panel: ReviewPanel, state: AppState) -> None:
    wishes: list[None] = []
    state.review.wish_changed.connect(lambda: wishes.append(None))
    for box, row in ((panel.order, 2), (panel.state_box, 1), (panel.class_box, 2), (panel.centre_box, 1)):
        box.setCurrentIndex(row)
        box.activated.emit(row)
    assert (state.review.order, state.review.wanted.states) == ("flicker", (TO_DO,))
    assert (state.review.wanted.class_id, state.review.wanted.centre) == (2, "C1")
    assert len(wishes) == 4


def test_scores_are_started_and_stopped(panel: ReviewPanel, state: AppState) -> None:
    wanted: list[str] = []
    state.review.score_wanted.connect(lambda: wanted.append("go"))
    state.review.score_stop_wanted.connect(lambda: wanted.append("stop"))
    QTest.mouseClick(panel.compute, LEFT)
    state.review.set_scoring((1, 3))
    assert (panel.scoring.text(), panel.compute.text()) == ("1 of 3", "Stop")
    QTest.mouseClick(panel.compute, LEFT)
    assert wanted == ["go", "stop"]


def test_scores_of_other_weights_are_told(panel: ReviewPanel, state: AppState) -> None:
    records, scores = tuple(record_of(i) for i in (20, 10, 30)), np.array([0.9, 0.5, np.nan], np.float32)
    state.review.set_listed(FrameList("uncertainty", records, scores, ("a@1", "a@2", "")))
    state.review.set_score_weights("a@1")
    assert panel.missing.text() == "1 frame has no score yet. 1 score is of other weights – measure again."
    state.review.set_listed(FrameList("uncertainty", records[:2], scores[:2], ("a@1", "a@2")))
    assert (panel.missing.text(), panel.compute.text()) == (
        "1 score is of other weights – measure again.",
        "Measure again",
    )
    state.review.set_score_weights("b@1")
    assert panel.missing.text() == "2 scores are of other weights – measure again."
    state.review.set_score_weights("")
    assert not panel.missing.isVisible()


def test_notes_are_saved_for_the_frame_for_which_they_were_typed(
    panel: ReviewPanel, state: AppState, asked: list[Order]
) -> None:
    state.playback.seek(10)
    state.project.set_content(FrameContent(key_of(10), record_of(10), None))
    panel.notes.setFocus()
    QTest.keyClicks(panel.notes, "flat one")
    state.playback.seek(11)
    assert asked[-1] == Save(NotesEdit(key_of(10), "flat one"))
    state.project.set_content(FrameContent(key_of(11), None, None))
    assert panel.notes.text() == ""
    QTest.keyClicks(panel.notes, "new here")
    QTest.keyClick(panel.notes, Qt.Key.Key_Return)
    assert asked[-2:] == [Save(FrameEdit(key_of(11), FRAME_SIZE)), Save(NotesEdit(key_of(11), "new here"))]


def test_the_second_reader_cannot_compare(window: MainWindow, panel: ReviewPanel, state: AppState) -> None:
    panel.readers.compare.click()
    assert state.review.is_comparing
    outline = np.array([[10, 10], [40, 10], [40, 40], [10, 40]], np.float32)
    state.review.set_comparison(Comparison(key_of(0), 0.75, 120, {1: (outline,), 2: (outline + 8,)}))
    assert "Dice 0.750 · 120 px differ" in panel.readers.dice.text()
    state.review.set_comparing(False)
    state.project.set_info(make_info(reader=2))
    assert not panel.readers.compare.isEnabled()
    window.named_actions["compare_readers"].trigger()
    assert not state.review.is_comparing
    assert not window.named_actions["compare_readers"].isChecked()


def test_both_outlines_and_the_difference_are_painted(window: MainWindow, state: AppState) -> None:
    square = np.array([[20, 20], [80, 20], [80, 70], [20, 70]], np.float32)
    before = window.picture.grab().toImage()
    state.review.set_comparison(Comparison(key_of(0), 0.5, 1, {1: (square,), 2: (square + np.float32([30, 0]),)}))
    after = window.picture.grab().toImage()

    def at(image: object, x: float, y: float) -> tuple[int, int, int]:
        point = window.picture.zoom.transform.map(QPointF(x, y))
        return QColor(image.pixel(point.toPoint())).getRgb()[:3]  # type: ignore[attr-defined]

    assert at(after, 65, 45) == at(before, 65, 45), "both marked it"
    assert at(after, 35, 45)[0] > at(before, 35, 45)[0] + 30, "only the first did"
    assert at(after, 95, 45)[0] > at(before, 95, 45)[0] + 30, "only the second did"


def test_fifty_thousand_rows_cost_nothing_that_is_not_in_sight(panel: ReviewPanel, state: AppState) -> None:
    asked = 0
    model = panel.table.model()
    original = model.data

    def counting(index: object, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        nonlocal asked
        asked += 1
        return original(index, role)

    model.data = counting  # type: ignore[method-assign]
    records = tuple(record_of(i) for i in range(50_000))
    state.review.set_listed(FrameList("time", records, np.full(50_000, np.nan, np.float32)))
    state.review.set_shown(key_of(49_999))
    panel.table.grab()
    assert panel.table.currentIndex().row() == 49_999
    assert asked < 5000


# The rest of the window


def test_the_frame_tells_its_state(window: MainWindow, state: AppState) -> None:
    assert window.transport.state_word.isHidden()
    state.project.set_content(FrameContent(key_of(0), record_of(0, CORRECTED), None))
    assert window.transport.state_word.text() == "corrected"


def test_the_timeline_shows_states_where_there_are_some(window: MainWindow, state: AppState) -> None:
    height = window.timeline.height()
    lane = np.zeros(50, np.uint8)
    lane[5] = 4
    state.project.set_lane(lane)
    assert window.timeline.height() > height
    window.timeline._hover_x = window.timeline.x_of(5)
    assert window.timeline.hover_text().endswith("accepted")
    state.project.set_lane(np.zeros(50, np.uint8))
    assert window.timeline.height() == height


def test_the_status_bar_says_what_is_saved(window: MainWindow, state: AppState) -> None:
    saved = window.statusBar().saved
    assert saved.text() == "study · all saved"
    state.project.set_saving(Saving(), True)
    assert saved.text() == "study · saving…"
    state.project.set_saving(Saving(3, "the disk is full"), False)
    assert saved.text() == "study · 3 edits not saved: the disk is full — retrying"


def test_an_offer_has_a_button_that_does_it(window: MainWindow, state: AppState, asked: list[Order]) -> None:
    state.project.damaged = Path("/p/study")
    state.session.offer("The project study is damaged. Its last good backup is of today.", "restore")
    assert window.messages.offer_button.text() == "Put the backup back"
    QTest.mouseClick(window.messages.offer_button, LEFT)
    assert [type(order).__name__ for order in asked] == ["RestoreProject"]
    assert window.messages.isHidden()


def test_closing_with_unsaved_work_asks_once(qtbot: QtBot, window: MainWindow, state: AppState) -> None:
    state.project.set_saving(Saving(2, "the disk is full"), False)
    window.close()
    assert window.isVisible()
    box = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible())
    assert box.text() == "2 edits are not saved: the disk is full."
    lose = next(b for b in box.buttons() if b.text() == "Close and lose them")
    QTest.mouseClick(lose, LEFT)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_closing_with_everything_saved_asks_nothing(window: MainWindow) -> None:
    assert window.close()
