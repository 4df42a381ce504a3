"""What is planned on the training page: frames, patients, hospitals, and what was chosen of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pytestqt.qtbot import QtBot

from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state import training as t
from tests.qt.training_scene import open_page, wait


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


def test_a_plan_that_is_replaced_keeps_what_was_chosen() -> None:
    training = t.TrainingState()
    training.change_plan(p=0.4)
    training.change_plan(recipe="quick")
    assert training.plan == replace(t.TrainingPlan(), p=0.4, recipe="quick")
