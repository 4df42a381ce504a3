"""Dialogs about projects and frames: what is filled in is what is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medseg_gui.case_explanations import METHODS
from medseg_gui.project.records import ACCEPTED, CORRECTED, REVIEWED, TO_DO, AuditEntry, SourceRecord
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import FormatInfo, FrameContent, ProjectInfo
from medseg_gui.qt.state.project_orders import (
    AddFrames,
    CleanCopy,
    ExportFrames,
    ImportFrames,
    Order,
    WriteReport,
    WriteVideo,
)
from medseg_gui.qt.views.exchange_dialogs import CleanCopyDialog, ExportDialog, ImportDialog
from medseg_gui.qt.views.frame_dialogs import AddFramesDialog, HistoryDialog
from medseg_gui.qt.views.showing_dialogs import EXPLANATIONS, THIS_FRAME, ReportDialog, VideoDialog
from tests.qt.views.scene import FRAME_SIZE, SOURCE_ID, make_source, new_state
from tests.qt.views.test_review_panel import key_of, record_of


@pytest.fixture
def state(qapp: QApplication) -> AppState:
    state = new_state()
    state.project.formats = (
        FormatInfo("png", "", True),
        FormatInfo("yolo", "holes", True),
        FormatInfo("csv", "masks", False),
    )
    return state


@pytest.fixture
def asked(state: AppState) -> list[Order]:
    orders: list[Order] = []
    state.project.asked.connect(orders.append)
    return orders


def test_export(qtbot: QtBot, state: AppState, asked: list[Order]) -> None:
    state.review.set_counts({TO_DO: 9, CORRECTED: 2, ACCEPTED: 3})
    dialog = ExportDialog(state.project, state.review)
    qtbot.addWidget(dialog)
    assert dialog.loses.text() == "Keeps every pixel, lesion and class."
    dialog.format.setCurrentIndex(dialog.format.findData("yolo"))
    assert dialog.loses.text() == "Cannot hold: holes."
    assert dialog.count.text() == "5 frames"
    assert not dialog.go.isEnabled()
    dialog.place.setText("/out")
    dialog.hides.setChecked(True)
    dialog.margin.setValue(7)
    dialog.go.click()
    assert asked == [ExportFrames("yolo", Path("/out"), REVIEWED, True, 7)]


def test_import(qtbot: QtBot, state: AppState, asked: list[Order]) -> None:
    dialog = ImportDialog(state.project)
    qtbot.addWidget(dialog)
    assert dialog.format.findData("csv") == -1, "a table of measurements holds no masks"
    dialog.place.setText("/in")
    dialog.centre.setText("C2")
    dialog.replaces.setChecked(True)
    dialog.go.click()
    assert asked == [ImportFrames("png", Path("/in"), "C2", True, False, 0)]


def test_clean_copy(qtbot: QtBot, state: AppState, asked: list[Order]) -> None:
    dialog = CleanCopyDialog(state.project, make_source())
    qtbot.addWidget(dialog)
    dialog.place.setText("/out/clean.mp4")
    dialog.margin.setValue(-3)
    dialog.go.click()
    assert asked == [CleanCopy("/clips/colon.mp4", Path("/out/clean.mp4"), -3)]


def test_report(qtbot: QtBot, state: AppState, asked: list[Order]) -> None:
    state.review.set_counts({TO_DO: 9, CORRECTED: 2, ACCEPTED: 3})
    dialog = ReportDialog(state.project, state.review)
    qtbot.addWidget(dialog)
    assert dialog.frames.findText(THIS_FRAME) == -1, "nothing is on screen"
    dialog.frames.setCurrentText("accepted only")
    assert dialog.pages.text() == "3 pages, one for each frame"
    dialog.place.setText("/out/case")
    dialog.hides.setChecked(True)
    dialog.margin.setValue(4)
    dialog.explanation.setCurrentText("Grad-CAM")
    dialog.go.click()
    assert asked == [WriteReport(Path("/out/case.pdf"), (ACCEPTED,), None, True, 4, "gradcam")]


def test_report_of_the_frame_on_screen(qtbot: QtBot, state: AppState, asked: list[Order]) -> None:
    state.project.set_content(FrameContent(key_of(7), record_of(7), None))
    dialog = ReportDialog(state.project, state.review)
    qtbot.addWidget(dialog)
    dialog.frames.setCurrentText(THIS_FRAME)
    assert dialog.pages.text() == "1 page"
    dialog.place.setText("/out/case.pdf")
    dialog.go.click()
    assert asked == [WriteReport(Path("/out/case.pdf"), (), key_of(7), explain="lrp")]


def test_the_explanations_offered_are_those_of_reports() -> None:
    assert {key for key in EXPLANATIONS.values() if key} == set(METHODS)


def test_overlay_video_begins_with_the_source_on_screen(
    qtbot: QtBot, state: AppState, asked: list[Order], tmp_path: Path
) -> None:
    known = [SourceRecord(h, f"{h}.mp4", f"{h}.mp4", "video", "", 50) for h in ("a0", SOURCE_ID, "b1")]
    missing = frozenset(["b1"])
    state.project.set_info(ProjectInfo(Path("/p"), False, 1, tuple(known), {}, missing, None))
    dialog = VideoDialog(state.project, make_source())
    qtbot.addWidget(dialog)
    assert [dialog.source.itemData(row) for row in range(dialog.source.count())] == ["a0", SOURCE_ID]
    (tmp_path / "taken.mp4").write_bytes(b"mine")
    dialog.place.setText(str(tmp_path / "taken"))
    assert dialog.taken.text() == "taken.mp4 is there already; choose another name."
    assert not dialog.go.isEnabled()
    dialog.place.setText(str(tmp_path / "new"))
    assert not dialog.taken.text()
    dialog.go.click()
    assert asked == [WriteVideo(tmp_path / "new.mp4", SOURCE_ID)]


@pytest.mark.parametrize(
    ("choice", "indices"),
    [("Every second", [0, 25]), ("Five a second", [*range(0, 50, 5)]), ("All frames", [*range(50)])],
)
def test_frames_are_spread_over_the_video(
    qtbot: QtBot, state: AppState, asked: list[Order], choice: str, indices: list[int]
) -> None:
    dialog = AddFramesDialog(state, make_source(50), FRAME_SIZE)
    qtbot.addWidget(dialog)
    dialog.choice.setCurrentText(choice)
    assert dialog.count.text().startswith(f"{len(indices)} of 50 frames")
    dialog.add_button.click()
    order = asked[-1]
    assert isinstance(order, AddFrames)
    assert [key.index for key in order.keys] == indices
    assert order.size == FRAME_SIZE


def test_frames_with_a_lesion_need_a_timeline_that_knows_some(qtbot: QtBot, state: AppState) -> None:
    state.analysis.reset(50)
    state.analysis.note(7, {1: 0.9})
    dialog = AddFramesDialog(state, make_source(50), FRAME_SIZE)
    qtbot.addWidget(dialog)
    dialog.choice.setCurrentIndex(dialog.choice.count() - 2)
    assert dialog.indices == [7]


def test_history_has_the_newest_on_top(qtbot: QtBot, state: AppState) -> None:
    dialog = HistoryDialog(state.project)
    qtbot.addWidget(dialog)
    times = ("2026-01-02T03:04:05.678+00:00", "2026-01-03T03:04:05.678+00:00")
    state.project.set_audit(tuple(AuditEntry(at, "Ada", 1, "brush", None, "corrected") for at in times))
    assert [dialog.tree.topLevelItem(row).text(0) for row in (0, 1)] == ["2026-01-03 03:04:05", "2026-01-02 03:04:05"]
