"""The decode worker: the newest request wins, what fails to open changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import SourceError
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.workers import decode
from medseg_gui.qt.workers.decode import DecodeWorker
from medseg_gui.runtime.session import shrink
from medseg_gui.types import Frame
from tests.qt.fakes import FakeMedia, Heard


@pytest.fixture
def worker(qapp: object, media: FakeMedia) -> Iterator[DecodeWorker]:
    made = DecodeWorker(media.open)
    made.start()
    yield made
    made.stop()
    made.wait()


@pytest.fixture
def frames(worker: DecodeWorker) -> Heard:
    """Frames that were decoded."""
    return Heard(worker.frame_ready)


def play(worker: DecodeWorker, qtbot: QtBot, source_id: str, *indices: int) -> None:
    """Frames are shown one after the other; those that came ahead are not asked for."""
    frames, ahead, failed = Heard(worker.frame_ready), Heard(worker.frame_ahead), Heard(worker.failed)
    for index in indices:
        if index not in {frame.index for frame, _ in ahead.calls}:
            count = len(frames) + 1
            worker.request(source_id, index)
            qtbot.waitUntil(lambda n=count: len(frames) == n)
        worker.read_ahead(source_id, index)
        finish(worker, qtbot)
    assert not failed.calls


def finish(worker: DecodeWorker, qtbot: QtBot) -> None:
    """Let it do all that it was asked for: what comes after is done after."""
    done = Heard(worker.pixels_ready)
    worker.fit_to(None, Frame(0, 0.0, "", np.zeros((1, 1, 3), np.uint8)))
    qtbot.waitUntil(lambda: bool(done.calls))


def open_clip(worker: DecodeWorker, qtbot: QtBot, spec: str = "clip") -> SourceInfo:
    opened = Heard(worker.opened)
    worker.open(spec)
    qtbot.waitUntil(lambda: len(opened) == 1)
    info: SourceInfo = opened.last[0]
    return info


def test_an_open_source_is_described(worker: DecodeWorker, qtbot: QtBot) -> None:
    info = open_clip(worker, qtbot)
    assert (info.kind, info.title, info.source_id, info.frame_count) == ("video", "clip", "id-clip", 40)
    assert not info.is_live


def test_what_one_source_left_behind_goes_back_before_the_next_is_shown(
    worker: DecodeWorker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, at = Heard(worker.opened), list[int]()
    monkeypatch.setattr(decode, "give_back_freed_memory", lambda: at.append(len(opened)))
    open_clip(worker, qtbot)
    open_clip(worker, qtbot, "other")
    assert at == [0, 1]


def test_a_camera_has_no_frames_to_count(worker: DecodeWorker, qtbot: QtBot, frames: Heard) -> None:
    info = open_clip(worker, qtbot, "camera:0")
    assert (info.spec, info.frame_count, info.is_live) == ("camera:0", 0, True)
    worker.request(info.source_id, -1)
    qtbot.waitUntil(lambda: len(frames) == 1)


def test_a_path_is_remembered_whole(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened = media.open

    def open_with_path(spec: str) -> object:
        source = opened(spec)
        source.path = Path(spec)
        return source

    worker._open_source = open_with_path
    assert open_clip(worker, qtbot).spec == str(tmp_path / "clip")


def test_the_newest_request_wins(worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, frames: Heard) -> None:
    info = open_clip(worker, qtbot)
    media.opened[0].gate.clear()
    worker.request(info.source_id, 0)
    qtbot.waitUntil(lambda: bool(media.opened[0].threads))  # it is busy with frame 0
    for index in range(1, 30):
        worker.request(info.source_id, index)
    media.opened[0].gate.set()
    qtbot.waitUntil(lambda: len(frames) == 2)
    assert [f.index for f, _ in frames.calls] == [0, 29]


def test_a_request_for_another_source_is_forgotten(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, frames: Heard
) -> None:
    info = open_clip(worker, qtbot)
    worker.request("id-of-an-earlier-one", 3)
    open_clip(worker, qtbot, "other")
    worker.request(info.source_id, 4)
    worker.request("id-other", 5)
    qtbot.waitUntil(lambda: len(frames) == 1)
    assert frames.last[0].source_id == "id-other"
    assert media.opened[0].is_closed


def test_what_cannot_be_opened_leaves_the_open_one(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, frames: Heard
) -> None:
    info = open_clip(worker, qtbot)
    failed = Heard(worker.failed)
    worker.open("zero-byte.mp4")
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert isinstance(failed.last[0], SourceError)
    assert not media.opened[0].is_closed
    worker.request(info.source_id, 2)
    qtbot.waitUntil(lambda: len(frames) == 1)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_bad_frame_and_a_file_that_is_gone_are_told_apart(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, tmp_path: Path, is_there: bool
) -> None:
    media.bad = {3}
    info = open_clip(worker, qtbot)
    media.opened[0].path = tmp_path if is_there else tmp_path / "unplugged.mp4"
    failed = Heard(worker.frame_failed)
    worker.request(info.source_id, 3)
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert failed.last[1] is not is_there


def test_the_next_frame_is_ready_before_it_is_asked_for(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, frames: Heard
) -> None:
    info = open_clip(worker, qtbot)
    source = media.opened[0]
    play(worker, qtbot, info.source_id, 3, 4, 5, 9, 20, 19)
    assert [f.index for f, _ in frames.calls] == [3, 4, 9, 20, 19]
    # Two of every fourth after 3 and 9, the next two after 4 and 5; nothing after a jump or a step back.
    assert source.read_indices == [3, 7, 11, 4, 5, 6, 7, 9, 13, 17, 20, 19]


def test_the_first_frame_of_a_loop_is_ready_when_its_last_one_is_shown(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia
) -> None:
    info = open_clip(worker, qtbot)
    worker.loop((10, 13))
    play(worker, qtbot, info.source_id, 11, 12, 13, 10, 11)
    assert media.opened[0].read_indices == [11, 12, 13, 10, 11, 12, 13]


def test_nobody_waits_for_a_second_frame_ahead(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, frames: Heard
) -> None:
    info = open_clip(worker, qtbot)
    source = media.opened[0]
    play(worker, qtbot, info.source_id, 9, 10)
    source.gate.clear()
    count = len(source.read_indices)
    worker.read_ahead(info.source_id, 14)  # it waits at frame 18
    worker.request(info.source_id, 30)
    source.gate.set()
    qtbot.waitUntil(lambda: len(frames) == 3)
    finish(worker, qtbot)
    assert source.read_indices[count:] in ([18, 30], [30])


def test_frames_come_as_large_as_the_view_shows_them(worker: DecodeWorker, qtbot: QtBot, frames: Heard) -> None:
    info = open_clip(worker, qtbot)
    worker.fit_to((640, 240), None)
    worker.request(info.source_id, 0)
    qtbot.waitUntil(lambda: len(frames) == 1)
    frame, pixels = frames.last
    assert frame.size == (48, 64)
    assert pixels.shape == (240, 320, 4)
    assert not pixels.flags.writeable


def test_another_view_gets_the_frame_on_screen_anew(worker: DecodeWorker, qtbot: QtBot, frames: Heard) -> None:
    anew = Heard(worker.pixels_ready)
    info = open_clip(worker, qtbot)
    worker.request(info.source_id, 5)
    qtbot.waitUntil(lambda: len(frames) == 1)
    worker.fit_to((128, 96), frames.last[0])
    qtbot.waitUntil(lambda: len(anew) == 1)
    assert anew.last[0] is frames.last[0]
    assert anew.last[1].shape == (96, 128, 4)


def test_a_frame_ahead_is_ready_for_the_networks(worker: DecodeWorker, qtbot: QtBot, frames: Heard) -> None:
    ahead = Heard(worker.frame_ahead)
    worker.shrink_to((16, 24))
    info = open_clip(worker, qtbot)
    play(worker, qtbot, info.source_id, 0, 1)
    frame: Frame = ahead.last[0]
    assert set(frame.small) == {16, 24}
    for size, small in frame.small.items():
        np.testing.assert_array_equal(small, shrink(frame.rgb, size))
        assert not small.flags.writeable
    assert not frames.last[0].small, "a frame that somebody waits for comes without"


def test_a_bad_frame_ahead_is_told_only_when_it_is_asked_for(
    worker: DecodeWorker, qtbot: QtBot, media: FakeMedia, frames: Heard
) -> None:
    media.bad = {2}
    failed = Heard(worker.frame_failed)
    info = open_clip(worker, qtbot)
    play(worker, qtbot, info.source_id, 0, 1)
    assert not failed.calls
    worker.request(info.source_id, 2)
    qtbot.waitUntil(lambda: len(failed) == 1)


def test_the_end_closes_the_source(worker: DecodeWorker, qtbot: QtBot, media: FakeMedia) -> None:
    open_clip(worker, qtbot)
    worker.stop()
    worker.wait()
    assert media.opened[0].is_closed
    assert media.opened[0].threads == {"DecodeWorker"}
