"""What every source promises, folders and pictures in all their kinds, and bad input."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from medseg_gui.errors import SourceError
from medseg_gui.media import SOURCES, Source, open_source
from medseg_gui.media.camera import Camera
from medseg_gui.media.content_hash import content_hash
from medseg_gui.media.folder import natural_key
from medseg_gui.media.image_file import read_image
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
        assert frame.index == 0
        assert frame.rgb.dtype == np.uint8
        assert frame.rgb.ndim == 3
        assert frame.rgb.shape[2] == 3
        assert frame.source_id == source.source_id
        assert len(source.source_id) == 32
        assert source.frame_rate > 0
        assert source.title
        assert source.is_live or len(source.frame_times) == source.frame_count
        assert not frame.rgb.flags.writeable
    source.close()


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


RED = (200, 10, 20)


def red(mode: str) -> Image.Image:
    return Image.new("RGB", (8, 6), RED).convert(mode)


PICTURES = {
    "rgb.jpg": (red("RGB"), {"quality": 100, "subsampling": 0}, RED),
    "rgb.png": (red("RGB"), {}, RED),
    "rgb.bmp": (red("RGB"), {}, RED),
    "rgb.tif": (red("RGB"), {}, RED),
    "rgb.webp": (red("RGB"), {"lossless": True}, RED),
    "palette.png": (red("P"), {}, None),
    "grey.png": (Image.new("L", (8, 6), 77), {}, (77, 77, 77)),
    "grey alpha.png": (Image.new("LA", (8, 6), (200, 128)), {}, (100, 100, 100)),
    "alpha.png": (Image.new("RGBA", (8, 6), (200, 100, 50, 0)), {}, (0, 0, 0)),
    "cmyk.jpg": (Image.new("CMYK", (8, 6), (0, 255, 255, 0)), {"quality": 100}, (255, 0, 0)),
    "16 bit.png": (Image.fromarray(np.full((6, 8), 0x8080, np.uint16)), {}, (128, 128, 128)),
    "16 bit.tif": (Image.fromarray(np.full((6, 8), 0xFFFF, np.uint16)), {}, (255, 255, 255)),
    "1 bit.png": (Image.new("1", (8, 6), 1), {}, (255, 255, 255)),
    "one pixel.png": (Image.new("RGB", (1, 1), RED), {}, RED),
}


@pytest.mark.parametrize("name", list(PICTURES))
def test_every_kind_of_picture_becomes_rgb(tmp_path: Path, name: str) -> None:
    picture, options, wanted = PICTURES[name]
    picture.save(tmp_path / name, **options)
    rgb = read_image(tmp_path / name)
    assert rgb.shape == (picture.height, picture.width, 3)
    assert rgb.dtype == np.uint8
    if wanted is None:
        wanted = picture.convert("RGB").getpixel((0, 0))
    np.testing.assert_allclose(rgb[0, 0], wanted, atol=3)


def test_sixteen_bit_colour_tiff(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.tif"), np.full((6, 8, 3), (0x1010, 0x2020, 0xFFFF), np.uint16))
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[0, 0], (255, 32, 16))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    pixels = np.zeros((6, 8, 3), np.uint8)
    pixels[:3, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    rgb = read_image(tmp_path / "a.png")
    assert rgb.shape[:2] == ((6, 8) if orientation < 5 else (8, 6))
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    assert rgb[corner[orientation]][0] == 255


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds one pixel."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    raw = bytearray(buffer.getvalue())
    raw[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
    return bytes(raw)


BAD = {
    "zero.mp4": b"",
    "zero.png": b"",
    "text.mp4": b"This is a letter, not a video.\n" * 50,
    "text.jpg": b"This is a letter, not a picture.\n" * 50,
    "huge.png": png_header(20_000, 20_000),
    "cut.png": png_header(64, 64),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_are_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    with pytest.raises(SourceError) as told:
        open_source(tmp_path / name)
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_a_cut_jpeg_is_refused_not_half_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(SourceError, match="damaged"):
        read_image(path)


def test_a_picture_under_a_video_name_opens_as_what_it_is(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6), RED).save(tmp_path / "a.mp4", format="PNG")
    with open_source(tmp_path / "a.mp4") as source:
        assert source.read(0).size == (6, 8)


def test_a_video_under_a_picture_name_opens_as_what_it_is(make_clip: MakeClip, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_clip("v.mp4", count=4).read_bytes())
    with open_source(tmp_path / "a.png") as source:
        assert source.frame_count == 4


@pytest.mark.parametrize("spec", ["missing.mp4", "missing folder/", "nul\0byte.mp4"])
def test_what_is_not_there_is_told(spec: str) -> None:
    with pytest.raises(SourceError):
        open_source(spec)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows may read everything")
def test_no_permission_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (2, 2)).save(path)
    path.chmod(0)
    with pytest.raises(SourceError, match="permission"):
        open_source(path)


def test_an_unplugged_camera_is_told() -> None:
    camera = Camera(0, FakeCapture())
    frames = [camera.read() for _ in range(3)]
    assert [f.index for f in frames] == [0, 1, 2]
    np.testing.assert_array_equal(frames[0].rgb[0, 0], (3, 2, 1))
    with pytest.raises(SourceError, match="check the cable"):
        camera.read()


def test_a_missing_camera_is_told() -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        Camera(7, FakeCapture(opened=False))
