"""One picture file to RGB, whatever it holds."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from medseg_gui.errors import SourceError
from medseg_gui.types import UInt8Array

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
# 100 megapixels are 300 MB of RGB; the largest endoscope gives 8.
MAX_PIXELS = 100_000_000


def read_image(path: Path) -> UInt8Array:
    """Read a picture: EXIF orientation applied, 16 bit scaled to 8, alpha laid on black, first page of several.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        SourceError: not there, not a picture, damaged, or larger than 100 megapixels.
    """
    try:
        data = path.read_bytes()
    except OSError as e:
        raise SourceError(f"{path.name} cannot be read ({e.strerror}); check the file and your permission.") from e
    if not data:
        raise SourceError(f"{path.name} is empty; copy it again from where it came.")
    try:
        return _decode(data, path.name)
    except SourceError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, OverflowError, TypeError) as e:
        # What Pillow's decoders raise on damaged files is not one family.
        raise SourceError(f"{path.name} is damaged and cannot be decoded; copy it again.", repr(e)) from e


def _decode(data: bytes, name: str) -> UInt8Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our own limit replaces Pillow's; odd metadata is not the user's concern
        try:
            picture = Image.open(io.BytesIO(data))
        except UnidentifiedImageError:
            return _decode_with_opencv(data, name)
        except Image.DecompressionBombError as e:
            raise _too_large(name) from e
        with picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(name)
            return _to_rgb(ImageOps.exif_transpose(picture))


def _to_rgb(picture: Image.Image) -> UInt8Array:
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return np.repeat(_to_8_bit(np.asarray(picture))[..., None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    return np.array(picture.convert("RGB"))


def _decode_with_opencv(data: bytes, name: str) -> UInt8Array:
    """For what Pillow does not know, such as TIFF with three channels of 16 bit."""
    if not data.startswith((b"II*\0", b"MM\0*")):
        raise SourceError(f"{name} is not a picture this program knows; use JPEG, PNG, BMP, TIFF or WebP.")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    except cv2.error as e:
        raise SourceError(f"{name} is damaged and cannot be decoded; copy it again.", str(e)) from e
    if pixels is None:
        raise SourceError(f"{name} is damaged and cannot be decoded; copy it again.")
    return np.ascontiguousarray(_to_8_bit(np.asarray(pixels))[..., ::-1])


def _to_8_bit(pixels: np.ndarray) -> UInt8Array:
    """Scale by the type's own range (65535 becomes 255); wider types, which have none, by the largest value."""
    if pixels.dtype == np.uint8:
        return pixels
    values = np.nan_to_num(pixels.astype(np.float64))
    largest = 65535.0 if pixels.dtype == np.uint16 or values.max(initial=0) <= 65535 else values.max()
    if pixels.dtype.kind == "f" and values.max(initial=0) <= 1:
        largest = 1.0
    return (np.clip(values / largest, 0, 1) * 255).round().astype(np.uint8)


def _too_large(name: str) -> SourceError:
    return SourceError(f"{name} has more than 100 megapixels; scale it down first.")
