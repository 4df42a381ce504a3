"""One picture file to RGB, whatever it holds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from medseg_gui.errors import SourceError
from medseg_gui.types import MAX_PIXELS, UInt8Array

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
# The ones we promise; of its other formats Pillow hands some to outside programs.
_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
_FIRST_TURNED = 5  # EXIF orientations from here on lie on their side

# Our own limit takes the place of Pillow's. Odd metadata, of which it warns, is not the user's concern. Set for good,
# because Python's way to do so for a while is not thread-safe.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")


def read_image(path: Path) -> UInt8Array:
    """Read a picture as it is meant to be seen.

    EXIF orientation is applied. Of 16 bits the upper 8 are kept, so that the full range stays the full range. What is
    transparent is laid on black. Of several pages or pictures the first is read. Colour profiles are passed over.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        SourceError: not there, not a picture, damaged, or larger than 100 megapixels.
    """
    with _told_in_a_sentence(path), path.open("rb") as file:
        return _decode(file, path.name)


def read_size(path: Path) -> tuple[int, int]:
    """(height, width) in pixels that `read_image` will give, from the file's header alone.

    Raises:
        SourceError: it cannot be read.
    """
    with _told_in_a_sentence(path), Image.open(path, formats=_FORMATS) as picture:
        is_turned = picture.getexif().get(ExifTags.Base.Orientation, 1) >= _FIRST_TURNED
        return (picture.width, picture.height) if is_turned else (picture.height, picture.width)


def open_header(file: BinaryIO, name: str) -> Image.Image:
    """Look at a picture's header, before anybody decodes it: a small file may hold very many pixels.

    Args:
        file: at its beginning.
        name: of the file, for the sentence.

    Raises:
        SourceError: not a picture, or larger than 100 megapixels.
    """
    try:
        picture = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError as e:
        raise SourceError(f"{name} is not a picture this program knows; use JPEG, PNG, BMP, TIFF or WebP.") from e
    if picture.width * picture.height > MAX_PIXELS:
        raise SourceError(f"{name} has more than 100 megapixels; scale it down first.")
    return picture


@contextmanager
def _told_in_a_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except FileNotFoundError as e:
        raise SourceError(f"{path.name} is not there any more; bring it back, or open the folder again.") from e
    except PermissionError as e:
        raise SourceError(f"{path.name} must not be read; ask for permission or copy it elsewhere.") from e
    except Exception as e:  # what Pillow's decoders raise on damaged files is no family
        raise SourceError(f"{path.name} is damaged and cannot be decoded; copy it again.", repr(e)) from e


def _decode(file: BinaryIO, name: str) -> UInt8Array:
    if not file.read(1):
        raise SourceError(f"{name} is empty; copy it again from where it came.")
    file.seek(0)
    with open_header(file, name) as picture:
        if picture.mode == "F":
            raise SourceError(f"{name} holds numbers without a range (32 bit); save it with 8 or 16 bit.")
        return _to_rgb(ImageOps.exif_transpose(picture))


def _to_rgb(picture: Image.Image) -> UInt8Array:
    if picture.mode.startswith("I"):  # 16 bit grey; older releases of Pillow call it 32 bit
        grey = (np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    return np.array(picture.convert("RGB"))
