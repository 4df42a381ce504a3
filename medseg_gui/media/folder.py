"""A folder of pictures as a source, and a single picture as a folder of one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from medseg_gui.errors import SourceError
from medseg_gui.media.content_hash import content_hash, folder_hash
from medseg_gui.media.image_file import IMAGE_SUFFIXES, read_image, read_size
from medseg_gui.media.source import Source, name_of
from medseg_gui.types import Frame

# Pictures have no time of their own; played, they follow each other at this rate.
PLAYBACK_RATE = 25.0
_DIGITS = re.compile(r"(\d+)")


class ImageFolder(Source):
    """The pictures of one folder in natural order (img2 before img10); sub-folders are not entered.

    A folder that holds no picture itself but an `images` folder stands for that one.

    Raises:
        SourceError: not a folder, not readable, or without a picture.
    """

    kind = "folder"

    def __init__(self, path: Path) -> None:
        files = _list_pictures(path)
        if not files and (path / "images").is_dir():
            files = _list_pictures(path / "images")
        if not files:
            raise SourceError(f"{path.name or path} holds no pictures (JPEG, PNG, BMP, TIFF, WebP); choose another.")
        self.path = path
        self.title = name_of(path) or str(path)
        self.frame_rate = PLAYBACK_RATE
        self.frame_times = np.arange(len(files)) / PLAYBACK_RATE
        self.source_id = folder_hash(files)
        self._files = [file for file, _ in files]

    def read(self, index: int) -> Frame:
        """Decode one picture; a damaged one does not stop the others."""
        if not 0 <= index < self.frame_count:
            raise SourceError(f"There is no picture {index}; the folder holds {self.frame_count}.")
        file = self._files[index]
        return Frame(index, float(self.frame_times[index]), self.source_id, read_image(file), name_of(file))

    def size_of(self, index: int) -> tuple[int, int]:
        """(height, width) of a picture in pixels, without decoding it.

        Raises:
            SourceError: it cannot be read.
        """
        return read_size(self._files[index])

    @property
    def names(self) -> list[str]:
        """File name of each frame."""
        return [name_of(file) for file in self._files]

    def close(self) -> None:
        """Nothing is held open."""


class SingleImage(Source):
    """One picture.

    Raises:
        SourceError: it cannot be decoded.
    """

    kind = "image"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.title = name_of(path)
        self.frame_rate = PLAYBACK_RATE
        self.frame_times = np.zeros(1)
        self._rgb = read_image(path)
        self.source_id = content_hash(path)

    def read(self, index: int) -> Frame:
        """The picture, whose only index is 0."""
        if index != 0:
            raise SourceError(f"There is no picture {index}; {self.title} is a single one.")
        return Frame(0, 0.0, self.source_id, self._rgb, self.title)

    def close(self) -> None:
        """Nothing is held open."""


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key by which img2 stands before img10, whatever the case; ties keep numbers before words."""
    parts = _DIGITS.split(name.casefold())
    return tuple((0, int(p)) if p.isdecimal() else (1, p) for p in parts if p)


def _list_pictures(folder: Path) -> list[tuple[Path, int]]:
    """(path, size in bytes) of each picture, in natural order."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (natural_key(e.name), e.name, e.stat().st_size)
                for e in entries
                if Path(e.name).suffix.lower() in IMAGE_SUFFIXES and not e.name.startswith(".") and e.is_file()
            ]
    except OSError as e:
        raise SourceError(
            f"{folder.name or folder} cannot be read ({e.strerror}); check the folder and your permission."
        ) from e
    return [(folder / name, size) for _, name, size in sorted(found)]
