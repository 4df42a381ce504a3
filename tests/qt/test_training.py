"""A fine-tuning through the whole pipeline, with a fake process: it begins, waits, breaks off, is gone on with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state import training as t
from medseg_gui.training.job import all_jobs
from tests.qt.training_scene import RECORDINGS, failures, open_page, wait


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
