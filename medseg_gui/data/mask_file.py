"""Masks as PNG files: read any that hold one, write exact ones."""

from __future__ import annotations

import io
import os
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.errors import DataError, OutputError, SourceError
from medseg_gui.media.image_file import open_header
from medseg_gui.types import UInt8Array


def read_mask(path: Path) -> UInt8Array:
    """Read a mask picture.

    Returns:
        (H, W) uint8, 1 where the picture is above half white, else 0.

    Raises:
        DataError: the file is not there or not a picture.
    """
    return (read_grey(path) > 127).astype(np.uint8)


def read_grey(path: Path, flags: int = cv2.IMREAD_GRAYSCALE) -> UInt8Array:
    """Read a picture file as grey values; arguments and errors as `decode_grey`."""
    try:
        content = path.read_bytes()
    except OSError as e:
        raise DataError(f"{path.name} cannot be read ({e.strerror}); check the file.") from e
    return decode_grey(content, path.name, flags)


def decode_grey(content: bytes, name: str, flags: int = cv2.IMREAD_GRAYSCALE) -> UInt8Array:
    """Decode a picture as grey values.

    Args:
        content: of the file.
        name: of the file, for the sentence.
        flags: of `cv2.imdecode`.

    Returns:
        (H, W) uint8.

    Raises:
        DataError: it is not a picture, damaged, or larger than 100 megapixels.
    """
    try:
        # OpenCV sets aside whatever a chunk of a PNG claims to hold; Pillow looks whether it is there.
        open_header(io.BytesIO(content), name).verify()
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except SourceError as e:
        raise DataError(str(e)) from e
    except Exception as e:  # what Pillow's readers raise on damaged files is no family
        raise DataError(f"{name} is damaged and cannot be decoded; export it again.", repr(e)) from e
    if picture is None:
        raise DataError(f"{name} is damaged and cannot be decoded; export it again.")
    return picture.astype(np.uint8, copy=False)


def write_mask(path: Path, mask: UInt8Array) -> None:
    """Write a binary mask as a PNG of 0 and 255, in one step: a reader sees the old file or the new one.

    Args:
        path: where to; the folder must exist.
        mask: (H, W) uint8 or bool, non-zero is the object.

    Raises:
        OutputError: disk full, no permission.
    """
    _, png = cv2.imencode(".png", np.where(mask > 0, 255, 0).astype(np.uint8))
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(png.tobytes())
        os.replace(partial, path)
    except OSError as e:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path.name} cannot be written ({e.strerror}); choose another folder.") from e
