"""From a stroke in the window to the disk and back: the whole pipeline with a real project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.project.records import ACCEPTED, CORRECTED, REJECTED, SKIPPED, TO_DO, FrameKey
from medseg_gui.project.store import Project
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import STATE_CODES, Saving, saving_text
from medseg_gui.qt.workers.keeper import DEFAULT_NAME
from medseg_gui.settings import Settings
from medseg_gui.types import POLYP
from tests.qt.conftest import build_pipeline
from tests.qt.fakes import SIZE, FakeMedia, FakeNetworks

CLIP_ID = "id-clip"


@pytest.fixture
def state(pipeline: Pipeline) -> AppState:
    return pipeline.state


@pytest.fixture
def clip(tmp_path: Path) -> str:
    """A file, so that the source is not missing; its frames are those of the fake."""
    (tmp_path / "clip").write_bytes(b"x")
    return str(tmp_path / "clip")


def shown(state: AppState, index: int) -> bool:
    """Whether a frame is on screen and ready to be corrected."""
    frame, correction = state.playback.frame, state.correction
    return frame is not None and frame.index == index and correction.base is not None and not correction.is_awaited


def open_clip(qtbot: QtBot, state: AppState, clip: str) -> None:
    state.session.open(clip)
    qtbot.waitUntil(lambda: shown(state, 0))


def go(qtbot: QtBot, state: AppState, index: int) -> None:
    state.playback.seek(index)
    qtbot.waitUntil(lambda: shown(state, index))


def stroke(qtbot: QtBot, state: AppState, x: float = 20, y: float = 20) -> None:
    """A person paints a dot."""
    assert state.correction.begin_stroke(x, y, 1.0, erases=False)
    with qtbot.waitSignal(state.correction.edited):
        state.correction.end_stroke()


def is_saved(state: AppState) -> bool:
    return not state.project.is_saving and state.project.saving == Saving()


def labels(state: AppState) -> np.ndarray:
    assert state.correction.lesions is not None
    return state.correction.lesions.labels.copy()


def stored(folder: Path, index: int) -> tuple[str, int]:
    """(state, marked pixels) of a frame on the disk."""
    with Project(folder) as project:
        key = FrameKey(CLIP_ID, index, index / 25)
        record = project.frame(key)
        return (record.state, sum(x.mask.area_px for x in project.read_mask(key))) if record else ("", 0)


def test_a_first_stroke_opens_a_project_by_itself(qtbot: QtBot, pipeline: Pipeline, state: AppState, clip: str) -> None:
    open_clip(qtbot, state, clip)
    assert saving_text(state.project) == ""
    stroke(qtbot, state)
    drawn = labels(state)
    qtbot.waitUntil(lambda: is_saved(state) and state.project.record is not None)
    assert state.project.info.is_default
    assert saving_text(state.project) == "all saved"
    assert state.project.record.state == CORRECTED
    assert (labels(state) == drawn).all(), "what comes back from the disk changes nothing"
    assert state.project.lane[0] == STATE_CODES[CORRECTED]
    pipeline.close()
    assert stored(paths.user_projects_dir() / DEFAULT_NAME, 0) == (CORRECTED, int((drawn > 0).sum()))


def test_stored_masks_come_back_with_their_frames(
    qtbot: QtBot, pipeline: Pipeline, state: AppState, clip: str, media: FakeMedia, networks: FakeNetworks
) -> None:
    """Correct two frames, close the window, open it again: masks, states and undo are as they were."""
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(Path(clip).with_name("p")))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    drawn = {}
    for index in (3, 5):
        go(qtbot, state, index)
        stroke(qtbot, state, 10 + index, 30)
        drawn[index] = labels(state)
    qtbot.waitUntil(lambda: state.project.content is not None and state.project.content.key.index == 5)
    pipeline.close()

    second = build_pipeline(media, networks, [], Settings(polyp_weights="fast"))
    second.start()
    try:
        state = second.state
        state.session.open(str(Path(clip).with_name("p")))
        qtbot.waitUntil(lambda: shown(state, 5) and state.correction.is_corrected)
        assert (labels(state) == drawn[5]).all(), "the last frame is shown again"
        go(qtbot, state, 3)
        assert (labels(state) == drawn[3]).all()
        assert state.correction.undo_title == "brush"
        state.correction.undo()
        qtbot.waitUntil(lambda: shown(state, 5) and not state.correction.is_corrected)
        state.correction.undo()
        qtbot.waitUntil(lambda: shown(state, 3) and not state.correction.is_corrected)
        state.correction.redo()
        qtbot.waitUntil(lambda: state.correction.is_corrected)
        assert (labels(state) == drawn[3]).all()
    finally:
        second.close()
    assert [stored(Path(clip).with_name("p"), i)[0] for i in (3, 5)] == [CORRECTED, TO_DO]


def test_a_mask_is_not_carried_over_those_of_earlier_days(
    qtbot: QtBot, pipeline: Pipeline, state: AppState, clip: str, media: FakeMedia, networks: FakeNetworks
) -> None:
    """Frame 4 was corrected, frame 7 accepted; neither was looked at since the window was opened again."""
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(Path(clip).with_name("p")))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    go(qtbot, state, 4)
    stroke(qtbot, state)
    go(qtbot, state, 7)
    with qtbot.waitSignal(state.correction.edited):
        state.correction.accept()
    go(qtbot, state, 0)
    qtbot.waitUntil(lambda: is_saved(state))
    pipeline.close()

    second = build_pipeline(media, networks, [], Settings(polyp_weights="fast"))
    second.start()
    try:
        state, run = second.state, second.state.propagation
        state.session.open(str(Path(clip).with_name("p")))
        qtbot.waitUntil(lambda: len(state.project.lane) > 7 and state.project.lane[[4, 7]].all())
        for index, direction, carried in ((2, "forward", [3]), (6, "back", [5]), (6, "forward", [])):
            go(qtbot, state, index)
            if not state.correction.is_corrected:
                stroke(qtbot, state)
            run.carry(direction)
            qtbot.waitUntil(lambda: not run.is_running)
            assert sorted(run.frames) == carried
            run.reject()
    finally:
        second.close()


def test_undo_in_the_window_is_undo_in_the_project(
    qtbot: QtBot, pipeline: Pipeline, state: AppState, clip: str, tmp_path: Path
) -> None:
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    for x in (10, 30, 50):
        stroke(qtbot, state, x)
    state.correction.undo()
    state.correction.undo()
    state.correction.redo()
    left = labels(state)
    qtbot.waitUntil(lambda: is_saved(state))
    pipeline.close()
    assert stored(tmp_path / "p", 0) == (CORRECTED, int((left > 0).sum()))
    with Project(tmp_path / "p") as project:
        assert [len(titles) for titles in project.undo_titles()] == [2, 1]


def test_a_stroke_of_the_last_moment_is_saved(
    qtbot: QtBot, pipeline: Pipeline, state: AppState, clip: str, tmp_path: Path
) -> None:
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    assert state.correction.begin_stroke(20, 20, 1.0, erases=False)
    state.correction.end_stroke()
    pipeline.close()
    assert stored(tmp_path / "p", 0)[0] == CORRECTED


def test_another_project_has_other_masks_and_no_undo_of_the_first(
    qtbot: QtBot, state: AppState, clip: str, tmp_path: Path
) -> None:
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    stroke(qtbot, state)
    drawn = labels(state)
    state.project.ask(orders.CreateProject(tmp_path / "q"))
    qtbot.waitUntil(lambda: state.project.info.name == "q" and shown(state, 0) and not state.correction.is_corrected)
    assert state.correction.undo_title == ""
    state.project.ask(orders.OpenProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info.name == "p" and state.correction.is_corrected)
    assert (labels(state) == drawn).all()


def test_a_pulled_stick_keeps_the_work_in_the_window(
    qtbot: QtBot, state: AppState, clip: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    stroke(qtbot, state)
    qtbot.waitUntil(lambda: is_saved(state))
    (tmp_path / "p").rename(tmp_path / "away")
    failed: list[str] = []
    state.session.failed.connect(lambda e: failed.append(str(e)))
    stroke(qtbot, state, 40)
    stroke(qtbot, state, 50)
    drawn = labels(state)
    qtbot.waitUntil(lambda: state.project.saving.waiting == 2)
    assert saving_text(state.project) == "2 edits not saved: the project p cannot be reached — retrying"
    go(qtbot, state, 7)
    go(qtbot, state, 0)
    assert (labels(state) == drawn).all()
    (tmp_path / "away").rename(tmp_path / "p")
    state.project.ask(orders.SaveNow())
    qtbot.waitUntil(lambda: is_saved(state))
    assert len(failed) == 1, "told once"
    caplog.clear()


def test_the_queue_is_walked_and_decided(
    qtbot: QtBot, pipeline: Pipeline, state: AppState, clip: str, tmp_path: Path
) -> None:
    open_clip(qtbot, state, clip)
    keys = tuple(FrameKey(CLIP_ID, i, i / 25) for i in (2, 4, 6, 8))
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    state.project.ask(orders.AddFrames(keys, SIZE))
    qtbot.waitUntil(lambda: len(state.review.listed.records) == 4)
    assert state.review.step(1)
    qtbot.waitUntil(lambda: shown(state, 2))
    for index, decision in ((2, ACCEPTED), (4, REJECTED), (6, SKIPPED)):
        state.review.decide(decision)
        qtbot.waitUntil(lambda i=index: shown(state, i + 2))
    qtbot.waitUntil(lambda: state.review.progress == (3, 4))
    assert state.review.states == [ACCEPTED, REJECTED, SKIPPED, TO_DO]
    assert [state.project.lane[i] for i in (2, 4, 6, 8)] == [STATE_CODES[s] for s in state.review.states]
    pipeline.close()
    assert stored(tmp_path / "p", 2)[1] > 0, "the prediction became the mask"
    assert stored(tmp_path / "p", 4) == (REJECTED, 0)


@pytest.mark.parametrize("order", ["uncertainty", "flicker", "relevance outside"])
def test_scores_are_computed_in_the_background_and_order_the_queue(
    qtbot: QtBot, state: AppState, clip: str, tmp_path: Path, order: str
) -> None:
    open_clip(qtbot, state, clip)
    keys = tuple(FrameKey(CLIP_ID, i, i / 25) for i in range(1, 6))
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    state.project.ask(orders.AddFrames(keys, SIZE))
    qtbot.waitUntil(lambda: len(state.review.listed.records) == 5)
    state.review.set_order(order)
    qtbot.waitUntil(lambda: state.review.listed.unscored == 5)
    qtbot.waitUntil(lambda: state.review.score_weights != "")
    state.review.compute_scores()
    assert state.review.scoring == (0, 5)
    qtbot.waitUntil(lambda: state.review.scoring is None and state.review.listed.unscored == 0)
    scores, made_by = state.review.listed.scores, state.review.score_weights
    assert (np.diff(scores) <= 0).all()
    assert "fast@00000000" in made_by
    assert state.review.listed.weights == (made_by,) * 5
    state.session.choose_weights(POLYP, "slow")
    qtbot.waitUntil(lambda: len(state.review.listed.outdated(state.review.score_weights)) == 5)
    state.review.compute_scores()
    qtbot.waitUntil(lambda: state.review.scoring is None and set(state.review.listed.weights) - {made_by} != set())
    assert state.review.listed.weights == (state.review.score_weights,) * 5
    if order == "relevance outside":  # the fake tells the frame by it
        assert [r.key.index for r in state.review.listed.records] == [5, 4, 3, 2, 1]


def test_a_walk_through_two_sources_opens_the_other_one(
    qtbot: QtBot, state: AppState, clip: str, tmp_path: Path
) -> None:
    (tmp_path / "other").write_bytes(b"y")
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    state.project.ask(orders.AddFrames((FrameKey(CLIP_ID, 2, 2 / 25),), SIZE))
    qtbot.waitUntil(lambda: len(state.review.listed.records) == 1)
    state.session.open(str(tmp_path / "other"))
    qtbot.waitUntil(lambda: state.playback.frame is not None and state.playback.frame.source_id == "id-other")
    qtbot.waitUntil(lambda: len(state.project.info.sources) == 2)
    assert state.review.step(1)
    qtbot.waitUntil(lambda: shown(state, 2) and state.playback.frame.source_id == CLIP_ID)


def test_two_readers_are_compared(qtbot: QtBot, state: AppState, clip: str, tmp_path: Path) -> None:
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    stroke(qtbot, state, 12)
    state.project.ask(orders.SetReader(2))
    qtbot.waitUntil(lambda: state.project.info.reader == 2 and shown(state, 0))
    assert not state.correction.is_corrected, "blind"
    assert state.correction.undo_title == ""
    stroke(qtbot, state, 50)
    state.project.ask(orders.SetReader(1))
    qtbot.waitUntil(lambda: state.project.info.reader == 1 and shown(state, 0))
    state.review.set_comparing(True)
    qtbot.waitUntil(lambda: state.review.comparison is not None)
    assert 0 < state.review.comparison.dice < 1
    state.review.set_order("disagreement")
    qtbot.waitUntil(lambda: state.review.listed.order == "disagreement")
    assert state.review.listed.scores[0] == pytest.approx(state.review.comparison.dice)


def test_a_camera_is_not_annotated(qtbot: QtBot, state: AppState, tmp_path: Path) -> None:
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    state.session.open("camera:0")
    qtbot.waitUntil(lambda: state.playback.frame is not None)
    state.review.decide(ACCEPTED)
    state.playback.pause()
    assert state.project.info is None or not state.project.info.sources


def test_the_lane_of_a_project_shows_when_it_is_opened_over_its_own_source(
    qtbot: QtBot, state: AppState, clip: str, tmp_path: Path
) -> None:
    open_clip(qtbot, state, clip)
    state.project.ask(orders.CreateProject(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.info is not None and shown(state, 0))
    go(qtbot, state, 4)
    stroke(qtbot, state)
    qtbot.waitUntil(lambda: is_saved(state))
    state.project.ask(orders.CloseProject())
    qtbot.waitUntil(lambda: state.project.info is None)
    assert not state.project.lane.any()
    state.session.open(str(tmp_path / "p"))
    qtbot.waitUntil(lambda: state.project.lane.any())
    assert state.project.lane[4] == STATE_CODES[CORRECTED]
