"""Where the sources of a project lie: remembered relative to it, found again by their content."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from medseg_gui.errors import DataError, SourceError
from medseg_gui.media import SOURCES, open_source
from medseg_gui.media.content_hash import content_hash
from medseg_gui.media.folder import ImageFolder
from medseg_gui.media.source import Source
from medseg_gui.project.records import SourceRecord

logger = logging.getLogger(__name__)

ALL = "SELECT hash, path, name, kind, centre, frame_count FROM source ORDER BY id"
_FOLDER = ImageFolder.kind


class SourceLike(Protocol):
    """The part of a `media.Source` that a project remembers; attributes as there."""

    @property
    def source_id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def path(self) -> Path | None: ...

    @property
    def is_live(self) -> bool: ...

    @property
    def frame_count(self) -> int: ...


def record_of(source: SourceLike, project: Path, centre: str) -> SourceRecord:
    """What is to be remembered of an open source.

    Raises:
        DataError: it is a camera, or its path cannot be written down.
    """
    if source.is_live or source.path is None:
        raise DataError("A camera cannot be annotated; record it to a video first.")
    path = relative_path(source.path, project)
    if not _is_text(path):
        raise DataError(f"The name of {source.title} or of its folder is no text; rename it.")
    return SourceRecord(source.source_id, path, source.title, source.kind, centre, source.frame_count)


def add(connection: sqlite3.Connection, record: SourceRecord) -> None:
    """Write a record, or its place and centre if the source is known."""
    connection.execute(
        "INSERT INTO source (hash, path, name, kind, centre, frame_count) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (hash) DO UPDATE SET path = excluded.path,"
        " centre = CASE excluded.centre WHEN '' THEN centre ELSE excluded.centre END",
        (record.hash, record.path, record.name, record.kind, record.centre, record.frame_count),
    )


def place_of(record: SourceRecord, project: Path) -> Path:
    """Where a source should lie."""
    return project / record.path


def open_checked(record: SourceRecord, project: Path) -> Source:
    """Open a source.

    Raises:
        SourceError: it is not where it was, or its content is another.
    """
    path = place_of(record, project)
    if record.kind not in SOURCES or not path.exists():
        raise SourceError(f"{record.name} is not where it was; choose the folder that it lies in now.")
    source = open_source(path)
    if source.source_id != record.hash:
        source.close()
        raise SourceError(f"{record.name} was changed since it was annotated; choose the folder with the original.")
    return source


def find(missing: Sequence[SourceRecord], search: Path, project: Path) -> list[SourceRecord]:
    """Records of missing sources with the place where their content was found, in a folder or below it."""
    wanted = {record.hash: record for record in missing}
    found = []
    for source_hash, path in _candidates(search, {record.kind for record in missing}):
        if source_hash in wanted:
            found.append(replace(wanted.pop(source_hash), path=relative_path(path, project)))
        if not wanted:
            break
    return found


def _candidates(search: Path, kinds: set[str]) -> Iterator[tuple[str, Path]]:
    """(content hash, path) of every file and picture folder; what cannot be read is passed over."""
    for folder, _, names in os.walk(search):
        if _FOLDER in kinds:
            with suppress(SourceError):  # most folders hold no pictures
                yield ImageFolder(Path(folder)).source_id, Path(folder)
        if kinds - {_FOLDER}:
            for name in names:
                with suppress(SourceError):
                    yield content_hash(Path(folder) / name), Path(folder) / name


def _is_text(path: str) -> bool:
    """Linux takes any bytes for a name; Python tells those that are no text by lone surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in path)


def relative_path(path: Path, project: Path) -> str:
    """Path from the project to a source, so that both can be carried on a stick; absolute from one drive to another."""
    try:
        return Path(os.path.relpath(path.absolute(), project.absolute())).as_posix()
    except ValueError:  # another drive of Windows
        return path.absolute().as_posix()
