"""Damaged video: what can be decoded is shown exactly, the rest is told in one sentence, and nothing else happens."""

from __future__ import annotations

import random
from pathlib import Path

import av
import numpy as np
import pytest

from medseg_gui.errors import SourceError
from medseg_gui.media import Source, open_source
from medseg_gui.media.video import VideoFile
from tests.media.conftest import MakeClip, picture_of

CLOSED = {"g": "10", "bf": "2", "x264-params": "b-adapt=0:open-gop=0:scenecut=0"}
CODECS = {
    "h264 mp4": ("d.mp4", "libx264", CLOSED),
    "h264 mkv": ("d.mkv", "libx264", CLOSED),
    "h264 ts": ("d.ts", "libx264", CLOSED),
    "hevc mkv": ("d.mkv", "libx265", {"x265-params": "keyint=10:min-keyint=10:open-gop=0:scenecut=0:log-level=none"}),
    "mpeg4 avi": ("d.avi", "mpeg4", {"g": "10", "bf": "2"}),
}


def try_read(source: Source, index: int) -> np.ndarray | None:
    try:
        return source.read(index).rgb
    except SourceError:
        return None


def read_all(path: Path) -> list[np.ndarray | None]:
    with open_source(path) as source:
        return [try_read(source, i) for i in range(source.frame_count)]


def assert_jumps_agree(path: Path, seed: int = 0) -> None:
    """Also about which frames cannot be read."""
    wanted = read_all(path)
    rng = random.Random(seed)
    with VideoFile(path) as source:
        for index in [rng.randrange(len(wanted)) for _ in range(30)]:
            source._reader._recent.clear()
            np.testing.assert_array_equal(try_read(source, index), wanted[index], err_msg=f"frame {index}")


