"""The training page as a person uses it: choose, start, watch, compare, keep; the window around it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel
from pytestqt.qtbot import QtBot

from medseg_gui.project.records import NO_CENTRE, CorrectedFrame, FrameKey
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.training_result import AugmentationPreview, FrameSides, HeldOutFrame, Verdict, VersionEntry
from medseg_gui.qt.views.training_curves import smoothed
from medseg_gui.qt.views.training_frames import HOLD_OUT, LEAVE_OUT
from medseg_gui.qt.views.training_page import TrainingPage
from medseg_gui.qt.views.training_sign import TrainingSign
from medseg_gui.qt.views.training_wipe import RELEVANCE
from medseg_gui.settings import Settings
from medseg_gui.training.job import TrainingJob
from medseg_gui.types import INSTRUMENT, POLYP
from tests.qt.views.scene import WEIGHTS, Answering, new_state, open_clip

LEFT = Qt.MouseButton.LeftButton


def frames(sizes: dict[str, int], centre: str = NO_CENTRE) -> tuple[CorrectedFrame, ...]:
    return tuple(
        CorrectedFrame(
            FrameKey(f"{name}{'0' * 12}", i, i / 25), centre, name, f"{name}.mp4", frozenset({POLYP}), True, name
        )
        for name, count in sizes.items()
        for i in range(count)
    )


@pytest.fixture
def state(qapp: QApplication) -> Iterator[AppState]:
    made = new_state()
    answering = Answering(made)
    made.session.set_weights(WEIGHTS)
    made.session.choose_weights(POLYP, "polyp-small")
    yield made
    answering.deleteLater()


@pytest.fixture
def window(window: MainWindow, state: AppState) -> MainWindow:
    """With a clip; nobody has asked for the training page."""
    open_clip(state, 10)
    return window


@pytest.fixture
def page(window: MainWindow, state: AppState) -> TrainingPage:
    """The page is open; three recordings were corrected."""
    window.named_actions["train"].trigger()
    state.training.change_plan(frames=frames({"a": 30, "b": 6, "c": 4}), base="polyp-small", network="unet_lite0")
    assert isinstance(window.training_page, TrainingPage)
    return window.training_page


def make_job(tmp_path: Path) -> TrainingJob:
    return TrainingJob(tmp_path, "polyp-small", "unet_lite0", POLYP, ("unnamed/c",), {"epochs": 4}, 36, 4)


def make_sides(image: str = "x.png") -> FrameSides:
    square = np.array([[40, 20], [80, 20], [80, 60], [40, 60]], np.float32)
    red = np.zeros((8, 8, 4), np.uint8)
    red[..., 0], red[..., 3] = 255, 255
    return FrameSides(image, np.zeros((90, 160, 3), np.uint8), (square,), ((square,), ()), (red, None))


# The window around it


def test_the_key_opens_the_page_and_leads_back(qtbot: QtBot, window: MainWindow, state: AppState) -> None:
    assert window.training_page is None, "it is built when it is wanted"
    window.review_dock.raise_()
    width = window.review_dock.width()
    QTest.keyClick(window.picture, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert window.training_page is not None
    assert window.training_page.isVisible()
    assert not any(dock.isVisible() for dock in window.findChildren(QDockWidget))
    assert not window.player.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.picture.isVisible()
    assert window.player.isVisible()
    assert not any(dock.isHidden() for dock in window.docks)
    qtbot.waitUntil(lambda: not window.review_dock.visibleRegion().isEmpty())
    qtbot.waitUntil(lambda: window.review_dock.width() == width)


def test_panels_are_remembered_as_they_were_beside_the_picture(page: TrainingPage, window: MainWindow) -> None:
    stored = window.window_settings()
    other = MainWindow(new_state(), Settings(window=stored))
    assert not any(dock.isHidden() for dock in other.docks)
    other.deleteLater()


def test_a_source_that_is_opened_meanwhile_does_not_push_the_page_away(page: TrainingPage, state: AppState) -> None:
    open_clip(state, 20)
    assert page.isVisible()


def test_neither_torch_nor_pyqtgraph_is_loaded_with_the_window() -> None:
    program = (
        "import sys; import medseg_gui.qt.app, medseg_gui.qt.pipeline;"
        "print([m for m in ('torch', 'pyqtgraph', 'av') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_status_bar_tells_of_it_and_leads_there(
    qtbot: QtBot, window: MainWindow, state: AppState, tmp_path: Path
) -> None:
    sign = window.findChild(TrainingSign)
    assert sign is not None
    assert not sign.isVisible()
    state.training.set_job(make_job(tmp_path))
    state.training.set_progress(t.Progress(epoch=1, epochs=4, left_s=240))
    state.training.set_phase(t.RUNNING)
    assert sign.text() == " Training: pass 2 of 4, 4 min left"
    qtbot.mouseClick(sign, LEFT)
    assert state.training.is_shown
    assert not sign.isVisible()


# The plan


def test_patients_are_listed_with_their_use(page: TrainingPage, state: AppState) -> None:
    tree = page.setup.frames.tree
    assert [tree.topLevelItem(i).text(0) for i in range(3)] == ["a.mp4", "b.mp4", "c.mp4"]
    assert page.setup.frames.bar.counts == (30, 10)
    assert "30 frames of 1 patient to learn from · 10 frames of 2 patients held out" in page.setup.frames.summary.text()


def test_who_has_corrected_nothing_yet_is_told_how_to_begin(page: TrainingPage, state: AppState) -> None:
    part = page.setup.frames
    assert part.tree.isVisible()
    assert not part.nothing_yet.isVisible()
    state.training.change_plan(frames=())
    assert not part.tree.isVisible()
    assert part.nothing_yet.isVisible()
    assert "Ctrl+T" in part.nothing_yet.text()
    assert page.setup.recipe_note.text().endswith("passes over the frames.")


def test_a_patient_is_held_out_or_left_out_in_its_line(page: TrainingPage, state: AppState) -> None:
    def use(group: str, what: str) -> None:
        box = page.setup.frames.uses[group]
        box.setCurrentIndex(box.findData(what))
        box.activated.emit(box.currentIndex())

    use("unnamed/a", HOLD_OUT)
    assert state.training.plan.counts[1] == 40
    assert page.setup.refusal.isVisible()
    assert not page.setup.start.isEnabled()
    use("unnamed/a", LEAVE_OUT)
    use("unnamed/b", "learn")
    assert state.training.plan.counts == (6, 4)
    assert page.setup.start.isEnabled()


def test_a_name_typed_in_the_list_is_told(qtbot: QtBot, page: TrainingPage, state: AppState) -> None:
    tree = page.setup.frames.tree
    with qtbot.waitSignal(state.training.patient_named) as named:
        tree.topLevelItem(1).setText(0, "Mrs. Jones")
    assert named.args == [("b",), "Mrs. Jones"]
    with qtbot.waitSignal(state.training.centre_named) as named:
        tree.topLevelItem(0).setText(1, "North")
    assert named.args == [(f"a{'0' * 12}",), "North"]


def test_recipe_base_and_class_are_chosen(qtbot: QtBot, page: TrainingPage, state: AppState) -> None:
    qtbot.mouseClick(page.setup.recipe.buttons["quick"], LEFT)
    assert state.training.plan.recipe == "quick"
    page.setup.base.setCurrentText("polyp-large")
    page.setup.base.activated.emit(page.setup.base.currentIndex())
    assert (state.training.plan.base, state.training.plan.network) == ("polyp-large", "unet_resnet34")
    page.setup.class_box.setCurrentIndex(1)
    page.setup.class_box.activated.emit(1)
    assert (state.training.plan.class_id, state.training.plan.base) == (INSTRUMENT, "instrument-small")
    assert "shows an instrument" in page.setup.refusal.text.text()
    assert not page.setup.start.isEnabled()


def test_experts_see_and_change_the_numbers(qtbot: QtBot, page: TrainingPage, state: AppState) -> None:
    expert = page.setup.expert
    assert not expert.form.isVisible()
    qtbot.mouseClick(expert.toggle, LEFT)
    assert expert.form.isVisible()
    usual = expert.epochs.value()
    assert usual == state.training.plan.settings["epochs"]
    expert.epochs.setValue(7)
    assert state.training.plan.settings["epochs"] == 7
    expert.epochs.setValue(usual)
    assert "epochs" not in state.training.plan.expert
    expert.side.setValue(100)
    expert.side.editingFinished.emit()
    assert state.training.plan.settings["size"] == 96


def test_augmentation_needs_two_hospitals(qtbot: QtBot, page: TrainingPage, state: AppState) -> None:
    assert not page.setup.p.isEnabled()
    assert not page.setup.preview.isEnabled()
    state.training.change_plan(frames=frames({"a": 20, "b": 6}, "North") + frames({"c": 20, "d": 6}, "South"))
    assert page.setup.p.isEnabled()
    with qtbot.waitSignal(state.training.preview_wanted):
        qtbot.mouseClick(page.setup.preview, LEFT)


def test_the_preview_shows_its_pictures_and_is_used(
    qtbot: QtBot, page: TrainingPage, state: AppState, tmp_path: Path
) -> None:
    files = tuple(str(tmp_path / f"{part}.png") for part in "abc")
    for file in files:
        QImage(64, 64, QImage.Format.Format_RGB32).save(file)
    state.training.set_preview(None, "A classifier learns…")
    assert page.preview.isVisible()
    assert page.preview.bar.isVisible()
    state.training.set_preview(AugmentationPreview(0.93, 2, (files, files)))
    assert "93%" in page.preview.text.text()
    assert page.preview.grid.count() == 3 + 6
    state.training.preview_stop_wanted.connect(lambda: state.training.set_preview(None))
    qtbot.mouseClick(page.preview.use, LEFT)
    assert state.training.plan.p == 0.5
    assert page.setup.isVisible()


def test_start_is_asked_for_once_the_plan_is_sound(qtbot: QtBot, page: TrainingPage, state: AppState) -> None:
    with qtbot.waitSignal(state.training.start_wanted):
        qtbot.mouseClick(page.setup.start, LEFT)


# Progress


def test_curves_and_time_follow_the_process(qtbot: QtBot, page: TrainingPage, state: AppState, tmp_path: Path) -> None:
    training = state.training
    training.set_job(make_job(tmp_path))
    training.set_phase(t.RUNNING)
    assert page.progress.isVisible()
    losses = ((0.5, 1.0), (1.0, 0.6), (1.5, 0.4))
    training.set_progress(t.Progress(1, 4, 0, 2, losses, ((1.0, 0.7),), 60.0))
    page.progress.curves.redraw()
    assert page.progress.text.text().startswith("Pass 2 of 4  ·  60 s left  ·  Dice 0.700, best 0.700")
    shown = page.progress.curves.loss.listDataItems()
    assert tuple(shown[0].getData()[1]) == (1.0, 0.6, 0.4)
    assert page.progress.bar.value() == 375


def test_what_can_be_told_to_it_follows_the_phase(
    qtbot: QtBot, page: TrainingPage, state: AppState, tmp_path: Path
) -> None:
    training, progress = state.training, page.progress
    training.set_job(make_job(tmp_path))
    given: list[str] = []
    training.command_given.connect(given.append)
    training.set_phase(t.RUNNING)
    for button in (progress.pause, progress.stop, progress.cancel):
        qtbot.mouseClick(button, LEFT)
    training.set_phase(t.PAUSED)
    qtbot.mouseClick(progress.pause, LEFT)
    assert given == ["pause", "stop", "cancel", "go_on"]
    training.set_phase(t.ENDED, "The training process was killed (SIGKILL); go on where it was saved.")
    assert "killed" in progress.trouble.text.text()
    assert not progress.pause.isVisible()
    for button, signal in (
        (progress.resume, training.resume_wanted),
        (progress.compare, training.compare_wanted),
        (progress.discard, training.discard_wanted),
    ):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button, LEFT)


def test_samples_are_shown_and_one_that_is_gone_does_no_harm(
    page: TrainingPage, state: AppState, tmp_path: Path
) -> None:
    QImage(160, 90, QImage.Format.Format_RGB32).save(str(tmp_path / "s.png"))
    state.training.set_job(make_job(tmp_path))
    state.training.set_phase(t.RUNNING)
    files = (str(tmp_path / "s.png"), str(tmp_path / "gone.png"))
    state.training.set_progress(t.Progress(1, 4, dices=((1.0, 0.5),), samples=files))
    assert page.progress.samples.count() == 2
    assert page.progress.legend.isVisible()


def test_the_mean_of_the_loss_follows_it() -> None:
    values = np.array([1.0, 0.0, 0.0])
    assert smoothed(values) == pytest.approx([1.0, 0.9, 0.81])
    assert len(smoothed(np.empty(0))) == 0


# The result


def judge(state: AppState, tmp_path: Path, after: float = 0.9) -> None:
    sums = {"dice": 0.8, "iou": 0.7, "precision": 0.9, "recall": 0.8, "empty_images": 2, "falsely_marked": 1}
    found = (HeldOutFrame("x.png", 0.8, after, "a.mp4 · 3"), HeldOutFrame("y.png", None, None))
    state.training.set_job(make_job(tmp_path))
    state.training.set_verdict(Verdict("A sentence.", after >= 0.8, sums, {**sums, "dice": after}, found))
    state.training.set_phase(t.JUDGED)


def test_figures_and_frames_are_shown_before_and_after(
    qtbot: QtBot, page: TrainingPage, state: AppState, tmp_path: Path
) -> None:
    judge(state, tmp_path)
    item = page.result.frames.topLevelItem(0)
    assert [item.text(i) for i in range(4)] == ["a.mp4 · 3", "0.800", "0.900", "+0.100"]
    texts = [page.result.figures.itemAt(i).widget().text() for i in range(page.result.figures.count())]
    assert texts[3:6] == ["Dice", "0.800", "0.900"]
    assert "False alarms in 2 empty frames" in texts
    notes = [label.text() for label in page.result.findChildren(QLabel)]
    assert any(note.startswith("Only these frames were measured.") for note in notes)
    with qtbot.waitSignal(state.training.frame_wanted) as wanted:
        page.result.frames.setCurrentItem(page.result.frames.topLevelItem(1))
    assert wanted.args == ["y.png"]


@pytest.mark.parametrize(("after", "text"), [(0.9, " Accept as a new version"), (0.7, " Keep, but do not use")])
def test_a_worse_one_is_not_proposed(
    qtbot: QtBot, page: TrainingPage, state: AppState, tmp_path: Path, after: float, text: str
) -> None:
    judge(state, tmp_path, after)
    assert page.result.accept.text() == text
    assert page.result.accept.property("primary") is (after > 0.8)
    assert page.result.good.isVisible() is (after > 0.8)
    with qtbot.waitSignal(state.training.accept_wanted):
        qtbot.mouseClick(page.result.accept, LEFT)
    with qtbot.waitSignal(state.training.discard_wanted):
        qtbot.mouseClick(page.result.discard, LEFT)


def test_the_line_is_dragged_between_before_and_after(
    qtbot: QtBot, page: TrainingPage, state: AppState, tmp_path: Path
) -> None:
    judge(state, tmp_path)
    state.training.set_sides(make_sides())
    wipe = page.result.wipe
    assert wipe.place == pytest.approx(60 / 160), "it comes to what is marked"
    wipe.set_what(RELEVANCE)
    middle = wipe.rect().center()

    def red_at(point: QPoint) -> int:
        return wipe.grab().toImage().pixelColor(point).red()

    spot = middle - QPoint(wipe.width() // 8, wipe.height() // 4)
    qtbot.mousePress(wipe, LEFT, pos=middle)
    assert wipe.place == pytest.approx(0.5, abs=0.01)
    assert red_at(spot) > 200, "before: left of the line"
    qtbot.mouseMove(wipe, middle - QPoint(wipe.width() // 4, 0))
    qtbot.mouseRelease(wipe, LEFT, pos=middle)
    wipe.set_place(0.05)
    assert red_at(spot) < 100, "after: nothing is marked"
    qtbot.keyClick(wipe, Qt.Key.Key_Right)
    assert wipe.place == pytest.approx(0.1)


# Versions


def test_versions_are_listed_used_and_gone_back_from(qtbot: QtBot, page: TrainingPage, state: AppState) -> None:
    versions = page.setup.versions
    assert not versions.isVisible()
    entry = VersionEntry("polyp-small-v2", POLYP, "polyp-small@00000000", 0.8, 0.85, "8 passes", is_active=True)
    state.training.set_versions((entry, replace(entry, name="polyp-small-v3", is_active=False)))
    assert versions.isVisible()
    assert versions.tree.topLevelItem(0).text(2) == "0.800 → 0.850"
    with qtbot.waitSignal(state.training.activate_wanted) as wanted:
        qtbot.mouseClick(versions.buttons["polyp-small-v3"], LEFT)
    assert wanted.args == ["polyp-small-v3"]
    assert not versions.buttons["polyp-small-v2"].isEnabled()
    with qtbot.waitSignal(state.training.roll_back_wanted) as back:
        qtbot.mouseClick(versions.roll_back, LEFT)
    assert back.args == [POLYP]
