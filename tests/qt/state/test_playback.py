"""The clock: the frame that is due, never one after the other at any price."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.types import Frame

RATE = 25.0


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wanted() -> list[int]:
    return []


@pytest.fixture
def playback(qapp: object, clock: Clock, wanted: list[int]) -> PlaybackState:
    """Fifty frames at 25 frames/s, paused on the first one; its timer never fires, tests tick by hand."""
    state = PlaybackState(clock=clock)
    state.frame_wanted.connect(wanted.append)
    state.reset(np.arange(50) / RATE)
    wanted.clear()
    return state


def play_for(playback: PlaybackState, clock: Clock, seconds: float, tick_s: float = 0.005) -> None:
    """Let time pass in ticks."""
    playback.play()
    for _ in range(round(seconds / tick_s)):
        clock.now += tick_s
        playback.on_tick()


def test_every_frame_has_its_turn(playback: PlaybackState, clock: Clock, wanted: list[int]) -> None:
    play_for(playback, clock, 0.402)
    assert wanted == list(range(1, 11))


def test_a_slow_computer_leaves_frames_out_and_keeps_time(
    playback: PlaybackState, clock: Clock, wanted: list[int]
) -> None:
    play_for(playback, clock, 1.0, tick_s=0.1)
    assert wanted == [2, 5, 7, 10, 12, 15, 17, 20, 22, 25]


def test_no_frame_is_asked_for_twice(playback: PlaybackState, clock: Clock, wanted: list[int]) -> None:
    play_for(playback, clock, 0.5, tick_s=0.001)
    assert len(wanted) == len(set(wanted))


@pytest.mark.parametrize(("speed", "last"), [(0.25, 6), (0.5, 12), (2.0, 49), (4.0, 49)])
def test_speed(playback: PlaybackState, clock: Clock, wanted: list[int], speed: float, last: int) -> None:
    playback.set_speed(speed)
    play_for(playback, clock, 0.982)
    assert wanted[-1] == last


def test_speed_stays_within_its_ends(playback: PlaybackState) -> None:
    playback.set_speed(100.0)
    assert playback.speed == 4.0
    playback.set_speed(0.0)
    assert playback.speed == 0.25


def test_a_change_of_speed_does_not_jump(playback: PlaybackState, clock: Clock, wanted: list[int]) -> None:
    play_for(playback, clock, 0.4)
    playback.set_speed(2.0)
    clock.now += 0.02
    playback.on_tick()
    assert wanted[-1] == 11


def test_frames_are_shown_by_their_own_times(qapp: object, clock: Clock, wanted: list[int]) -> None:
    state = PlaybackState(clock=clock)
    state.reset(np.array([5.0, 5.04, 5.5, 5.52, 6.0]))  # variable rate, begins at a non-zero time
    state.frame_wanted.connect(wanted.append)
    shown = []
    state.play()
    for _ in range(11):
        clock.now += 0.1
        state.on_tick()
        shown.append(state.wanted_index)
    assert shown == [1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 4]
    assert wanted == [1, 2, 3, 4]


def test_it_pauses_on_the_last_frame_once_that_had_its_time(
    playback: PlaybackState, clock: Clock, wanted: list[int]
) -> None:
    ended = []
    playback.ended.connect(lambda: ended.append(clock.now))
    play_for(playback, clock, 2.1)
    assert wanted[-1] == 49
    assert not playback.is_playing
    assert ended == [pytest.approx(102.0, abs=0.01)]


def test_playing_at_the_end_begins_anew(playback: PlaybackState, clock: Clock, wanted: list[int]) -> None:
    play_for(playback, clock, 2.1)
    play_for(playback, clock, 0.05)
    assert wanted[-2:] == [0, 1]


def test_a_late_tick_still_ends_on_the_last_frame(playback: PlaybackState, clock: Clock, wanted: list[int]) -> None:
    playback.play()
    clock.now += 60
    playback.on_tick()
    assert wanted == [49]
    assert not playback.is_playing


def test_a_loop_goes_round(playback: PlaybackState, clock: Clock, wanted: list[int]) -> None:
    playback.set_loop((3, 1))
    playback.seek(1)
    wanted.clear()
    play_for(playback, clock, 0.302)
    assert wanted == [2, 3, 1, 2, 3, 1, 2]
    assert playback.is_playing


def test_a_loop_is_kept_within_the_source_and_needs_two_frames(playback: PlaybackState) -> None:
    playback.set_loop((40, 4000))
    assert playback.loop == (40, 49)
    playback.set_loop((7, 7))
    assert playback.loop is None


def test_seeking_stays_within_the_source_and_plays_on_from_there(
    playback: PlaybackState, clock: Clock, wanted: list[int]
) -> None:
    playback.seek(-5)
    playback.seek(5000)
    assert wanted == [0, 49]
    playback.seek(20)
    play_for(playback, clock, 0.042)
    assert wanted[-1] == 21


def test_stepping_pauses(playback: PlaybackState, wanted: list[int]) -> None:
    playback.play()
    playback.step(1)
    playback.step(1)
    playback.step(-1)
    assert wanted == [1, 2, 1]
    assert not playback.is_playing


def test_a_second_forward_and_back(playback: PlaybackState, wanted: list[int]) -> None:
    playback.step_seconds(1)
    playback.step_seconds(-0.4)
    playback.step_seconds(0.001)  # at least one frame
    playback.step_seconds(-0.001)
    assert wanted == [25, 15, 16, 15]


def test_without_a_source_nothing_happens(qapp: object, wanted: list[int]) -> None:
    state = PlaybackState()
    state.frame_wanted.connect(wanted.append)
    state.play()
    state.seek(3)
    state.step(1)
    state.step_seconds(1)
    assert not wanted
    assert not state.is_playing


def test_a_camera_runs_and_asks_for_its_newest(qapp: object, wanted: list[int]) -> None:
    state = PlaybackState()
    state.frame_wanted.connect(wanted.append)
    state.reset(np.empty(0), is_live=True)
    assert state.is_playing
    state.on_tick()
    assert wanted == [-1]
    state.toggle()
    assert not state.is_playing


def test_a_new_source_begins_at_its_first_frame(playback: PlaybackState, wanted: list[int]) -> None:
    playback.seek(30)
    playback.set_loop((1, 9))
    playback.set_frame(Frame(30, 1.2, "id", np.zeros((4, 4, 3), np.uint8)))
    playback.play()
    wanted.clear()
    playback.reset(np.arange(5) / RATE)
    assert (playback.frame, playback.loop, playback.wanted_index, playback.is_playing) == (None, None, 0, False)
    assert wanted == [0]