def overwrite_packet(path: Path, number: int) -> None:
    """Fill the last third of one packet, which is all picture and no header, with noise."""
    with av.open(str(path)) as container:
        payload = [bytes(p) for p in container.demux(video=0) if p.size][number]
    data = path.read_bytes()
    known = payload if payload in data else payload[-60:]  # a transport stream cuts it into pieces
    noise = np.random.default_rng(0).integers(1, 255, len(payload) // 3, np.uint8).tobytes()
    at = data.index(known) + len(known) - len(noise)
    path.write_bytes(data[:at] + noise + data[at + len(noise) :])


@pytest.mark.parametrize("case", list(CODECS))
def test_damage_stays_within_its_group_of_pictures(make_clip: MakeClip, case: str) -> None:
    name, codec, options = CODECS[case]
    path = make_clip(name, codec, count=40, options=options)
    with VideoFile(path) as source:
        index = source._reader._index
        hit = int(index.starts[15])
        leaning = set(np.flatnonzero((index.starts <= hit) & (hit <= index.packets)).tolist())
    intact = read_all(path)
    overwrite_packet(path, hit)
    damaged = read_all(path)
    assert len(damaged) == 40
    spared = {i for i in range(40) if np.array_equal(damaged[i], intact[i])}
    assert spared >= set(range(40)) - leaning
    assert leaning - spared, "the damage did no harm"
    assert_jumps_agree(path)


def test_a_damaged_picture_of_mjpeg_harms_no_other(make_clip: MakeClip) -> None:
    path = make_clip("d.avi", "mjpeg", count=9, pixel_format="yuvj420p")
    intact = read_all(path)
    data = path.read_bytes()
    with av.open(str(path)) as container:
        payload = [bytes(p) for p in container.demux(video=0) if p.size][4]
    path.write_bytes(data.replace(payload, b"\0" * len(payload)))
    for index, rgb in enumerate(read_all(path)):
        if index == 4:
            assert rgb is None
        else:
            np.testing.assert_array_equal(rgb, intact[index])


@pytest.mark.parametrize("name", ["t.mkv", "t.avi", "t.ts", "t.mpg", "t.wmv", "t.webm", "t.mp4"])
@pytest.mark.parametrize("share", [0.5, 0.6, 0.7])
def test_a_truncated_file_gives_what_it_still_holds(make_clip: MakeClip, name: str, share: float) -> None:
    codec = {"avi": "mpeg4", "mpg": "mpeg2video", "wmv": "wmv2", "webm": "libvpx-vp9"}.get(name[2:], "libx264")
    index_first = {"movflags": "faststart"} if name == "t.mp4" else {}
    options = {"g": "8"} | ({"bf": "2"} if codec not in ("wmv2", "libvpx-vp9") else {})
    path = make_clip(name, codec, options=options, count=120, container_options=index_first)
    with open_source(path) as source:
        whole = [source.read(i) for i in range(120)]
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with open_source(path) as source:
        assert 20 < source.frame_count < 120
        for index, time_s in enumerate(
            source.frame_times
        ):  # the last ones may lack neighbours that came later in the file
            before = min(whole, key=lambda frame: abs(frame.time_s - time_s))
            np.testing.assert_array_equal(source.read(index).rgb, before.rgb, err_msg=f"frame {index}")
    assert_jumps_agree(path)


def test_a_recording_that_begins_in_the_middle_begins_at_its_first_key_frame(make_clip: MakeClip) -> None:
    path = make_clip("d.ts", "mpeg2video", options={"g": "10", "bf": "2"})
    whole = read_all(path)
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 3 // 188 * 188 :])
    left = read_all(path)
    assert 20 <= len(left) < 40
    for rgb, wanted in zip(left, whole[-len(left) :], strict=True):
        np.testing.assert_array_equal(rgb, wanted)
    assert_jumps_agree(path)


def test_a_truncated_mp4_without_its_index_is_told(make_clip: MakeClip) -> None:
    path = make_clip("t.mp4")
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(SourceError, match=r"t\.mp4"):
        open_source(path)


def test_a_video_without_one_decodable_frame_is_refused(make_clip: MakeClip) -> None:
    path = make_clip("locked.mp4", count=10)
    with av.open(str(path)) as container:
        payloads = [bytes(p) for p in container.demux(video=0) if p.size]
    data = path.read_bytes()
    for payload in payloads:  # as a password would leave it
        data = data.replace(payload, bytes(byte ^ 0xA5 for byte in payload))
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"locked\.mp4 holds no frame that can be decoded"):
        open_source(path)


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile secret.mp4\n", "#EXTM3U\n#EXTINF:1,\nsecret.mp4\n"])
def test_a_script_under_a_video_name_opens_no_other_file(make_clip: MakeClip, tmp_path: Path, text: str) -> None:
    make_clip("secret.mp4")
    (tmp_path / "list.mp4").write_text(text)
    with pytest.raises(SourceError, match=r"list\.mp4 is not a video"):
        open_source(tmp_path / "list.mp4")


def test_a_file_that_is_cut_while_playing_is_told(make_clip: MakeClip) -> None:
    path = make_clip("cut.avi", "mjpeg", count=40, pixel_format="yuvj420p", size=(240, 320))
    with VideoFile(path) as source:
        with path.open("r+b") as file:
            file.truncate(300)
        for index in (39, 20, 1):
            source._reader._recent.clear()
            with pytest.raises(SourceError, match=r"cut\.avi"):
                source.read(index)


def test_reading_after_closing_is_told(make_clip: MakeClip) -> None:
    source = open_source(make_clip("a.mp4", count=3))
    source.read(0)
    source.close()
    with pytest.raises(SourceError, match="is closed"):
        source.read(1)


def test_packets_after_a_seek_that_are_others_are_noticed(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a damaged AVI, where FFmpeg reads other packets after a seek than straight through."""
    path = make_clip("a.mp4", options={"g": "10"})
    with VideoFile(path) as source:
        table = source._reader._table
        numbers = {number: number + 3 for number in range(0, 40, 10)}
        honest = table.number_of
        monkeypatch.setattr(table, "number_of", lambda packet: numbers.get(honest(packet), honest(packet)))
        for index in (35, 12, 28):
            source._reader._recent.clear()
            difference = np.abs(source.read(index).rgb.astype(int) - picture_of(index).astype(int))
            assert np.median(difference) <= 6
