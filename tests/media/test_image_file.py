"""Pictures in all their kinds become RGB, and what is no picture is told."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from medseg_gui.errors import SourceError
from medseg_gui.media import open_source
from medseg_gui.media.image_file import read_image, read_size

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
    "palette alpha.png": (red("P"), {"transparency": red("P").getpixel((0, 0))}, (0, 0, 0)),
    "colour key.png": (red("RGB"), {"transparency": RED}, (0, 0, 0)),
    "alpha.webp": (Image.new("RGBA", (8, 6), (200, 100, 50, 51)), {"lossless": True}, (40, 20, 10)),
    "alpha.tif": (Image.new("RGBA", (8, 6), (200, 100, 50, 51)), {}, (40, 20, 10)),
    "progressive.jpg": (red("RGB"), {"quality": 100, "subsampling": 0, "progressive": True}, RED),
    "grey.jpg": (Image.new("L", (8, 6), 77), {"quality": 100}, (77, 77, 77)),
    "packed.tif": (red("RGB"), {"compression": "tiff_lzw"}, RED),
    "cmyk.tif": (Image.new("CMYK", (8, 6), (0, 255, 255, 0)), {}, (255, 0, 0)),
    "palette.bmp": (red("P"), {}, None),
    "1 bit.tif": (Image.new("1", (8, 6), 1), {"compression": "group4"}, (255, 255, 255)),
    "16 bit big endian.tif": (Image.fromarray(np.full((6, 8), 0x8080, ">u2")), {}, (128, 128, 128)),
    "ÄÖ 日本.png": (red("RGB"), {}, RED),
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


@pytest.mark.parametrize("ending", [".tif", ".png"])
def test_sixteen_bit_colour_keeps_its_upper_half(tmp_path: Path, ending: str) -> None:
    _, data = cv2.imencode(ending, np.full((6, 8, 3), (0x10FF, 0x2000, 0xFFFF), np.uint16))
    (tmp_path / "a").with_suffix(ending).write_bytes(data.tobytes())
    np.testing.assert_array_equal(read_image((tmp_path / "a").with_suffix(ending))[0, 0], (255, 0x20, 0x10))


def test_of_several_pages_the_first_is_read(tmp_path: Path) -> None:
    red("RGB").save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("RGB", (3, 3))])
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[0, 0], RED)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, ending: str) -> None:
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{ending}"
    Image.fromarray(pixels).save(path, exif=exif)
    rgb = read_image(path)
    assert rgb.shape[:2] == ((32, 48) if orientation < 5 else (48, 32))
    bright = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert (rgb[corner][0] > 128) == (corner == bright[orientation])


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds one pixel."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    raw = bytearray(buffer.getvalue())
    raw[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
    return bytes(raw)


def bmp_header(width: int, height: int) -> bytes:
    """A bitmap that announces a size and holds nothing."""
    size = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return b"BM" + bytes(8) + b"\x36\0\0\0\x28\0\0\0" + size + b"\1\0\x18\0" + bytes(24)


@pytest.mark.parametrize("data", [png_header(20_000, 20_000), bmp_header(20_000, 20_000), png_header(100_000_001, 1)])
def test_too_many_pixels_are_refused_before_decoding(
    tmp_path: Path, data: bytes, recwarn: pytest.WarningsRecorder
) -> None:
    (tmp_path / "huge.png").write_bytes(data)
    with pytest.raises(SourceError, match=r"huge\.png has more than 100 megapixels"):
        open_source(tmp_path / "huge.png")
    assert not recwarn.list


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "tif", "webp"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_picture_is_refused_not_half_shown(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SourceError, match=rf"a\.{ending}"):
        read_image(path)


def test_a_header_without_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(64, 64))
    with pytest.raises(SourceError, match=r"a\.png is damaged"):
        read_image(tmp_path / "a.png")


def test_formats_that_other_programs_would_decode_are_refused(tmp_path: Path) -> None:
    red("RGB").save(tmp_path / "a.jpg", format="EPS")
    with pytest.raises(SourceError, match=r"a\.jpg is not a picture this program knows"):
        read_image(tmp_path / "a.jpg")


def test_numbers_without_a_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((6, 8), 0.5, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(SourceError, match="32 bit"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("read", [read_image, read_size])
def test_a_picture_that_went_away_is_not_called_damaged(read: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.png is not there any more"):
        read(tmp_path / "a.png")
