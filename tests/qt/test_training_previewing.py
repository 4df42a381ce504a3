"""What guided augmentation takes away, told by a fake process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state import training as t
from tests.qt.training_scene import open_page, wait


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
