"""How far a fine-tuning is, event by event."""

from __future__ import annotations

import pytest

from medseg_gui.qt.state import training as t
from medseg_gui.qt.training_progress import progressed


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
