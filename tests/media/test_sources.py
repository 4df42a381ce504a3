"""What every source promises, folders and pictures in all their kinds, and bad input."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medseg_gui.errors import SourceError
from medseg_gui.media import SOURCES, Source, open_source
from medseg_gui.media.camera import Camera
from medseg_gui.media.content_hash import _block_starts, content_hash
from medseg_gui.media.folder import natural_key
from tests.media.conftest import MakeClip


class FakeCapture:
    """A camera of three pictures, then unplugged."""

    def __init__(self, opened: bool = True) -> None:
        self.opened = opened
        self.left = 3

    def isOpened(self) -> bool:
        return self.opened

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.left -= 1
        return (True, np.full((4, 6, 3), (1, 2, 3), np.uint8)) if self.left >= 0 else (False, None)

    def get(self, property_id: int) -> float:
        return 0.0

    def release(self) -> None:
        self.opened = False


@pytest.fixture(params=list(SOURCES))
def source(request: pytest.FixtureRequest, make_clip: MakeClip, tmp_path: Path) -> Source:
    if request.param == "camera":
        return Camera(0, FakeCapture())
    if request.param == "video":
        return open_source(make_clip("Übung 日本.mp4", count=3))
    folder = tmp_path / "Bilder ä"
    folder.mkdir()
    for i in range(3):
        Image.new("RGB", (6, 4), (i, 0, 0)).save(folder / f"ö{i}.png")
    return open_source(folder if request.param == "folder" else folder / "ö0.png")


def test_every_source_keeps_its_promises(source: Source) -> None:
    with source:
        frame = source.read(0)
        assert SOURCES[source.kind] is type(source)
        assert frame.index == 0
        assert frame.rgb.dtype == np.uint8
        assert frame.rgb.ndim == 3
        assert frame.rgb.shape[2] == 3
        assert not frame.rgb.flags.writeable
        assert frame.source_id == source.source_id
        assert re.fullmatch("[0-9a-f]{32}", source.source_id)
        assert source.frame_rate > 0
        assert source.duration_s > 0
        assert source.frame_count >= 1
        assert source.title
        assert source.is_live == (source.path is None)
        assert source.index_at(-1e9) == 0
        assert source.index_at(1e9) == source.frame_count - 1
    source.close()


def test_every_recorded_source_can_be_asked_again(source: Source) -> None:
    if source.is_live:
        pytest.skip("a live picture is gone when the next one comes")
    with source:
        assert source.frame_times.dtype == np.float64
        assert len(source.frame_times) == source.frame_count
        assert np.all(np.diff(source.frame_times) > 0)
        for index in (source.frame_count - 1, 0):
            frame = source.read(index)
            assert frame.index == index
            assert frame.time_s == source.frame_times[index]
            assert source.index_at(frame.time_s) == index
            np.testing.assert_array_equal(source.read(index).rgb, frame.rgb)
        for index in (-1, source.frame_count):
            with pytest.raises(SourceError, match="There is no"):
                source.read(index)


def test_the_hash_is_of_the_content_not_of_the_name(make_clip: MakeClip, tmp_path: Path) -> None:
    first = make_clip("a.mp4")
    (tmp_path / "moved.mp4").write_bytes(first.read_bytes())
    assert content_hash(first) == content_hash(tmp_path / "moved.mp4")
    assert content_hash(first) != content_hash(make_clip("b.mp4", count=5))


def test_a_large_file_is_told_apart_by_its_samples(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(80 * 1024**2)
    before = content_hash(path)
    with path.open("r+b") as file:
        file.seek(-10, os.SEEK_END)
        file.write(b"x")
    assert content_hash(path) != before


def test_the_hash_of_a_folder_moves_with_it_and_notices_changes(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    for i in range(40):
        Image.new("RGB", (2, 2), (i, 0, 0)).save(folder / f"{i}.png")
    with open_source(folder) as source:
        before = source.source_id
    moved = folder.rename(tmp_path / "b")
    with open_source(moved) as source:
        assert source.source_id == before
    Image.new("RGB", (3, 3), (0, 200, 0)).save(moved / "39.png")
    with open_source(moved) as source:
        assert source.source_id != before


def test_of_a_very_large_file_only_a_part_is_read() -> None:
    size = 10 * 1024**3
    starts = _block_starts(size)
    assert len(starts) * 1024**2 <= 64 * 1024**2
    assert starts[0] == 0
    assert starts[-1] == size - 1024**2


def test_natural_order() -> None:
    names = ["img10.png", "IMG2.png", "img1.png", "b.png", "2.png", "10.png"]
    assert sorted(names, key=natural_key) == ["2.png", "10.png", "b.png", "img1.png", "IMG2.png", "img10.png"]


def test_twenty_thousand_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2), (9, 0, 0)).save(tmp_path / "f0.png")
    for i in range(1, 20_000):
        os.link(tmp_path / "f0.png", tmp_path / f"f{i}.png")
    with open_source(tmp_path) as source:
        assert source.frame_count == 20_000
        assert source.read(19_999).name == "f19999.png"


def test_other_files_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.PNG", ".hidden.png", "notes.txt"):
        Image.new("RGB", (2, 2)).save(tmp_path / name, format="PNG")
    (tmp_path / "dir.png").mkdir()
    with open_source(tmp_path) as source:
        assert source.frame_count == 1


def test_one_bad_picture_does_not_stop_the_others(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"broken")
    Image.new("RGB", (2, 2)).save(tmp_path / "c.png")
    with open_source(tmp_path) as source:
        with pytest.raises(SourceError, match=r"b\.png"):
            source.read(1)
        assert source.read(2).name == "c.png"


def test_a_data_set_folder_opens_its_images(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / folder / f"{folder}.png")
    with open_source(tmp_path) as source:
        assert source.read(0).name == "images.png"


BAD = {
    "zero.mp4": b"",
    "zero.png": b"",
    "text.mp4": b"This is a letter, not a video.\n" * 50,
    "text.jpg": b"This is a letter, not a picture.\n" * 50,
    "text.tif": b"II*\0" + b"no directory follows" * 9,
    "archive.mkv": b"PK\x03\x04" + bytes(range(256)) * 9,
    "nearly.mp4": b"\0\0\0\x18ftypisom" + bytes(500),
}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # as the program does; pytest sets its own filters
@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_are_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    with pytest.raises(SourceError) as told:
        open_source(tmp_path / name)
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_a_picture_under_a_video_name_opens_as_what_it_is(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "WEBP"):
        Image.new("RGB", (8, 6)).save(tmp_path / "a.mp4", format=kind)
        with open_source(tmp_path / "a.mp4") as source:
            assert source.kind == "image"
            assert source.read(0).size == (6, 8)


def test_a_video_under_a_picture_name_opens_as_what_it_is(make_clip: MakeClip, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_clip("v.mp4", count=4).read_bytes())
    with open_source(tmp_path / "a.png") as source:
        assert source.frame_count == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on Windows")
def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        open_source(tmp_path / "pipe.mp4")


def test_pictures_of_different_sizes_in_one_folder(tmp_path: Path) -> None:
    for i, size in enumerate([(2, 3), (40, 30), (1, 1)]):
        Image.new("RGB", size).save(tmp_path / f"{i}.png")
    with open_source(tmp_path) as source:
        assert [source.read(i).size for i in range(3)] == [(3, 2), (30, 40), (1, 1)]


def test_a_picture_that_vanishes_is_told(tmp_path: Path) -> None:
    for i in range(2):
        Image.new("RGB", (2, 2)).save(tmp_path / f"{i}.png")
    with open_source(tmp_path) as source:
        (tmp_path / "1.png").unlink()
        with pytest.raises(SourceError, match=r"1\.png is not there any more"):
            source.read(1)
        assert source.read(0).size == (2, 2)


@pytest.mark.parametrize("spec", ["missing.mp4", "missing folder/", "nul\0byte.mp4"])
def test_what_is_not_there_is_told(spec: str) -> None:
    with pytest.raises(SourceError):
        open_source(spec)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", ["a.png", "a.mp4"])
def test_no_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def refuse(path: Path, mode: str = "r") -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    Image.new("RGB", (2, 2)).save(tmp_path / name, format="PNG")
    monkeypatch.setattr(Path, "open", refuse)  # a file's mode would not keep the system's administrator out
    with pytest.raises(SourceError, match="permission"):
        open_source(tmp_path / name)


def test_an_unplugged_camera_is_told() -> None:
    camera = Camera(0, FakeCapture())
    frames = [camera.read() for _ in range(3)]
    assert [f.index for f in frames] == [0, 1, 2]
    np.testing.assert_array_equal(frames[0].rgb[0, 0], (3, 2, 1))
    with pytest.raises(SourceError, match="check the cable"):
        camera.read()


def test_a_camera_says_what_it_has_seen() -> None:
    camera = Camera(0, FakeCapture())
    times = [camera.read(index).time_s for index in (0, 0, 7)]
    assert times == sorted(times)
    assert camera.frame_count == 3
    assert camera.index_at(0) == 2
    assert camera.duration_s == times[-1]
    assert camera.frame_rate == 30
    assert camera.source_id != Camera(0, FakeCapture()).source_id


def test_a_missing_camera_is_told() -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        Camera(7, FakeCapture(opened=False))
