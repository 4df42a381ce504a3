"""Video: the same pixels after any jump, whatever the codec, the container or the damage."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from medseg_gui.errors import SourceError
from medseg_gui.media import open_source
from medseg_gui.media.video import VideoFile
from tests.media.conftest import MakeClip, picture_of

H264_B_FRAMES = {"g": "12", "bf": "3", "x264-params": "b-adapt=0:open-gop=0"}
CASES = {
    "h264 mp4": ("a.mp4", "libx264", H264_B_FRAMES),
    "h264 mov": ("a.mov", "libx264", H264_B_FRAMES),
    "h264 mkv": ("a.mkv", "libx264", H264_B_FRAMES),
    "h264 avi": ("a.avi", "libx264", {"g": "12", "bf": "0"}),
    "h264 ts": ("a.ts", "libx264", H264_B_FRAMES),
    "h264 open gop": ("a.mp4", "libx264", {"g": "10", "bf": "3", "x264-params": "open-gop=1:b-adapt=0"}),
    "h264 one gop": ("a.mp4", "libx264", {"g": "1000"}),
    "hevc mp4": ("a.mp4", "libx265", {"x265-params": "keyint=10:log-level=none"}),
    "hevc mkv": ("a.mkv", "libx265", {"x265-params": "keyint=10:log-level=none"}),
    "mpeg4 mp4": ("a.mp4", "mpeg4", {"g": "10", "bf": "2"}),
    "mpeg4 avi": ("a.avi", "mpeg4", {"g": "10"}),
    "mpeg4 avi with b frames": ("a.avi", "mpeg4", {"g": "10", "bf": "2"}),
    "mjpeg avi": ("a.avi", "mjpeg", {}),
    "mjpeg mov": ("a.mov", "mjpeg", {}),
    "vp9 webm": ("a.webm", "libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}),
    "vp9 mkv": ("a.mkv", "libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}),
}


@pytest.fixture(params=list(CASES))
def clip(request: pytest.FixtureRequest, make_clip: MakeClip) -> Path:
    name, codec, options = CASES[request.param]
    return make_clip(name, codec, options=options, pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p")


def straight_through(path: Path) -> list[np.ndarray]:
    with open_source(path) as source:
        return [source.read(i).rgb for i in range(source.frame_count)]


def assert_jumps_agree(path: Path, seed: int = 0) -> None:
    wanted = straight_through(path)
    order = [random.Random(seed).randrange(len(wanted)) for _ in range(30)]
    order += [len(wanted) - 1, 0, 5, 4, 3, 5]
    with VideoFile(path) as source:
        for index in order:
            source._reader._recent.clear()  # each read must decode
            np.testing.assert_array_equal(source.read(index).rgb, wanted[index], err_msg=f"frame {index}")


def test_every_frame_is_there_and_is_the_one_asked_for(clip: Path) -> None:
    frames = straight_through(clip)
    assert len(frames) == 40
    for i, rgb in enumerate(frames):
        difference = np.abs(rgb.astype(int) - picture_of(i).astype(int))
        assert np.median(difference) <= 6, f"frame {i}"


def test_a_jump_gives_the_same_pixels_as_reading_through(clip: Path) -> None:
    assert_jumps_agree(clip)


def test_times_follow_the_rate(clip: Path) -> None:
    with open_source(clip) as source:
        assert np.all(np.diff(source.frame_times) > 0)
        np.testing.assert_allclose(np.diff(source.frame_times), 0.04, atol=2e-3)
        assert source.frame_rate == pytest.approx(25, rel=0.02)
        assert source.duration_s == pytest.approx(1.6, abs=0.02)


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_variable_frame_rate_keeps_each_time(make_clip: MakeClip, name: str) -> None:
    stamps = np.cumsum([0, *([1, 3, 2, 7, 1] * 8)])[:40].tolist()
    path = make_clip(name, stamps=stamps, options=H264_B_FRAMES)
    with open_source(path) as source:
        np.testing.assert_allclose(source.frame_times - source.frame_times[0], np.array(stamps) / 25, atol=2e-3)
        assert source.index_at(source.frame_times[7] + 1e-4) == 7
    assert_jumps_agree(path)


def test_a_clock_that_does_not_start_at_zero_is_kept(make_clip: MakeClip) -> None:
    path = make_clip("late.mkv", stamps=[250 + i for i in range(40)], options=H264_B_FRAMES)
    with open_source(path) as source:
        assert source.frame_times[0] == pytest.approx(10, abs=0.01)
        assert source.frame_count == 40
    assert_jumps_agree(path)


@pytest.mark.parametrize("name", ["t.mkv", "t.avi", "t.ts"])
@pytest.mark.parametrize("share", [0.6, 0.7])
def test_a_truncated_file_gives_what_it_still_holds(make_clip: MakeClip, name: str, share: float) -> None:
    path = make_clip(name, options={"g": "8", "bf": "0"}, count=240)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with open_source(path) as source:
        assert 0 < source.frame_count < 240
    assert_jumps_agree(path)


def test_a_truncated_mp4_without_its_index_is_told(make_clip: MakeClip) -> None:
    path = make_clip("t.mp4")
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(SourceError, match=r"t\.mp4"):
        open_source(path)


def test_a_frame_that_is_not_there_is_told(make_clip: MakeClip) -> None:
    with open_source(make_clip("a.mp4", count=3)) as source:
        for index in (-1, 3):
            with pytest.raises(SourceError, match="holds 3"):
                source.read(index)


def test_a_file_that_disappears_while_playing_hurts_nobody(make_clip: MakeClip) -> None:
    path = make_clip("gone.mp4")
    with open_source(path) as source:
        source.read(0)
        path.unlink()
        for index in (1, 30, 5):
            with suppress(SourceError):  # where the system lets go of a deleted file, that is told
                assert source.read(index).index == index


def test_frames_are_read_only(make_clip: MakeClip) -> None:
    with open_source(make_clip("a.mp4", count=3)) as source, pytest.raises(ValueError, match="read-only"):
        source.read(0).rgb[0, 0] = 0


@pytest.mark.shared_data
def test_real_clips_can_be_scrubbed(shared_data: Path) -> None:
    assert_jumps_agree(shared_data / "video" / "CVC-ClinicDB_sequence01_frames1-25_5fps.mp4")
