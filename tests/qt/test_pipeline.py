"""The journey of a frame: what is shown, what is thrown away, and that the picture waits for nobody."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError
from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.qt.state.performance import Rates
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.settings import Settings
from medseg_gui.types import INSTRUMENT, POLYP, Frame, Segmentation
from tests.qt.conftest import build_pipeline
from tests.qt.fakes import FakeMedia, FakeNetworks
from tests.qt.pipeline_scene import go_to, open_and_wait, overlay_index, source_title


@pytest.fixture
def problems(pipeline: Pipeline) -> list[MedsegError]:
    """What the window would show as errors."""
    shown: list[MedsegError] = []
    pipeline.state.session.failed.connect(shown.append)
    return shown


def test_an_opened_source_shows_its_first_frame_with_what_the_network_sees(pipeline: Pipeline, qtbot: QtBot) -> None:
    open_and_wait(pipeline, qtbot)
    state = pipeline.state
    assert state.playback.index == 0
    assert state.analysis.overlay.areas_px[POLYP] == pytest.approx(48 * 64 / 4, rel=0.2)
    assert state.analysis.late_by == 0
    assert state.session.device == "CPU: in a test · torch"
    assert not state.session.is_opening


def test_work_is_done_on_the_workers_threads(
    pipeline: Pipeline, qtbot: QtBot, media: FakeMedia, networks: FakeNetworks
) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.close()
    assert media.opened[0].threads == {"DecodeWorker"}
    assert networks.named("fast").threads == {"SegmentWorker"}
    assert media.opened[0].is_closed


def test_the_picture_never_waits_for_the_network(pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks) -> None:
    open_and_wait(pipeline, qtbot)
    networks.gate.clear()
    go_to(pipeline, qtbot, 1)
    qtbot.waitUntil(lambda: networks.named("fast").seen[-1] == 1)
    for index in (2, 3, 4, 5):
        go_to(pipeline, qtbot, index)
    networks.gate.set()
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 5)
    later = [i for i in networks.named("fast").seen if i > 0]  # the first may be seen before and after loading
    assert later == [1, 5]  # the one it had begun with and the newest, nothing queues up
    assert pipeline.state.analysis.late_by == 0


def test_passed_over_frames_are_counted(pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.counter.stop()  # we tell when to tell
    pipeline.counter.tell()
    networks.gate.clear()
    go_to(pipeline, qtbot, 1)
    qtbot.waitUntil(lambda: networks.named("fast").seen[-1] == 1)
    for index in (2, 3, 4):
        go_to(pipeline, qtbot, index)
    pipeline.counter.tell()
    rates: Rates = pipeline.state.performance.rates
    assert (rates.predicted_per_s, rates.dropped_per_s > 0) == (0, True)  # nobody will look at 2 and 3
    networks.gate.set()
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 4)
    pipeline.counter.tell()
    rates = pipeline.state.performance.rates
    assert (rates.predicted_per_s > 0, rates.dropped_per_s) == (True, 0)


def test_an_overlay_says_how_late_it_is_and_goes_when_it_is_too_old(
    pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks
) -> None:
    open_and_wait(pipeline, qtbot)
    networks.gate.clear()
    go_to(pipeline, qtbot, 3)
    assert overlay_index(pipeline) == 0
    assert pipeline.state.analysis.late_by == 3
    go_to(pipeline, qtbot, 12)  # 0.48 s
    assert overlay_index(pipeline) == 0
    go_to(pipeline, qtbot, 13)  # 0.52 s
    assert overlay_index(pipeline) is None
    assert pipeline.state.analysis.late_by == 0


def test_an_overlay_that_comes_just_before_the_next_frame_is_drawn_with_it(
    pipeline: Pipeline, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_and_wait(pipeline, qtbot)
    made = pipeline.state.analysis.overlay, pipeline.state.analysis.segmentation
    pipeline.state.analysis.set_overlay(None)
    monkeypatch.setattr(PlaybackState, "next_due_in_s", 0.001)
    pipeline.on_composed(*made)
    assert overlay_index(pipeline) is None
    go_to(pipeline, qtbot, 1)
    assert overlay_index(pipeline) == 0
    assert pipeline.state.analysis.late_by == 1


def test_an_overlay_that_waits_is_drawn_when_one_pauses(
    pipeline: Pipeline, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_and_wait(pipeline, qtbot)
    made = pipeline.state.analysis.overlay, pipeline.state.analysis.segmentation
    pipeline.state.analysis.set_overlay(None)
    monkeypatch.setattr(PlaybackState, "next_due_in_s", 0.001)
    pipeline.on_composed(*made)
    pipeline.on_playing_changed(False)
    assert overlay_index(pipeline) == 0


def test_an_overlay_of_a_later_frame_goes_when_one_jumps_back(
    pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks
) -> None:
    open_and_wait(pipeline, qtbot)
    go_to(pipeline, qtbot, 5)
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 5)
    networks.gate.clear()
    go_to(pipeline, qtbot, 4)
    assert overlay_index(pipeline) is None


def test_an_answer_for_another_source_is_dropped(pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks) -> None:
    open_and_wait(pipeline, qtbot)
    seen: list[Segmentation] = []
    pipeline.state.analysis.segmentation_changed.connect(seen.append)
    networks.gate.clear()
    go_to(pipeline, qtbot, 1)
    qtbot.waitUntil(lambda: networks.named("fast").seen[-1] == 1)
    pipeline.state.session.open("other")
    qtbot.waitUntil(lambda: source_title(pipeline) == "other")
    assert overlay_index(pipeline) is None
    networks.gate.set()
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 0)
    assert {s.source_id for s in seen} == {"id-other"}


def test_an_answer_of_weights_no_longer_chosen_is_dropped(
    pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks
) -> None:
    open_and_wait(pipeline, qtbot)
    seen: list[Segmentation] = []
    pipeline.state.analysis.segmentation_changed.connect(seen.append)
    networks.gate.clear()
    go_to(pipeline, qtbot, 1)
    qtbot.waitUntil(lambda: networks.named("fast").seen[-1] == 1)
    pipeline.state.session.choose_weights(POLYP, "slow")
    assert overlay_index(pipeline) is None
    assert np.isnan(pipeline.state.analysis.lanes[POLYP]).all()
    networks.gate.set()
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 1)
    assert {w for s in seen for w in s.weights.values()} == {"slow@00000000"}


def test_two_classes_side_by_side(pipeline: Pipeline, qtbot: QtBot) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.state.session.choose_weights(INSTRUMENT, "tools")
    qtbot.waitUntil(
        lambda: bool(pipeline.state.analysis.overlay and len(pipeline.state.analysis.overlay.outlines) == 2)
    )
    assert pipeline.state.analysis.lanes[INSTRUMENT][0] == pytest.approx(0.8)
    pipeline.state.session.choose_weights(POLYP, "")
    qtbot.waitUntil(lambda: bool(pipeline.state.analysis.overlay))
    assert set(pipeline.state.analysis.overlay.outlines) == {INSTRUMENT}


def test_weights_that_fail_to_load_leave_the_earlier_ones(
    pipeline: Pipeline, qtbot: QtBot, problems: list[MedsegError]
) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.state.session.choose_weights(POLYP, "broken")
    qtbot.waitUntil(lambda: bool(problems))
    assert "fast stays in use" in str(problems[0])
    assert pipeline.state.session.chosen[POLYP] == "fast"
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 0)


def test_of_many_choices_the_last_one_holds(pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks) -> None:
    open_and_wait(pipeline, qtbot)
    for name in ("slow", "fast", "broken", "slow", "fast"):
        pipeline.state.session.choose_weights(POLYP, name)
    qtbot.waitUntil(lambda: len(networks.loaded) == 5)
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 0)
    assert pipeline.state.session.chosen[POLYP] == "fast"
    assert networks.loaded[-1].seen
    assert len(networks.loaded) == 5


def test_a_network_that_fails_on_every_frame_says_so_once(
    pipeline: Pipeline,
    qtbot: QtBot,
    networks: FakeNetworks,
    problems: list[MedsegError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_and_wait(pipeline, qtbot)
    networks.named("fast").error = ZeroDivisionError("in a layer")
    for index in (1, 2, 3):
        go_to(pipeline, qtbot, index)
        qtbot.waitUntil(lambda i=index: networks.named("fast").seen[-1] == i)
    networks.named("fast").error = None
    go_to(pipeline, qtbot, 4)
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 4)
    assert len(problems) == 1
    assert "ZeroDivisionError" in problems[0].details
    assert "Unexpected error in a worker" in caplog.text
    caplog.clear()


def test_a_frame_that_cannot_be_decoded_is_passed_over(
    pipeline: Pipeline, qtbot: QtBot, media: FakeMedia, problems: list[MedsegError]
) -> None:
    media.bad = {5, 6, 7}
    open_and_wait(pipeline, qtbot)
    go_to(pipeline, qtbot, 4)
    pipeline.state.playback.set_speed(0.25)  # on a busy computer the clip is over before it is looked at
    pipeline.state.playback.play()
    qtbot.waitUntil(lambda: pipeline.state.playback.index >= 10)
    assert pipeline.state.playback.is_playing
    assert [str(p) for p in problems] == ["Frame 5 of clip is damaged; go on with another frame."]


def test_a_source_that_vanishes_pauses_with_one_sentence(
    pipeline: Pipeline, qtbot: QtBot, media: FakeMedia, problems: list[MedsegError]
) -> None:
    pipeline.state.session.open("camera:0")
    qtbot.waitUntil(lambda: pipeline.state.playback.index > 3)
    media.opened[0].is_closed = True  # unplugged
    qtbot.waitUntil(lambda: not pipeline.state.playback.is_playing)
    assert len(problems) == 1
    assert pipeline.state.playback.frame is not None
    assert source_title(pipeline) == "camera:0"


def test_a_source_that_cannot_be_opened_leaves_the_one_on_screen(
    pipeline: Pipeline, qtbot: QtBot, problems: list[MedsegError]
) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.state.session.open("text-as.mp4")
    qtbot.waitUntil(lambda: bool(problems))
    assert not pipeline.state.session.is_opening
    assert source_title(pipeline) == "clip"
    go_to(pipeline, qtbot, 7)


def test_display_asks_no_network(pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks) -> None:
    open_and_wait(pipeline, qtbot)
    display = pipeline.state.display
    display.set_threshold(0.7)
    qtbot.waitUntil(lambda: pipeline.state.analysis.overlay.areas_px[POLYP] == 0)
    display.set_show_probability(True)
    qtbot.waitUntil(lambda: pipeline.state.analysis.overlay.probability is not None)
    assert networks.named("fast").seen == [0]


def read_ahead(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    """The frame on screen is the first one; wait until the next two are ready."""
    pipeline.on_painted()
    qtbot.waitUntil(lambda: media.opened[-1].read_indices[-1] == 2)
    qtbot.wait(50)  # it is on its way from the other thread


def test_frames_that_came_ahead_are_shown_at_once(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    read_ahead(pipeline, qtbot, media)
    for index in (1, 2):
        pipeline.state.playback.seek(index)
        assert pipeline.state.playback.index == index
    assert media.opened[-1].read_indices == [0, 1, 2]


def test_a_frame_that_came_ahead_is_ready_for_the_networks(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    read_ahead(pipeline, qtbot, media)
    pipeline.state.playback.seek(1)
    assert pipeline.state.playback.frame is not None
    assert set(pipeline.state.playback.frame.small) == {16}


def test_frames_that_were_skipped_are_not_kept(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    for index in range(1, 9):
        frame = Frame(index, 0.04 * index, "id-clip", np.zeros((48, 64, 3), np.uint8))
        pipeline.on_frame_ahead(frame, np.zeros((48, 64, 4), np.uint8))
    pipeline.state.playback.seek(8)
    assert pipeline.state.playback.index == 8
    go_to(pipeline, qtbot, 6)
    assert media.opened[-1].read_indices == [0, 6]


def test_what_came_ahead_is_forgotten_when_the_view_changes(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    state = pipeline.state
    pipeline.on_frame_ahead(Frame(1, 0.04, "id-clip", np.zeros((48, 64, 3), np.uint8)), np.zeros((48, 64, 4), np.uint8))
    state.display.set_view((128, 96))
    qtbot.waitUntil(lambda: np.shape(state.playback.pixels) == (96, 128, 4))
    go_to(pipeline, qtbot, 1)
    assert np.shape(state.playback.pixels) == (96, 128, 4)


def test_a_frame_made_for_the_view_as_it_was_is_made_again(pipeline: Pipeline, qtbot: QtBot) -> None:
    """It was on its way from the other thread when the window was resized."""
    open_and_wait(pipeline, qtbot)
    playback = pipeline.state.playback
    pipeline.state.display.set_view((128, 96))
    frame = Frame(1, 0.04, "id-clip", np.zeros((48, 64, 3), np.uint8))
    pipeline.on_frame_ready(frame, np.zeros((24, 32, 4), np.uint8))
    qtbot.waitUntil(lambda: playback.frame is frame and np.shape(playback.pixels) == (96, 128, 4))


def test_a_frame_from_an_earlier_source_is_not_shown(pipeline: Pipeline, qtbot: QtBot) -> None:
    open_and_wait(pipeline, qtbot)
    other = Frame(9, 0.4, "id-of-another", np.zeros((4, 4, 3), np.uint8))
    pipeline.on_frame_ready(other, np.zeros((4, 4, 4), np.uint8))
    assert pipeline.state.playback.index == 0


def test_what_a_person_changes_is_remembered(pipeline: Pipeline, qtbot: QtBot, saved: list[Settings]) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.state.display.set_threshold(0.3)
    pipeline.state.display.set_palette("Green and magenta")
    pipeline.state.playback.set_speed(2.0)
    pipeline.state.session.choose_weights(INSTRUMENT, "tools")
    pipeline.close()
    last = saved[-1]
    assert (last.threshold, last.palette, last.speed) == (0.3, "Green and magenta", 2.0)
    assert (last.polyp_weights, last.instrument_weights) == ("fast", "tools")
    assert [s.split("/")[-1] for s in last.recent] == ["clip"]


def test_it_begins_as_it_was_left(
    qapp: object, qtbot: QtBot, media: FakeMedia, networks: FakeNetworks, saved: list[Settings]
) -> None:
    settings = Settings(
        polyp_weights="slow", instrument_weights="", threshold=0.4, mask_style="outline", speed=0.5, recent=("a", "b")
    )
    pipeline = build_pipeline(media, networks, saved, settings)
    pipeline.start()
    qtbot.waitUntil(lambda: bool(networks.loaded))
    pipeline.close()
    state = pipeline.state
    assert (state.display.threshold, state.display.mask_style, state.playback.speed) == (0.4, "outline", 0.5)
    assert (state.session.chosen, state.session.recent) == ({POLYP: "slow"}, ("a", "b"))
    assert not saved


def test_weights_that_are_gone_give_way_to_the_first_there_are(
    qapp: object, qtbot: QtBot, media: FakeMedia, networks: FakeNetworks, saved: list[Settings]
) -> None:
    pipeline = build_pipeline(media, networks, saved, Settings(polyp_weights="deleted"))
    networks.entries = tuple(e for e in networks.entries if e.name != "broken")
    pipeline.start()
    qtbot.waitUntil(lambda: bool(networks.loaded))
    assert pipeline.state.session.chosen[POLYP] == "fast"
    pipeline.close()


def test_closing_ends_every_thread_and_may_be_done_twice(pipeline: Pipeline, qtbot: QtBot) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.state.playback.play()
    pipeline.close()
    assert not pipeline.is_running
    pipeline.close()
    assert not pipeline.is_running
