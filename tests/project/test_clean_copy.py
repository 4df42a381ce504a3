"""Copies that name nobody."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from medseg_gui.cli import run
from medseg_gui.errors import DataError
from medseg_gui.media import open_source
from medseg_gui.project.clean_copy import copy_video

FRAMES = 6


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A clip with a name in the border and in its metadata, and with sound."""
    path = tmp_path / "A. Meyer.mp4"
    chance = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "A. Meyer"
        container.metadata["comment"] = "born 1950"
        video = container.add_stream("libx264", rate=25, options={"crf": "10"})
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = container.add_stream("aac", rate=16_000)
        for _ in range(FRAMES):
            rgb = np.zeros((240, 320, 3), np.uint8)
            rgb[20:220, 60:300] = chance.normal((190, 90, 70), 10, (200, 240, 3)).clip(0, 255)
            rgb[100:110, 5:40:4] = 255
            container.mux(video.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(video.encode(None))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    return path


def test_a_clean_video_has_no_name_no_sound_and_the_same_frames(recording: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.mp4"
    assert run(["deidentify", str(recording), "-o", str(clean), "--margin", "2"]) == 0
    with av.open(str(recording)) as before, av.open(str(clean)) as after:
        assert len(before.streams.audio) == 1
        assert len(after.streams) == len(after.streams.video) == 1
        told = str(dict(after.metadata)) + str(dict(after.streams.video[0].metadata))
        assert "Meyer" in str(dict(before.metadata))
        assert "Meyer" not in told
        assert "1950" not in told
    assert b"Meyer" not in clean.read_bytes()
    with open_source(recording) as first, open_source(clean) as second:
        np.testing.assert_allclose(first.frame_times, second.frame_times)
        for i in range(FRAMES):
            was, now = first.read(i).rgb.astype(int), second.read(i).rgb.astype(int)
            assert was[98:112, :45].max() > 150
            assert now[98:112, :45].max() < 30
            assert np.abs(was - now)[40:200, 80:280].mean() < 6


def test_a_clean_video_keeps_a_rate_that_varies(tmp_path: Path) -> None:
    ticks = np.array([3, 4, 5, 11, 12, 40])  # of 1/30 s; it does not begin at 0
    with av.open(str(tmp_path / "varies.mkv"), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 30)
        for tick in ticks.tolist():
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 30)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    with open_source(tmp_path / "varies.mkv") as source:
        copy_video(source, tmp_path / "clean.mp4")
    with open_source(tmp_path / "clean.mp4") as copy:
        np.testing.assert_allclose(copy.frame_times - copy.frame_times[0], (ticks - 3) / 30, atol=2e-3)


def test_a_clean_folder_hides_names(recording: Path, tmp_path: Path) -> None:
    assert run(["deidentify", str(recording), "-o", str(tmp_path / "out")]) == 0
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert len(names) == FRAMES
    assert names[1].endswith("_000001.png")
    assert run(["deidentify", str(recording), "-o", str(tmp_path / "out")]) == 2


def test_nothing_is_written_over(recording: Path, tmp_path: Path) -> None:
    with open_source(recording) as source:
        for path in (recording, tmp_path / "clean.avi"):
            with pytest.raises(DataError):
                copy_video(source, path)
