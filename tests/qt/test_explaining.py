"""The journey of an explanation: exact on a still frame, late but not stale in motion, never twice for nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.settings import Settings
from medseg_gui.types import POLYP, Frame, Target
from tests.qt.conftest import build_pipeline
from tests.qt.fakes import BLOCKS, SIZE, FakeExplainers, FakeMedia, FakeNetworks
from tests.qt.test_pipeline import go_to, open_and_wait, overlay_index


@pytest.fixture
def wish(pipeline: Pipeline) -> ExplanationState:
    """What is asked for and what came of it."""
    return pipeline.state.explanation


@pytest.fixture
def explained(pipeline: Pipeline, wish: ExplanationState, qtbot: QtBot) -> Pipeline:
    """A clip is open and its first frame explained with LRP."""
    open_and_wait(pipeline, qtbot)
    wish.set_method("lrp")
    wait_for_picture(wish, qtbot, 0)
    return pipeline


def wait_for_picture(wish: ExplanationState, qtbot: QtBot, index: int) -> None:
    qtbot.waitUntil(lambda: wish.picture is not None and wish.picture.relevance.frame_index == index)


def arrived(pipeline: Pipeline, qtbot: QtBot) -> int:
    """Index of the frame on screen, once the one that was asked for before the pause has come."""
    playback = pipeline.state.playback
    qtbot.waitUntil(lambda: playback.index == playback.wanted_index)
    return playback.index


def test_nothing_is_explained_before_somebody_asks(
    pipeline: Pipeline, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    open_and_wait(pipeline, qtbot)
    go_to(pipeline, qtbot, 3)
    assert not explainers.loaded


def test_the_frame_on_screen_is_explained_on_a_thread_of_its_own(
    explained: Pipeline, wish: ExplanationState, explainers: FakeExplainers
) -> None:
    assert wish.relevance.weights == "fast@00000000"
    assert wish.picture.main.rgba.shape == (32, 32, 4)
    assert wish.layer_names == BLOCKS
    assert not wish.is_computing
    assert wish.late_by == 0
    explained.close()
    assert explainers.loaded[0].threads == {"ExplainWorker"}


def test_on_a_still_frame_the_newest_wins_and_only_it_is_shown(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    explainers.gate.clear()
    for index in (1, 2, 3, 4):
        go_to(explained, qtbot, index)
        assert wish.picture is None  # another frame's map would be wrong here
        assert wish.is_computing
    explainers.gate.set()
    wait_for_picture(wish, qtbot, 4)
    later = explainers.indices[1:]  # at most the one that was begun before, and the newest
    assert later[-1] == 4
    assert len(later) <= 2


def test_prediction_does_not_wait_for_the_explanation(
    explained: Pipeline, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    explainers.gate.clear()
    for index in (1, 2):
        go_to(explained, qtbot, index)
        qtbot.waitUntil(lambda i=index: overlay_index(explained) == i)
    assert explained.state.explanation.is_computing


def test_going_back_is_instant(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    for index in (1, 2):
        go_to(explained, qtbot, index)
        wait_for_picture(wish, qtbot, index)
    explainers.gate.clear()
    for index in (1, 0, 2):
        go_to(explained, qtbot, index)
        wait_for_picture(wish, qtbot, index)
    assert len(explainers.seen) == 3
    assert (wish.cache.entries, wish.cache.hits, wish.cache.passes) == (3, 3, 3)


def test_twenty_toggles_of_layer_and_colours_make_no_pass(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    wish.set_strip_shown(True)
    for turn in range(20):
        wish.show_layer(("", *BLOCKS)[turn % 6])
        wish.set_clip(0.95 + 0.05 * (turn % 2))
        wish.set_opacity(0.5 + 0.1 * (turn % 2))
        wish.set_grey(turn % 2 == 0)
        wish.show_lesion(1, turn % 2 == 0)
    last = ("", *BLOCKS)[19 % 6]
    shape = {"": 32, "encoder 1": 16, "encoder 2": 8, "bottleneck": 4, "decoder 1": 8, "decoder 2": 16}[last]
    qtbot.waitUntil(lambda: wish.picture.main.rgba.shape[0] == shape and bool(wish.picture.layers))
    assert [y.name for y in wish.picture.layers] == ["", *BLOCKS]
    assert len(explainers.seen) == 1


def test_twenty_turns_of_tab_make_one_pass_for_each_method(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    for _ in range(20):
        wish.cycle_method()
        qtbot.waitUntil(lambda: not wish.is_on or wish.picture is not None)
    assert [request.method for _, request in explainers.seen] == ["lrp", "hirescam"]


def test_another_target_drops_the_old_one(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    shown: list[Target] = []
    wish.answer_changed.connect(lambda: shown.append(wish.relevance.request.target if wish.relevance else None))
    explainers.gate.clear()
    wish.set_target(Target("rim"))
    qtbot.waitUntil(lambda: len(explainers.seen) == 2)
    wish.set_target(Target("pixel", 5, 6))
    assert wish.picture is None
    explainers.gate.set()
    wait_for_picture(wish, qtbot, 0)
    assert shown == [None, Target("pixel", 5, 6)]


def test_in_motion_it_follows_at_its_own_rate_and_says_how_late_it_is(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    late: list[int] = []
    wish.late_changed.connect(late.append)
    explained.state.playback.play()
    qtbot.waitUntil(lambda: explained.state.playback.index >= 12)
    explained.state.playback.pause()
    assert 1 < len(explainers.seen) < 12
    assert max(late) > 0
    index = arrived(explained, qtbot)
    wait_for_picture(wish, qtbot, index)
    assert wish.late_by == 0


def test_what_is_too_old_goes(explained: Pipeline, wish: ExplanationState, qtbot: QtBot) -> None:
    playback = explained.state.playback
    playback.is_playing = True  # in motion, without a clock
    frame = playback.frame
    for index in (20, 26):  # 0.8 s and 1.04 s later
        explained.explaining._rest.start(60_000)
        playback.set_frame(Frame(index, index / 25, frame.source_id, frame.rgb))
        assert (wish.relevance is None, wish.late_by) == ((False, 20) if index == 20 else (True, 0))
    playback.is_playing = False


def test_pausing_explains_exactly_the_frame_on_screen(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    explainers.gate.clear()
    explained.state.playback.play()
    qtbot.waitUntil(lambda: explained.state.playback.index >= 3)
    explained.state.playback.pause()
    explainers.gate.set()
    index = arrived(explained, qtbot)
    wait_for_picture(wish, qtbot, index)
    assert explainers.indices[-1] == index


def test_a_refusal_is_one_sentence_and_goes_with_its_reason(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot
) -> None:
    explained.state.display.set_threshold(0.95)
    qtbot.waitUntil(lambda: wish.refusal is not None)
    assert "Nothing is marked" in str(wish.refusal)
    assert wish.picture is None
    explained.state.display.set_threshold(0.5)
    wait_for_picture(wish, qtbot, 0)
    assert wish.refusal is None


def test_a_map_that_is_not_finite_is_never_shown(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    explainers.loaded[0].spoil = True
    go_to(explained, qtbot, 1)
    qtbot.waitUntil(lambda: wish.refusal is not None)
    assert "not finite" in str(wish.refusal)
    assert wish.picture is None


def test_an_unexpected_error_is_logged_once_and_said_each_time(
    explained: Pipeline,
    wish: ExplanationState,
    qtbot: QtBot,
    explainers: FakeExplainers,
    caplog: pytest.LogCaptureFixture,
) -> None:
    explainers.loaded[0].error = ZeroDivisionError("in a rule")
    for index in (1, 2):
        go_to(explained, qtbot, index)
        qtbot.waitUntil(lambda: wish.refusal is not None)
    assert [r.levelname for r in caplog.records].count("ERROR") == 1
    caplog.clear()
    explainers.loaded[0].error = None
    go_to(explained, qtbot, 3)
    wait_for_picture(wish, qtbot, 3)


@pytest.mark.parametrize("when", ["loading", "explaining"])
def test_a_full_graphics_card_means_the_cpu_and_is_said_once(
    pipeline: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers, when: str
) -> None:
    notices: list[str] = []
    pipeline.state.session.noticed.connect(notices.append)
    if when == "loading":
        explainers.load_error = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    open_and_wait(pipeline, qtbot)
    wish.set_method("lrp")
    wait_for_picture(wish, qtbot, 0)
    explainers.loaded[0].fell_back = when == "explaining"
    for index in (1, 2):
        go_to(pipeline, qtbot, index)
        wait_for_picture(wish, qtbot, index)
    assert len(notices) == 1
    assert "on the CPU from now on" in notices[0]


def test_weights_that_cannot_be_explained_are_not_loaded_for_each_frame(
    pipeline: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    explainers.load_error = MedsegError("fast cannot be explained; use other weights.")
    open_and_wait(pipeline, qtbot)
    wish.set_method("lrp")
    for index in (1, 2):
        go_to(pipeline, qtbot, index)
        qtbot.waitUntil(lambda: wish.refusal is not None)
        assert "fast cannot be explained" in str(wish.refusal)
    assert explainers.attempts == 1


def test_stability_is_measured_for_this_frame_and_kept(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    wish.ask_stability()
    assert wish.picture is not None  # the map may stay meanwhile
    qtbot.waitUntil(lambda: wish.relevance.trust.stability is not None)
    go_to(explained, qtbot, 1)
    wait_for_picture(wish, qtbot, 1)
    assert wish.relevance.trust.stability is None
    go_to(explained, qtbot, 0)
    wait_for_picture(wish, qtbot, 0)
    assert wish.relevance.trust.stability == pytest.approx(0.91)
    assert len(explainers.seen) == 3


def test_other_weights_are_explained_by_their_own_network(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers, networks: FakeNetworks
) -> None:
    explained.state.session.choose_weights(POLYP, "slow")
    assert wish.picture is None
    qtbot.waitUntil(lambda: wish.picture is not None and wish.relevance.weights == "slow@00000000")
    assert [e.name for e in explainers.loaded] == ["fast", "slow"]
    explained.state.session.choose_weights(POLYP, "")
    assert wish.picture is None
    assert not wish.is_computing


def test_another_source_forgets_what_was_clicked(explained: Pipeline, wish: ExplanationState, qtbot: QtBot) -> None:
    wish.set_target(Target("pixel", 3, 4))
    wait_for_picture(wish, qtbot, 0)
    open_and_wait(explained, qtbot, "other")
    assert wish.target == Target()
    qtbot.waitUntil(lambda: wish.picture is not None and wish.relevance.source_id == "id-other")


def test_lane_fills_with_what_was_seen_and_remembers_each_question(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot
) -> None:
    go_to(explained, qtbot, 7)
    wait_for_picture(wish, qtbot, 7)
    seen = np.flatnonzero(~np.isnan(wish.lane))
    assert seen.tolist() == [0, 7]
    assert wish.lane[7] == pytest.approx(0.07)
    wish.set_rule("zplus")
    assert np.isnan(wish.lane).sum() >= 39
    wait_for_picture(wish, qtbot, 7)
    wish.set_rule("gamma")
    assert np.flatnonzero(~np.isnan(wish.lane)).tolist() == [0, 7]


def test_figure_is_saved_with_both_pictures(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "Erklärung ü.png"
    with qtbot.waitSignal(explained.state.session.noticed):
        wish.order_figure(str(file), explained.state.playback.frame)
    image = QImage(str(file))
    assert image.width() > 2 * 720
    assert image.height() > 720 * SIZE[0] / SIZE[1]
    assert [p.name for p in tmp_path.iterdir()] == [file.name]


def test_figure_that_cannot_be_saved_is_said(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, tmp_path: Path
) -> None:
    problems: list[MedsegError] = []
    explained.state.session.failed.connect(problems.append)
    wish.order_figure(str(tmp_path / "gone" / "figure.png"), explained.state.playback.frame)
    qtbot.waitUntil(lambda: bool(problems))
    assert "figure.png cannot be saved" in str(problems[0])


def test_how_one_explains_is_remembered(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, saved: list[Settings]
) -> None:
    wish.set_rule("gamma")
    wish.set_clip(0.97)
    wish.set_opacity(0.4)
    wish.set_grey(False)
    wish.set_smooth(True)
    wish.set_target(Target("pixel", 1, 2))
    wish.set_method("gradcam")
    wish.set_layer("bottleneck")
    qtbot.waitUntil(lambda: bool(saved) and saved[-1].explain_layer == "bottleneck")
    again = build_pipeline(FakeMedia(), FakeNetworks(), [], saved[-1])
    restored = again.state.explanation
    assert (restored.method, restored.cam, restored.rule, restored.layer) == (
        "gradcam",
        "gradcam",
        "gamma",
        "bottleneck",
    )
    assert (restored.clip, restored.opacity, restored.is_grey, restored.is_smooth) == (0.97, 0.4, False, True)
    assert restored.target == Target()  # a place that was clicked belongs to its frame


def test_unusable_settings_give_the_defaults(qapp: object) -> None:
    settings = Settings(explain_method="magic", explain_cam="lrp", explain_rule="?", explain_clip=7.0)
    wish = build_pipeline(FakeMedia(), FakeNetworks(), [], settings).state.explanation
    assert (wish.method, wish.cam, wish.rule, wish.clip) == ("off", "hirescam", "gamma", 1.0)


def test_without_weights_the_sentence_says_what_to_choose(
    explained: Pipeline, wish: ExplanationState, explainers: FakeExplainers
) -> None:
    explained.state.session.choose_weights(POLYP, "")
    assert str(wish.refusal) == "No weights look for polyp; choose some in the tool bar."
    assert len(explainers.seen) == 1


def test_where_it_cannot_follow_it_says_so_until_one_pauses(
    explained: Pipeline, wish: ExplanationState, qtbot: QtBot, explainers: FakeExplainers
) -> None:
    playback, frame = explained.state.playback, explained.state.playback.frame
    explainers.gate.clear()
    playback.is_playing = True  # in motion, without a clock
    for index in (1, 30):
        playback.set_frame(Frame(index, index / 25, frame.source_id, frame.rgb))
    explainers.gate.set()
    qtbot.waitUntil(lambda: wish.refusal is not None)
    assert "pause to see" in str(wish.refusal)
    playback.pause()
    wait_for_picture(wish, qtbot, 30)
    assert wish.refusal is None


def test_weights_are_loaded_to_predict_first(
    pipeline: Pipeline,
    wish: ExplanationState,
    qtbot: QtBot,
    explainers: FakeExplainers,
    networks: FakeNetworks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    load_to_predict, load_to_explain = networks.load, explainers.load
    monkeypatch.setattr(networks, "load", lambda name: order.append(f"predict {name}") or load_to_predict(name))
    monkeypatch.setattr(explainers, "load", lambda name: order.append(f"explain {name}") or load_to_explain(name))
    open_and_wait(pipeline, qtbot)
    wish.set_method("lrp")
    wait_for_picture(wish, qtbot, 0)
    pipeline.state.session.choose_weights(POLYP, "slow")
    qtbot.waitUntil(lambda: wish.picture is not None and wish.relevance.weights == "slow@00000000")
    assert order[-3:] == ["explain fast", "predict slow", "explain slow"]
