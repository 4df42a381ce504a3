"""The training beside which playback is measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import MedsegError
from medseg_gui.qt import training_load
from medseg_gui.qt.workers.train import TrainWorker
from tests.qt.training_process import STEPS, command


def test_its_frames_can_be_learnt_from(tmp_path: Path) -> None:
    training_load.write_frames(tmp_path / "data")
    examples = read_dataset(tmp_path / "data")
    learnt, held_out = split_by_group(examples, 0.1, 0, ["held-out"])
    assert (len(learnt), len(held_out)) == (64, 8)


def test_it_learns_for_as_long_as_it_is_entered(qtbot: QtBot) -> None:
    worker = TrainWorker(command("endless"))
    with training_load.training("polyp-x", "unet_lite0", worker) as load:
        qtbot.waitUntil(lambda: load.steps == STEPS)
        assert load.error is None
    assert not worker.is_running


def test_a_process_that_breaks_is_told(qtbot: QtBot) -> None:
    worker = TrainWorker(command("refuse"))
    with pytest.raises(MedsegError, match="too few patients"), training_load.training("polyp-x", "unet_lite0", worker):
        pass
    assert not worker.is_running
