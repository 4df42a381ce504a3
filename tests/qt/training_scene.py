"""A project with a few corrected pictures of two hospitals, and a person who opens the training page on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from pytestqt.qtbot import QtBot

from medseg_gui.media.folder import ImageFolder
from medseg_gui.project.records import FrameKey, lesions_from_class_mask
from medseg_gui.project.store import Project
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.types import POLYP

SIZE = (64, 64)
RECORDINGS = {"one": ("A", 6), "two": ("B", 4), "three": ("A", 2)}  # name -> (centre, pictures)
_PATIENCE_MS = 180_000  # a process of its own takes its time where the processor is busy


def wait(qtbot: QtBot, is_so: Callable[[], bool]) -> None:
    """Until something is so that a process must do first."""
    qtbot.waitUntil(is_so, timeout=_PATIENCE_MS)


def make_project(folder: Path, recordings: dict[str, tuple[str, int]]) -> Path:
    """A project beside its sources.

    Args:
        folder: for the project and the sources.
        recordings: name of each source -> (centre, pictures); each picture shows a polyp.
    """
    rng = np.random.default_rng(0)
    with Project.create(folder / "project", "Ada") as project:
        for number, (name, (centre, count)) in enumerate(recordings.items()):
            (folder / name).mkdir()
            base = cv2.resize(rng.integers(90, 200, (4, 4, 3), np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
            for i in range(count):
                picture = base.copy()
                cv2.circle(picture, (20 + i, 30), 10, (40, 40, 220), -1)
                cv2.imwrite(str(folder / name / f"OP{number}_{i}.png"), picture)
            source = ImageFolder(folder / name)
            project.add_source(source, centre)
            for i, time_s in enumerate(source.frame_times):
                mask = np.zeros(SIZE, np.uint8)
                cv2.circle(mask, (20 + i, 30), 10, POLYP, -1)
                key = FrameKey(source.source_id, i, float(time_s))
                project.write_mask(key, lesions_from_class_mask(mask), SIZE, name=source.names[i])
    return folder / "project"


def open_page(qtbot: QtBot, pipeline: Pipeline, project: Path) -> AppState:
    """A person opens the project, then the page."""
    state = pipeline.state
    told = failures(state)
    state.project.ask(orders.OpenProject(project))
    wait(qtbot, lambda: state.project.info is not None and bool(state.session.weights))
    wait(qtbot, lambda: bool(told))  # of the first recording, which the fake player does not know
    state.training.show(True)
    wait(qtbot, lambda: state.training.plan.frames is not None)
    return state


def failures(state: AppState) -> list[str]:
    """What the person is told of failures from now on."""
    told: list[str] = []
    state.session.failed.connect(lambda error: told.append(str(error)))
    return told
