"""The training beside which playback is measured."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError
from medseg_gui.qt import training_load
from medseg_gui.qt.workers.train import TrainWorker
from tests.qt.training_process import STEPS, command


@pytest.fixture(autouse=True)
def no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake process learns from nothing."""
    monkeypatch.setattr(training_load, "write_dataset", lambda *args, **kwargs: None)


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
