"""From what was learnt to a version in use, and back; once with a real process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.session import WeightsEntry
from medseg_gui.qt.state.training_result import HeldOutFrame, Verdict
from medseg_gui.types import POLYP
from tests.qt.fakes import FakeNetworks
from tests.qt.training_scene import failures, open_page, wait


def test_worse_weights_are_not_put_to_use(
    qtbot: QtBot, start: Callable[[], Pipeline], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = start()
    state = open_page(qtbot, pipeline, project)
    monkeypatch.setattr(t.TrainingState, "compare", lambda self: None)
    state.training.start()
    wait(qtbot, lambda: bool(state.training.progress.dices))
    job = state.training.job
    verdict = Verdict("Worse.", False, {}, {}, (HeldOutFrame("x.png", 0.9, 0.8),))
    pipeline.judging.on_judged(job, verdict)
    pipeline.judging.on_accepted(job, "polyp-v2", is_active=False)
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
