"""Masks as PNG files: read any that hold one, write exact ones."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.errors import DataError, OutputError
from medseg_gui.types import UInt8Array


def read_mask(path: Path) -> UInt8Array:
    """Read a mask picture.

    Returns:
        (H, W) uint8, 1 where the picture is above half white, else 0.

    Raises:
        DataError: the file is not there or not a picture.
    """
    try:
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
    except (OSError, cv2.error) as e:
        raise DataError(f"The mask {path.name} cannot be read; check the file.", str(e)) from e
    if picture is None:
        raise DataError(f"The mask {path.name} is not a picture; export it again.")
    return (picture > 127).astype(np.uint8)


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
