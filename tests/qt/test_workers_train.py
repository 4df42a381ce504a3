"""The worker beside the training process: commands reach it, every way to end is told, nothing is left running."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.workers import train
from medseg_gui.qt.workers.train import BROKEN, CANCELED, FINISHED, STOPPED, TrainWorker
from medseg_gui.training.job import DISCARDED, DONE, RUNNING, TrainingJob, new_folder
from tests.qt.fakes import Heard
from tests.qt.training_process import command
from tests.qt.training_scene import wait

Make = Callable[..., TrainWorker]


class Ears:
    """What a worker said."""

    def __init__(self, worker: TrainWorker) -> None:
        self.worker = worker
        self.happened, self.ended, self.found = Heard(worker.happened), Heard(worker.ended), Heard(worker.found)

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for _, event in self.happened.calls]


make_humble = train._make_humble


@pytest.fixture
def make(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ears]]:
    """A worker whose process behaves like this."""
    monkeypatch.setattr(train, "_make_humble", lambda pid: None)  # other tests may keep the processor busy
    made: list[TrainWorker] = []

    def start(behaviour: str, patience_s: float = 20.0) -> Ears:
        worker = TrainWorker(command(behaviour), patience_s)
        made.append(worker)
        ears = Ears(worker)
        worker.start()
        return ears

    yield start
    for worker in made:
        worker.stop()
        worker.wait()
    assert not [p for p in psutil.Process().children() if "training_process.py" in " ".join(_words(p))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def job() -> TrainingJob:
    return TrainingJob(new_folder(), "polyp-x", "unet_lite0", 1, ("A/a",), {"epochs": 3})


def child() -> psutil.Process:
    return next(p for p in psutil.Process().children() if "training_process.py" in " ".join(_words(p)))


def test_events_are_passed_on_and_the_end_is_remembered(
    qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob
) -> None:
    ears = make("three-epochs")
    ears.worker.train(job)
    wait(qtbot, lambda: len(ears.ended) == 1)
    assert ears.kinds == ["step", "step", "epoch"] * 3 + ["done"]
    assert ears.ended.last[1].kind == FINISHED
    assert TrainingJob.load(job.folder).status == DONE


def test_it_pauses_goes_on_and_stops(qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob) -> None:
    ears = make("endless")
    ears.worker.train(job)
    wait(qtbot, lambda: "epoch" in ears.kinds)
    for word, answer in (("pause", "paused"), ("go_on", "going_on"), ("stop", "stopped")):
        ears.worker.command(word)
        wait(qtbot, lambda answer=answer: answer in ears.kinds)
    wait(qtbot, lambda: len(ears.ended) == 1)
    assert ears.ended.last[1].kind == STOPPED
    assert TrainingJob.load(job.folder).status == RUNNING, "it can be gone on with"


@pytest.mark.skipif(os.name == "nt", reason="another scale")
def test_it_has_less_right_to_the_processor_and_leaves_a_core(
    qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "_make_humble", make_humble)
    ears = make("endless")
    ears.worker.train(job)
    wait(qtbot, lambda: "epoch" in ears.kinds)
    assert child().nice() == 19
    if sys.platform.startswith("linux"):
        assert os.sched_getscheduler(child().pid) == os.SCHED_IDLE
    assert child().environ()["OMP_NUM_THREADS"] == str(max((os.cpu_count() or 1) - 1, 1))


def test_killed_from_outside_it_can_be_gone_on_with(qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob) -> None:
    ears = make("endless")
    ears.worker.train(job)
    wait(qtbot, lambda: "epoch" in ears.kinds)
    child().kill()
    wait(qtbot, lambda: len(ears.ended) == 1)
    ending = ears.ended.last[1]
    assert ending.kind == BROKEN
    if os.name != "nt":
        assert str(ending.error) == "The training process was killed (SIGKILL); go on where it was saved."
    ears.worker.train(job, resume=True)
    wait(qtbot, lambda: ears.kinds.count("epoch") == 2)
    assert ears.happened.last[0].words[-1] == "--resume"


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [("crash", "broke off"), ("refuse", "There are too few patients; add frames of other patients.")],
)
def test_a_process_that_breaks_says_why(
    qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob, behaviour: str, told: str
) -> None:
    ears = make(behaviour)
    ears.worker.train(job)
    wait(qtbot, lambda: len(ears.ended) == 1)
    ending = ears.ended.last[1]
    assert ending.kind == BROKEN
    assert told in str(ending.error)
    if behaviour == "crash":
        assert "RuntimeError: a bug" in ending.error.details


def test_cancel_ends_a_preview_at_once(qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob) -> None:
    ears = make("deaf")
    ears.worker.preview(job, job.folder / "p.png")
    wait(qtbot, lambda: "epoch" in ears.kinds)
    ears.worker.command("cancel")
    wait(qtbot, lambda: len(ears.ended) == 1)
    assert ears.ended.last[1].kind == CANCELED


def test_when_the_window_closes_the_process_saves_and_ends(
    qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob
) -> None:
    ears = make("endless")
    ears.worker.train(job)
    wait(qtbot, lambda: "epoch" in ears.kinds)
    process = child()
    ears.worker.stop()
    ears.worker.wait()
    assert not process.is_running()
    assert TrainingJob.load(job.folder).status == RUNNING


def test_one_that_does_not_end_is_killed(
    qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob, caplog: pytest.LogCaptureFixture
) -> None:
    ears = make("deaf", patience_s=0.1)
    ears.worker.train(job)
    wait(qtbot, lambda: "epoch" in ears.kinds)
    process = child()
    ears.worker.stop()
    ears.worker.wait()
    assert not process.is_running()
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    caplog.clear()


def test_without_room_nothing_is_started(
    qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(Path.home())._replace(free=3 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    ears = make("three-epochs")
    ears.worker.train(job)
    wait(qtbot, lambda: len(ears.ended) == 1)
    assert str(ears.ended.last[1].error) == "Only 3 MB are free, and training needs 500; free some space."
    assert ears.kinds == []


def test_an_interrupted_job_is_found_with_its_curves(qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob) -> None:
    events: list[dict[str, Any]] = [{"event": "epoch", "epoch": 1, "loss": 0.5, "dice": 0.6}]
    job.save()
    job.run.mkdir()
    (job.run / "metrics.jsonl").write_text(json.dumps(events[0]) + '\n{"event": "ep')
    ears = make("three-epochs")
    ears.worker.look_for_interrupted()
    wait(qtbot, lambda: len(ears.found) == 1)
    assert ears.found.last == (job, events)
    ears.worker.forget(job)
    wait(qtbot, lambda: not job.folder.exists())
    job.save(status=DISCARDED)
    ears.worker.look_for_interrupted()
    ears.worker.train(job)
    wait(qtbot, lambda: len(ears.ended) == 1)
    assert len(ears.found) == 1


def test_a_second_one_waits_for_the_first(qtbot: QtBot, make: Callable[..., Ears], job: TrainingJob) -> None:
    ears = make("three-epochs")
    ears.worker.preview(job, job.folder / "p.png")
    ears.worker.train(job)
    wait(qtbot, lambda: len(ears.ended) == 2)
    assert [start.is_preview for start, _ in ears.ended.calls] == [True, False]
