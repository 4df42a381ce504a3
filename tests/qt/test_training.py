"""From corrected frames to a version in use, through the whole pipeline; most of it with a fake training process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.qt.pipeline import Pipeline, Workers
from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.session import WeightsEntry
from medseg_gui.qt.state.training_result import HeldOutFrame, Verdict
from medseg_gui.qt.training import Training, progressed
from medseg_gui.qt.workers.train import TrainWorker
from medseg_gui.settings import Settings
from medseg_gui.training.job import all_jobs
from medseg_gui.types import POLYP
from tests.qt import conftest
from tests.qt.fakes import FakeMedia, FakeNetworks
from tests.qt.training_process import command
from tests.qt.training_scene import make_project, wait

RECORDINGS = {"one": ("A", 6), "two": ("B", 4), "three": ("A", 2)}


@pytest.fixture
def behaviour() -> list[str]:
    """What the process does; a test may change it."""
    return ["three-epochs"]


@pytest.fixture
def start(
    qtbot: QtBot, media: FakeMedia, networks: FakeNetworks, behaviour: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Pipeline]]:
    """Make a pipeline that runs; called again, as if the window were opened another time."""
    made: list[Pipeline] = []
    plain = Workers.__init__

    def with_process(self: Workers, **workers: object) -> None:
        fake = {"train": TrainWorker(lambda words: command(behaviour[0])(words))} if behaviour[0] else {}
        plain(self, **{**workers, **fake})

    monkeypatch.setattr(Workers, "__init__", with_process)
    monkeypatch.setattr("medseg_gui.qt.workers.train._NICENESS", 0)  # other tests may keep the processor busy

    def build() -> Pipeline:
        pipeline = conftest.build_pipeline(media, networks, [], Settings(polyp_weights="fast"))
        pipeline.start()
        made.append(pipeline)
        return pipeline

    yield build
    for pipeline in made:
        pipeline.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path, RECORDINGS)


def open_page(qtbot: QtBot, pipeline: Pipeline, project: Path) -> AppState:
    """A person opens the project, then the page."""
    state = pipeline.state
    state.project.ask(orders.OpenProject(project))
    wait(qtbot, lambda: state.project.info is not None and bool(state.session.weights))
    state.training.show(True)
    wait(qtbot, lambda: state.training.plan.frames is not None)
    return state


def failures(state: AppState) -> list[str]:
    told: list[str] = []
    state.session.failed.connect(lambda error: told.append(str(error)))
    return told


def test_the_page_knows_the_corrected_frames_and_their_split(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path
) -> None:
    plan = open_page(qtbot, start(), project).training.plan
    assert [(p.centre, len(p.keys), p.marked) for p in plan.patients] == [("A", 6, 6), ("B", 4, 4), ("A", 2, 2)]
    assert plan.counts == (10, 2)
    assert plan.base == "fast"
    assert plan.refusal == ""


def test_without_a_project_it_says_what_to_do(qtbot: QtBot, start: Callable[[], Pipeline]) -> None:
    state = start().state
    state.training.show(True)
    wait(qtbot, lambda: state.training.plan.frames == ())
    assert "No frame is corrected yet" in state.training.plan.refusal
    state.training.start()
    assert state.training.phase == t.PLANNING


def test_it_runs_pauses_stops_and_goes_on(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, behaviour: list[str]
) -> None:
    behaviour[0] = "endless"
    training = open_page(qtbot, start(), project).training
    training.start()
    wait(qtbot, lambda: len(training.progress.dices) == 1)
    assert training.phase == t.RUNNING
    assert len(training.progress.losses) == 2
    training.pause()
    wait(qtbot, lambda: training.phase == t.PAUSED)
    training.go_on()
    wait(qtbot, lambda: training.phase == t.RUNNING)
    training.stop()
    wait(qtbot, lambda: training.phase == t.ENDED)
    assert training.trouble == ""
    training.resume()
    wait(qtbot, lambda: training.phase == t.RUNNING and len(training.progress.dices) == 2)
    training.cancel()
    training.stop()
    wait(qtbot, lambda: training.phase == t.ENDED)
    training.discard()
    assert training.phase == t.PLANNING
    wait(qtbot, lambda: all_jobs() == [])


def test_training_rests_while_a_video_plays(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, behaviour: list[str]
) -> None:
    behaviour[0] = "endless"
    state = open_page(qtbot, start(), project)
    state.session.open("clip")
    wait(qtbot, lambda: state.playback.frame is not None)
    state.training.set_rests(True)
    state.training.start()
    wait(qtbot, lambda: len(state.training.progress.dices) == 1)
    state.playback.play()
    wait(qtbot, lambda: state.training.phase == t.PAUSED)
    state.playback.pause()
    wait(qtbot, lambda: state.training.phase == t.RUNNING)


def test_a_crash_is_told_and_resume_is_offered(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, behaviour: list[str]
) -> None:
    behaviour[0] = "crash"
    state = open_page(qtbot, start(), project)
    told = failures(state)
    state.training.start()
    wait(qtbot, lambda: state.training.phase == t.ENDED)
    assert told == [state.training.trouble]
    assert "broke off" in told[0]


def test_a_window_that_was_closed_offers_to_go_on(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, behaviour: list[str]
) -> None:
    behaviour[0] = "endless"
    first = start()
    training = open_page(qtbot, first, project).training
    training.start()
    wait(qtbot, lambda: len(training.progress.dices) == 1)
    job = training.job
    first.close()
    second = open_page(qtbot, start(), project).training
    wait(qtbot, lambda: second.phase == t.ENDED)
    assert second.job == job
    assert "closed" in second.trouble


def test_the_project_may_vanish_while_it_trains(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, behaviour: list[str]
) -> None:
    """What is learnt from is a copy."""
    behaviour[0] = "endless"
    training = open_page(qtbot, start(), project).training
    training.start()
    wait(qtbot, lambda: len(training.progress.dices) == 1)
    shutil.rmtree(project.parent / "one")
    assert training.job is not None
    assert len(list(training.job.data.rglob("images/*.png"))) == 12
    training.stop()
    wait(qtbot, lambda: training.phase == t.ENDED)


def test_sources_that_vanished_before_are_told(qtbot: QtBot, start: Callable[[], Pipeline], project: Path) -> None:
    state = open_page(qtbot, start(), project)
    told = failures(state)
    for name in RECORDINGS:
        shutil.rmtree(project.parent / name)
    state.training.start()
    wait(qtbot, lambda: bool(told))
    assert "None of the corrected frames can be read" in told[0]
    assert state.training.phase == t.PLANNING
    wait(qtbot, lambda: all_jobs() == [])


def test_patients_and_hospitals_are_named(qtbot: QtBot, start: Callable[[], Pipeline], project: Path) -> None:
    training = open_page(qtbot, start(), project).training
    first, _, third = training.plan.patients
    for patient in (first, third):
        training.name_patient(patient, "Mrs. Jones ")
    wait(qtbot, lambda: len(training.plan.patients) == 2)
    assert training.plan.patients[0].title == "Mrs. Jones"
    assert len(training.plan.patients[0].keys) == 8
    training.name_centre(training.plan.patients[1], "A")
    wait(qtbot, lambda: {p.centre for p in training.plan.patients} == {"A"})


def test_augmentation_is_shown_before_it_is_used(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, behaviour: list[str]
) -> None:
    behaviour[0] = "preview"
    training = open_page(qtbot, start(), project).training
    training.ask_preview()
    assert training.is_previewed
    wait(qtbot, lambda: training.preview is not None)
    assert training.preview is not None
    assert (training.preview.accuracy, training.preview.centres) == (0.9, 2)
    training.stop_preview()
    assert not training.is_previewed
    assert training.phase == t.PLANNING


def test_progress_is_counted_in_passes() -> None:
    progress = t.Progress(epochs=4)
    step = {"event": "step", "epoch": 1, "step": 0, "steps": 2, "loss": 0.5, "left_s": 7.0}
    progress = progressed(progress, step)
    assert progress.losses == ((1.5, 0.5),)
    assert progress.share == pytest.approx(1.5 / 4)
    progress = progressed(progress, {"event": "epoch", "epoch": 2, "dice": 0.8, "left_s": 5.0, "samples": ["a"]})
    assert progress.share == pytest.approx(2 / 4)
    assert progressed(progress, {"event": "something new"}) == progress
    told = {"event": "epoch", "epoch": 3, "loss": 0.2, "dice": 0.9, "left_s": 1.0, "samples": []}
    assert progressed(progress, told).losses == ((1.5, 0.5), (3.0, 0.2)), "its steps were not heard"


def test_worse_weights_are_not_put_to_use(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = start()
    state = open_page(qtbot, pipeline, project)
    monkeypatch.setattr(Training, "compare", lambda self: None)
    state.training.start()
    wait(qtbot, lambda: bool(state.training.progress.dices))
    job = state.training.job
    verdict = Verdict("Worse.", False, {}, {}, (HeldOutFrame("x.png", 0.9, 0.8),))
    pipeline.training.on_judged(job, verdict)
    pipeline.training.on_accepted(job, "polyp-v2", is_active=False)
    assert state.session.chosen[POLYP] == "fast"
    assert state.training.phase == t.PLANNING


def test_the_whole_way_with_a_real_process(
    qtbot: QtBot,
    start: Callable[[], Pipeline],
    project: Path,
    behaviour: list[str],
    networks: FakeNetworks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Train, compare, look, accept, use, go back: `medseg train` learns from the frames for one pass."""
    behaviour[0] = ""
    name = "polyp-unet_lite0-v2"
    for known in ("polyp-unet_lite0", name):  # for the player, fakes will do
        networks.entries = (*networks.entries, WeightsEntry(known, "fake", POLYP, 0.5, ""))
    monkeypatch.setattr("medseg_gui.qt.workers.judge.stand_back", lambda niceness: None)
    state = open_page(qtbot, start(), project)
    training = state.training
    training.change_plan(base="polyp-unet_lite0", network="unet_lite0", expert={"epochs": 1, "size": 64})
    told = failures(state)
    training.start()
    wait(qtbot, lambda: training.phase == t.JUDGED)
    verdict = training.verdict
    assert verdict is not None
    assert [f.title for f in verdict.frames] != ["", ""]
    wait(qtbot, lambda: training.sides is not None or bool(told))
    assert told == []
    assert training.sides is not None
    assert training.sides.rgb.shape == (64, 64, 3)
    assert training.sides.truth
    training.accept()
    wait(qtbot, lambda: bool(training.versions))
    version = training.versions[0]
    assert version.name == name
    assert version.parent.startswith("polyp-unet_lite0@")
    assert version.is_active == verdict.is_proposed
    assert (paths.user_models_dir() / f"{name}.safetensors").is_file()
    assert training.phase == t.PLANNING
    training.activate(version.name)
    wait(qtbot, lambda: state.session.chosen[POLYP] == version.name)
    training.roll_back()
    wait(qtbot, lambda: state.session.chosen[POLYP] == "polyp-unet_lite0")
    wait(qtbot, lambda: not training.versions[0].is_active)


def test_a_plan_that_is_replaced_keeps_what_was_chosen() -> None:
    training = t.TrainingState()
    training.change_plan(p=0.4)
    training.change_plan(recipe="quick")
    assert training.plan == replace(t.TrainingPlan(), p=0.4, recipe="quick")
