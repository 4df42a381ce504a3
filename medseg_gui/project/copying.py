"""A copy of a project in another folder, whose sources are found from there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medseg_gui.errors import OutputError
from medseg_gui.project import sources
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.place import read_place, write_place
from medseg_gui.project.store import Project


def copy_project(project: Project, folder: Path) -> Project:
    """Copy everything that is saved: masks, states, undo, audit, but for the copies of sources that it owns.

    Args:
        project: open; stays open and unchanged.
        folder: new or empty.

    Returns:
        the copy, open, for the same author and reader.

    Raises:
        ProjectError: the folder holds something else.
        OutputError: it cannot be written.
    """
    Project.create(folder).close()
    try:
        (folder / DATABASE_NAME).unlink()
    except OSError as e:
        raise OutputError(f"{folder.name} cannot be written ({e.strerror}); choose another folder.") from e
    project.copy_database(folder / DATABASE_NAME)
    if (place := read_place(project.folder)) is not None:
        write_place(folder, place)
    copy = Project(folder, project.author, project.reader)
    copy.place_sources([_moved(record, project.folder, folder) for record in project.sources()])
    return copy


def _moved(record: sources.SourceRecord, old: Path, new: Path) -> sources.SourceRecord:
    return replace(record, path=sources.relative_path(sources.place_of(record, old), new))
