"""The journey of a correction, with real workers: what it starts from, through time, back by undo, settings."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.project.records import ACCEPTED, CORRECTED
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.propagation import PropagationState
from medseg_gui.qt.views.tools.cut_tool import cut_crossed
from medseg_gui.settings import Settings
from tests.qt.conftest import build_pipeline
from tests.qt.fakes import FakeMedia, FakeNetworks, Heard
from tests.qt.test_pipeline import go_to, open_and_wait


@pytest.fixture
def correction(pipeline: Pipeline, qtbot: QtBot) -> CorrectionState:
    """A clip is open; its first frame is predicted."""
    open_and_wait(pipeline, qtbot)
    wait_for_proposal(pipeline, qtbot)
    return pipeline.state.correction


@pytest.fixture
def run(pipeline: Pipeline) -> PropagationState:
    """Lesions that were carried."""
    return pipeline.state.propagation


def wait_for_proposal(pipeline: Pipeline, qtbot: QtBot) -> None:
    correction = pipeline.state.correction
    qtbot.waitUntil(lambda: correction.proposal is not None and bool(correction.proposal.weights))
    qtbot.waitUntil(lambda: not correction.is_awaited)


def settle(correction: CorrectionState, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not correction.is_pending and not correction.is_busy)


def draw(correction: CorrectionState, qtbot: QtBot, x: float = 10, y: float = 10) -> None:
    assert correction.begin_stroke(x, y, 1.0, erases=False)
    correction.end_stroke()
    settle(correction, qtbot)


def carry(run: PropagationState, qtbot: QtBot, direction: str) -> None:
    run.carry(direction)
    qtbot.waitUntil(lambda: not run.is_running)


def test_correction_starts_from_what_the_network_sees(
    pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot
) -> None:
    edits = Heard(correction.edited)
    correction.accept()
    settle(correction, qtbot)
    (edit,) = edits.last
    assert edit.state == ACCEPTED
    assert edit.weights == "fast@00000000"
    assert edit.lesions[0].mask.area_px == pytest.approx(48 * 64 / 4, rel=0.2)


def test_the_threshold_decides_what_a_correction_starts_from(
    pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot
) -> None:
    pipeline.state.display.set_threshold(0.9)
    qtbot.waitUntil(lambda: correction.shown is not None and not correction.shown.lesions.classes)


def test_without_weights_a_correction_starts_from_nothing(
    pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot
) -> None:
    pipeline.state.session.choose_weights(1, "")
    go_to(pipeline, qtbot, 5)
    assert correction.base is not None
    assert not correction.base.classes


def test_tool_pauses_playback_and_playing_puts_it_away(
    pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot
) -> None:
    pipeline.state.display.set_mask_style("off")
    pipeline.state.playback.play()
    correction.set_tool("brush")
    assert not pipeline.state.playback.is_playing
    assert pipeline.state.display.mask_style == "filled"
    pipeline.state.playback.play()
    assert correction.tool == ""
    pipeline.state.playback.pause()


def test_camera_cannot_be_corrected(pipeline: Pipeline, qtbot: QtBot) -> None:
    pipeline.state.session.open("camera:0")
    qtbot.waitUntil(lambda: pipeline.state.playback.frame is not None)
    assert pipeline.state.correction.key is None


def test_undo_leads_to_the_frame_and_redo_back(pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot) -> None:
    steps = Heard(correction.undone)
    for index in (3, 8):
        go_to(pipeline, qtbot, index)
        wait_for_proposal(pipeline, qtbot)
        draw(correction, qtbot)
    correction.undo()
    correction.undo()
    qtbot.waitUntil(lambda: len(steps) == 2)
    assert pipeline.state.playback.index == 3
    assert not correction.is_corrected
    correction.redo()
    correction.redo()
    qtbot.waitUntil(lambda: pipeline.state.playback.index == 8 and correction.is_corrected)


def test_undo_in_a_source_that_is_gone_says_so(pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot) -> None:
    offers = Heard(pipeline.state.session.offered)
    draw(correction, qtbot)
    project, key = pipeline.state.project, correction.key
    assert key is not None
    qtbot.waitUntil(lambda: project.info is not None and key.source_hash in project.info.missing)
    pipeline.state.session.open("other")
    qtbot.waitUntil(lambda: correction.key is not None and correction.key.source_hash == "id-other")
    correction.undo()
    assert "not where it was" in offers.last[0]
    pipeline.state.session.open("clip")
    qtbot.waitUntil(lambda: correction.is_corrected)
    correction.undo()
    qtbot.waitUntil(lambda: not correction.is_corrected)


def test_tool_that_fails_says_so_and_changes_nothing(
    pipeline: Pipeline, correction: CorrectionState, qtbot: QtBot
) -> None:
    failures = Heard(pipeline.state.session.failed)
    correction.ask("cut", lambda lesions: cut_crossed(lesions, [(1.0, 1.0), (5.0, 1.0)]))
    qtbot.waitUntil(lambda: len(failures) == 1)
    assert "crosses no lesion" in str(failures.last[0])
    assert not correction.is_busy
    assert not correction.is_corrected


def test_mask_is_carried_on_and_accepted_as_steps(
    pipeline: Pipeline, correction: CorrectionState, run: PropagationState, qtbot: QtBot
) -> None:
    edits = Heard(correction.edited)
    correction.accept()
    settle(correction, qtbot)
    run.set_count(4)
    carry(run, qtbot, "forward")
    assert sorted(run.frames) == [1, 2, 3, 4]
    assert len(edits) == 1
    go_to(pipeline, qtbot, 3)
    qtbot.waitUntil(lambda: correction.proposal is not None and correction.proposal.confidence is not None)
    assert not correction.is_corrected
    run.accept()
    qtbot.waitUntil(lambda: len(edits) == 5)
    assert correction.is_corrected
    assert run.span is None
    assert [call[0].key.index for call in edits.calls] == [0, 1, 2, 3, 4]
    assert edits.last[0].state == CORRECTED
    correction.undo()
    qtbot.waitUntil(lambda: pipeline.state.playback.index == 4 and not correction.is_corrected)


def test_rejected_run_leaves_the_prediction(
    pipeline: Pipeline, correction: CorrectionState, run: PropagationState, qtbot: QtBot
) -> None:
    correction.accept()
    settle(correction, qtbot)
    run.set_count(2)
    carry(run, qtbot, "forward")
    go_to(pipeline, qtbot, 1)
    qtbot.waitUntil(lambda: correction.proposal is not None and correction.proposal.confidence is not None)
    run.reject()
    wait_for_proposal(pipeline, qtbot)
    assert correction.proposal is not None
    assert correction.proposal.confidence is None
    assert list(correction.corrected) == [0]


def test_carrying_ends_before_a_corrected_frame(
    pipeline: Pipeline, correction: CorrectionState, run: PropagationState, qtbot: QtBot
) -> None:
    for index in (6, 2):
        go_to(pipeline, qtbot, index)
        wait_for_proposal(pipeline, qtbot)
        draw(correction, qtbot)
    carry(run, qtbot, "forward")
    assert sorted(run.frames) == [3, 4, 5]
    carry(run, qtbot, "back")
    assert sorted(run.frames) == [0, 1]


def test_carrying_needs_a_corrected_frame(
    pipeline: Pipeline, correction: CorrectionState, run: PropagationState, qtbot: QtBot
) -> None:
    notices = Heard(pipeline.state.session.noticed)
    run.carry("forward")
    run.carry("between")
    assert len(notices) == 2
    assert not run.is_running


def test_frames_between_two_are_filled(
    pipeline: Pipeline, correction: CorrectionState, run: PropagationState, qtbot: QtBot
) -> None:
    for index in (2, 6):
        go_to(pipeline, qtbot, index)
        wait_for_proposal(pipeline, qtbot)
        draw(correction, qtbot, 20 + index, 20)
    carry(run, qtbot, "between")
    assert sorted(run.frames) == [3, 4, 5]
    assert all(f.edit.title == "interpolated mask" for f in run.frames.values())


def test_carrying_can_be_stopped(
    pipeline: Pipeline, correction: CorrectionState, run: PropagationState, networks: FakeNetworks, qtbot: QtBot
) -> None:
    correction.accept()
    settle(correction, qtbot)
    networks.gate.clear()
    run.carry("forward")
    qtbot.waitUntil(lambda: len(networks.loaded) == 2)
    run.stop()
    networks.gate.set()
    qtbot.waitUntil(lambda: not run.is_running)
    assert len(run.frames) <= 1
    assert run.reason == "stopped"


def test_how_one_corrects_is_remembered(
    media: FakeMedia, networks: FakeNetworks, saved: list[Settings], qtbot: QtBot
) -> None:
    pipeline = build_pipeline(media, networks, saved, Settings(polyp_weights="fast"))
    correction = pipeline.state.correction
    correction.set_brush_px(33.0)
    correction.set_class(2)
    correction.set_start_from("empty")
    now = pipeline.settings.now
    assert (now.brush_px, now.new_class, now.start_from) == (33.0, 2, "empty")
    again = build_pipeline(media, networks, saved, now).state.correction
    assert (again.brush_px, again.class_id, again.start_from) == (33.0, 2, "empty")
