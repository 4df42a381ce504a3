"""Everything that gives frames. To add a kind of source: a file with a child of `Source`, and a line in SOURCES."""

from __future__ import annotations

import re
from pathlib import Path

from medseg_gui.errors import SourceError
from medseg_gui.media.camera import Camera
from medseg_gui.media.folder import ImageFolder, SingleImage
from medseg_gui.media.image_file import IMAGE_SUFFIXES
from medseg_gui.media.source import Source
from medseg_gui.media.video import VideoFile

__all__ = ["SOURCES", "Source", "open_source"]

SOURCES: dict[str, type[Source]] = {
    "video": VideoFile,
    "folder": ImageFolder,
    "image": SingleImage,
    "camera": Camera,
}

_CAMERA = re.compile(r"^camera:(\d+)$")


def open_source(spec: str | Path) -> Source:
    """Open a video file, a folder of pictures, a picture, or "camera:N".

    A file's content decides what it is, its ending only what is tried first: a picture named .mp4 opens as the
    picture it is.

    Raises:
        SourceError: it cannot be opened, in one sentence that says why.
    """
    if match := _CAMERA.match(str(spec)):
        return Camera(int(match[1]))
    path = Path(spec)
    try:
        if path.is_dir():
            return ImageFolder(path)
        size = path.stat().st_size
        is_file = path.is_file()
    except (OSError, ValueError) as e:
        raise SourceError(f"{path.name or path} is not there or cannot be reached; check the path.", str(e)) from e
    if not is_file:
        raise SourceError(f"{path.name} is neither a file nor a folder; choose a video, a picture or a folder.")
    if not size:
        raise SourceError(f"{path.name} is empty; copy it again from where it came.")
    return _open_file(path)


def _open_file(path: Path) -> Source:
    is_picture = path.suffix.lower() in IMAGE_SUFFIXES
    first, second = (SingleImage, VideoFile) if is_picture else (VideoFile, SingleImage)
    try:
        return first(path)
    except SourceError as first_error:
        try:
            return second(path)
        except SourceError:
            raise first_error from None
