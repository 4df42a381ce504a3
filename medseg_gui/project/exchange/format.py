"""What every exchange format promises, and the checks that all of them share."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from medseg_gui.errors import DataError, OutputError
from medseg_gui.project.records import FrameRecord, Lesion
from medseg_gui.types import CLASS_NAMES, MAX_PIXELS

Progress = Callable[[int, int], None]  # (done, in all); may raise to stop
T = TypeVar("T")

IMAGES = "images"
_LARGEST_TEXT = 2 * 1024**3  # bytes of one annotation file
CLASS_IDS = {name: class_id for class_id, name in CLASS_NAMES.items()}


@dataclass(frozen=True)
class Annotation:
    """The lesions of one picture, as they come from or go to a file.

    Attributes:
        image: file name of the picture, without a folder.
        size: (height, width) in pixels.
        lesions: what is marked in it.
        record: what the project knows of the frame; None when it comes from elsewhere.
    """

    image: str
    size: tuple[int, int]
    lesions: tuple[Lesion, ...]
    record: FrameRecord | None = None

    @property
    def stem(self) -> str:
        """File name without its ending."""
        return Path(self.image).stem


class Format(ABC):
    """One way in which annotations are written.

    Attributes:
        loses: what does not survive it, in words; empty when all pixels, ids and classes do.
        can_read: whether it can be imported.
    """

    loses: str = ""
    can_read: bool = True

    @abstractmethod
    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write annotations into an existing folder, in which the pictures lie under `images/`.

        Returns:
            what was lost this time, in words; empty for nothing.

        Raises:
            OutputError: it cannot be written.
        """

    @abstractmethod
    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Read annotations from a folder.

        Args:
            folder: which.
            progress: called after each picture with (done, in all).

        Raises:
            DataError: there are none, or they cannot be used.
        """


def one_by_one(read: Callable[[T], Annotation], items: Sequence[T], progress: Progress) -> list[Annotation]:
    """The annotations of many files, with a word after each."""
    found = []
    for item in items:
        found.append(read(item))
        progress(len(found), len(items))
    return found


def safe_name(text: object, of: str) -> str:
    """The file name in a path that a foreign file names.

    Raises:
        DataError: the path is absolute, leads upwards, or is none.
    """
    if not isinstance(text, str) or not text or "\0" in text:
        raise DataError(f"{of} names a picture that is no file name; export it again.")
    parts = PurePosixPath(text.replace("\\", "/")).parts
    if ".." in parts or text.startswith(("/", "\\")) or PureWindowsPath(text).drive or not parts:
        raise DataError(f"{of} names a picture outside its folder; it is not imported.")
    return parts[-1]


def class_of(label: object, of: str) -> int:
    """Class id of a name, in whatever case.

    Raises:
        DataError: there is no such class.
    """
    class_id = CLASS_IDS.get(str(label).strip().casefold())
    if class_id is None:
        raise DataError(f"{of} marks “{str(label)[:40]}”; rename it to {' or '.join(CLASS_IDS)}.")
    return class_id


def size_of(height: object, width: object, of: str) -> tuple[int, int]:
    """(height, width) that a foreign file tells, after a look that it can be.

    Raises:
        DataError: it cannot.
    """
    if type(height) is not int or type(width) is not int or height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise DataError(f"{of} tells no usable picture size; export it again.")
    return height, width


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        DataError: it cannot be read, or is none.
    """
    try:
        if path.stat().st_size > _LARGEST_TEXT:
            raise DataError(f"{path.name} is larger than 2 GB; export it in parts.")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as e:
        raise DataError(f"{path.name} cannot be read ({e.strerror}); check the file.") from e
    except (ValueError, RecursionError) as e:
        raise DataError(f"{path.name} is no valid JSON; export it again.", str(e)) from e


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old one or the new one.

    Raises:
        OutputError: disk full, no permission.
    """
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as e:
        with suppress(OSError):  # the disk may be gone
            partial.unlink(missing_ok=True)
        raise OutputError(f"{path.name} cannot be written ({e.strerror}); choose another folder.") from e


def write_json(path: Path, content: object) -> None:
    """Write a JSON file in one step; as `write_bytes`."""
    write_bytes(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
