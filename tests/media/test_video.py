"""Video: the same pixels after any jump, whatever the codec, the container and the clock."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from medseg_gui.errors import SourceError
from medseg_gui.media import open_source
from medseg_gui.media.video import VideoFile
from medseg_gui.media.video_decoder import VideoDecoder
from tests.media.conftest import MakeClip, picture_of, write_frames

H264_B_FRAMES = {"g": "12", "bf": "3", "x264-params": "b-adapt=0:open-gop=0"}
H264_OPEN = {"g": "10", "bf": "3", "x264-params": "open-gop=1:b-adapt=0"}
H264_GRADUAL = {"bf": "0", "x264-params": "intra-refresh=1:keyint=10"}
HEVC = {"x265-params": "keyint=10:log-level=none"}
HEVC_OPEN = {"x265-params": "keyint=10:min-keyint=10:bframes=3:open-gop=1:log-level=none"}
MPEG_B_FRAMES = {"g": "10", "bf": "2"}
VP9 = {"g": "10", "deadline": "realtime", "cpu-used": "8"}
HIDDEN_FRAMES = {"g": "20", "deadline": "good", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "12"}
CASES = {
    "h264 mp4": ("a.mp4", "libx264", H264_B_FRAMES),
    "h264 mov": ("a.mov", "libx264", H264_B_FRAMES),
    "h264 mkv": ("a.mkv", "libx264", H264_B_FRAMES),
    "h264 avi": ("a.avi", "libx264", {"g": "12", "bf": "0"}),
    "h264 avi with guessed stamps": ("a.avi", "libx264", H264_B_FRAMES),
    "h264 ts": ("a.ts", "libx264", H264_B_FRAMES),
    "h264 mpg without stamps": ("a.mpg", "libx264", H264_B_FRAMES),
    "h264 one gop": ("a.mp4", "libx264", {"g": "1000"}),
    "h264 open gop mp4": ("a.mp4", "libx264", H264_OPEN),
    "h264 open gop ts": ("a.ts", "libx264", H264_OPEN),
    "h264 gradual refresh": ("a.mkv", "libx264", H264_GRADUAL),
    "hevc mp4": ("a.mp4", "libx265", HEVC),
    "hevc mkv": ("a.mkv", "libx265", HEVC),
    "hevc open gop": ("a.mp4", "libx265", HEVC_OPEN),
    "mpeg4 mp4": ("a.mp4", "mpeg4", MPEG_B_FRAMES),
    "mpeg4 avi": ("a.avi", "mpeg4", {"g": "10"}),
    "mpeg4 avi with b frames": ("a.avi", "mpeg4", MPEG_B_FRAMES),
    "mpeg2 mpg": ("a.mpg", "mpeg2video", MPEG_B_FRAMES),
    "mpeg2 ts": ("a.ts", "mpeg2video", MPEG_B_FRAMES),
    "wmv": ("a.wmv", "wmv2", {"g": "10"}),
    "mjpeg avi": ("a.avi", "mjpeg", {}),
    "mjpeg mov": ("a.mov", "mjpeg", {}),
    "vp9 webm": ("a.webm", "libvpx-vp9", VP9),
    "vp9 mkv": ("a.mkv", "libvpx-vp9", VP9),
    "vp9 with hidden frames": ("a.webm", "libvpx-vp9", HIDDEN_FRAMES),
    "vp8 with hidden frames": ("a.webm", "libvpx", HIDDEN_FRAMES),
}


@pytest.fixture(params=list(CASES))
def clip(request: pytest.FixtureRequest, make_clip: MakeClip) -> Path:
    name, codec, options = CASES[request.param]
    return make_clip(name, codec, options=options, pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p")


def frames_of(path: Path) -> list[np.ndarray]:
    """All frames, straight through."""
    with open_source(path) as source:
        return [source.read(i).rgb for i in range(source.frame_count)]


def assert_jumps_agree(path: Path, seed: int = 0) -> None:
    """Read in a wild order, decoding each time anew, and compare with straight through."""
    wanted = frames_of(path)
    order = [random.Random(seed).randrange(len(wanted)) for _ in range(25)]
    order += [len(wanted) - 1, 0, *range(min(5, len(wanted) - 1), -1, -1)]
    with VideoFile(path) as source:
        for index in order:
            source._reader._recent.clear()
            np.testing.assert_array_equal(source.read(index).rgb, wanted[index], err_msg=f"frame {index}")


def assert_shows(rgb: np.ndarray, number: int) -> None:
    difference = np.abs(rgb.astype(int) - picture_of(number, rgb.shape[:2]).astype(int))
    assert np.median(difference) <= 6, f"not frame {number}"


def test_every_frame_is_there_and_is_the_one_asked_for(clip: Path) -> None:
    frames = frames_of(clip)
    assert len(frames) == 40
    for i, rgb in enumerate(frames):
        assert_shows(rgb, i)


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


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.ts"])
def test_a_clock_that_does_not_start_at_zero_is_kept(make_clip: MakeClip, name: str) -> None:
    path = make_clip(name, stamps=[250 + i for i in range(40)], options=H264_B_FRAMES)
    with open_source(path) as source:
        assert source.frame_times[0] == pytest.approx(10, abs=0.2)
        assert source.frame_count == 40
        assert source.index_at(0) == 0
        assert source.index_at(source.frame_times[20]) == 20
    assert_jumps_agree(path)


def test_frames_that_an_edit_list_hides_are_not_counted(make_clip: MakeClip) -> None:
    path = make_clip("cut.mp4", stamps=[i - 7 for i in range(40)], options=H264_B_FRAMES)
    frames = frames_of(path)
    assert len(frames) == 33
    assert_shows(frames[0], 7)
    assert_jumps_agree(path)


@pytest.mark.parametrize(("codec", "options"), [("libx264", H264_B_FRAMES), ("mpeg2video", MPEG_B_FRAMES)])
def test_joined_recordings_whose_clock_jumps_back(make_clip: MakeClip, codec: str, options: dict[str, str]) -> None:
    path = make_clip("a.ts", codec, options=options)
    path.write_bytes(path.read_bytes() * 2)
    frames = frames_of(path)
    assert len(frames) == 80
    assert_shows(frames[3], 3)
    assert_shows(frames[43], 3)
    with open_source(path) as source:
        np.testing.assert_allclose(np.diff(source.frame_times), 0.04, atol=2e-3)
    assert_jumps_agree(path)


def test_frames_dropped_while_recording_leave_a_gap_in_time(make_clip: MakeClip) -> None:
    path = make_clip("drop.avi", "mpeg4", stamps=[i if i < 10 else i + 3 for i in range(40)], options={"g": "12"})
    with open_source(path) as source:
        assert source.frame_count == 40
        assert source.frame_times[10] - source.frame_times[9] == pytest.approx(4 / 25)
    assert_jumps_agree(path)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "size"),
    [
        ("deep.mp4", "libx264", "yuv420p10le", (48, 64)),
        ("fine.mp4", "libx264", "yuv444p", (47, 63)),
        ("odd.webm", "libvpx-vp9", "yuv420p", (47, 63)),
        ("odd.avi", "mjpeg", "yuvj420p", (33, 57)),
    ],
)
def test_odd_sizes_and_deep_colours(
    make_clip: MakeClip, name: str, codec: str, pixel_format: str, size: tuple[int, int]
) -> None:
    path = make_clip(name, codec, count=12, pixel_format=pixel_format, size=size)
    for i, rgb in enumerate(frames_of(path)):
        assert rgb.shape == (*size, 3)
        assert_shows(rgb, i)
    assert_jumps_agree(path)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_rotation_in_the_file_is_applied(make_clip: MakeClip, rotation: int) -> None:
    upright = frames_of(make_clip("upright.mp4", count=3))
    turned = frames_of(make_clip("turned.mp4", count=3, rotation=rotation))
    np.testing.assert_array_equal(turned[2], np.rot90(upright[2], rotation // 90))


def test_the_largest_of_several_video_streams_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        small, large = (container.add_stream("libx264", rate=25) for _ in range(2))
        for stream, size in ((small, (24, 32)), (large, (48, 64))):
            stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for stream in (small, large):
            write_frames(container, stream, [picture_of(i, (stream.height, stream.width)) for i in range(3)])
    assert [rgb.shape for rgb in frames_of(path)] == [(48, 64, 3)] * 3


def test_sound_with_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44100)
        cover = container.add_stream("mjpeg", rate=25)
        cover.height, cover.width, cover.pix_fmt = 48, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), format="fltp", layout="mono")
        silence.rate, silence.pts = 44100, 0
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
        write_frames(container, cover, [picture_of(0)])
    with pytest.raises(SourceError, match="holds no video"):
        open_source(path)


def test_steps_forward_never_seek(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_source(clip) as source:
        monkeypatch.setattr(VideoDecoder, "_seek", lambda *_: pytest.fail("a seek"))
        for index in range(source.frame_count):
            assert_shows(source.read(index).rgb, index)


def test_steps_back_decode_nothing_again(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_source(make_clip("a.mp4", options={"g": "1000"})) as source:
        source.read(39)
        monkeypatch.setattr(VideoDecoder, "_decode", lambda *_: pytest.fail("decoded again"))
        for index in range(38, -1, -1):
            assert_shows(source.read(index).rgb, index)


def test_frames_are_exact_where_memory_holds_only_one(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_clip("a.mp4", options=H264_B_FRAMES)
    monkeypatch.setattr("medseg_gui.media.video_reader._KEPT_BYTES", 1)
    with VideoFile(path) as source:
        for index in [*range(40), 20, 19, 18, 39, 0]:
            assert_shows(source.read(index).rgb, index)
            assert len(source._reader._recent._frames) == 1


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
