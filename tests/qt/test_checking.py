"""A check of an explanation: made by its own worker, belongs to what is on screen, can be stopped."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state.explanation import ExplanationState
from tests.qt.fakes import FakeChecks


@pytest.fixture
def wish(pipeline: Pipeline, qtbot: QtBot) -> ExplanationState:
    """The first frame of the clip is explained."""
    pipeline.state.session.open("/clips/clip")
    wish = pipeline.state.explanation
    wish.set_method("lrp")
    qtbot.waitUntil(lambda: wish.relevance is not None)
    return wish


def ask(pipeline: Pipeline) -> None:
    frame, relevance = pipeline.state.playback.frame, pipeline.state.explanation.relevance
    assert frame is not None
    assert relevance is not None
    pipeline.state.explanation.check.ask(frame, relevance)


def test_the_explanation_on_screen_is_checked(
    pipeline: Pipeline, wish: ExplanationState, checks: FakeChecks, qtbot: QtBot
) -> None:
    ask(pipeline)
    qtbot.waitUntil(lambda: wish.check.result is not None)
    assert wish.check.result.relevance is wish.relevance
    assert checks.begun == [("fast", 0)]
    assert checks.threads == {"CheckWorker"}
    assert not wish.check.is_running


def test_a_check_can_be_stopped(pipeline: Pipeline, wish: ExplanationState, checks: FakeChecks, qtbot: QtBot) -> None:
    checks.gate.clear()
    ask(pipeline)
    qtbot.waitUntil(lambda: wish.check.share_done == 0.25)
    wish.check.stop()
    checks.gate.set()
    qtbot.waitUntil(lambda: checks.given_up == [0])
    assert wish.check.result is None


@pytest.mark.parametrize("change", ["frame", "rule", "off"])
def test_a_check_goes_with_its_explanation(
    pipeline: Pipeline, wish: ExplanationState, checks: FakeChecks, qtbot: QtBot, change: str
) -> None:
    ask(pipeline)
    qtbot.waitUntil(lambda: wish.check.result is not None)
    if change == "frame":
        pipeline.state.playback.seek(5)
    elif change == "rule":
        wish.set_rule("epsilon")
    else:
        wish.set_method("off")
    qtbot.waitUntil(lambda: wish.check.result is None)


def test_another_explanation_ends_the_check_that_runs(
    pipeline: Pipeline, wish: ExplanationState, checks: FakeChecks, qtbot: QtBot
) -> None:
    checks.gate.clear()
    ask(pipeline)
    qtbot.waitUntil(lambda: wish.check.share_done > 0)
    wish.set_rule("epsilon")
    checks.gate.set()
    qtbot.waitUntil(lambda: checks.given_up == [0])
    assert not wish.check.is_running


def test_why_there_is_none_is_told(
    pipeline: Pipeline, wish: ExplanationState, checks: FakeChecks, qtbot: QtBot
) -> None:
    checks.error = MedsegError("Nothing is left of these weights; choose others.")
    ask(pipeline)
    qtbot.waitUntil(lambda: wish.check.refusal is not None)
    assert "choose others" in str(wish.check.refusal)


def test_warnings_come_with_the_weights(wish: ExplanationState) -> None:
    assert wish.measured_on == 20
    assert "looks alike" in wish.warning_of(rule="zplus")
