"""Backups of a project: checked before they count, the newest few kept, put back when the database is damaged."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from medseg_gui.errors import MedsegError, OutputError, ProjectError
from medseg_gui.project.database import DATABASE_NAME, Database, check, sentence_for
from medseg_gui.project.lock import ProjectLock
from medseg_gui.project.masks import lesions_from_rows

BACKUP_FOLDER = "backups"
KEPT = 3


def back_up(database: Database) -> Path:
    """Copy the database into the project's backup folder, check the copy, and drop the oldest ones.

    Returns:
        the backup.

    Raises:
        OutputError: it cannot be written; older backups stay.
        ProjectError: the copy is not sound, because the database is not; older backups stay.
    """
    folder = database.path.parent / BACKUP_FOLDER
    name = _next_name(folder.parent)
    final, partial = folder / f"{name}.sqlite", folder / f"{name}.part"
    try:
        folder.mkdir(exist_ok=True)
        database.copy_to(partial)
        check_all(partial)
        os.replace(partial, final)
    except OSError as e:
        raise OutputError(f"The backup of {folder.parent.name} cannot be written ({e.strerror}).") from e
    finally:
        with suppress(OSError):  # the disk may be gone
            partial.unlink(missing_ok=True)
    for old in list_backups(folder.parent)[KEPT:]:
        old.unlink(missing_ok=True)
    return final


def list_backups(folder: Path) -> list[Path]:
    """Backups of a project folder, newest first."""
    return sorted((folder / BACKUP_FOLDER).glob("*.sqlite"), key=lambda path: path.stem, reverse=True)


def last_good_backup(folder: Path) -> Path | None:
    """The newest backup that is sound, None if there is none."""
    for backup in list_backups(folder):
        with suppress(MedsegError):  # an unsound one is passed over for the one before it
            check_all(backup)
            return backup
    return None


def restore(folder: Path) -> Path:
    """Put the last good backup in the place of the database, which is kept beside it under another name.

    Returns:
        where the damaged database lies now.

    Raises:
        ProjectError: there is no sound backup, or the project is open.
        OutputError: the files cannot be moved.
    """
    lock = ProjectLock(folder)
    try:
        backup = last_good_backup(folder)
        if backup is None:
            raise ProjectError(f"The project {folder.name} has no backup that can be used.")
        return _swap(folder, backup)
    finally:
        lock.release()


def check_all(path: Path) -> None:
    """Look that a database is sound, down to the check sum of every mask.

    Raises:
        ProjectError: it is not.
        OutputError: it cannot be read.
    """
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            check(connection, path)
            rows = connection.execute(
                "SELECT frame_id, reader, height, width, lesion_id, class_id, check_sum, rle FROM lesion"
                " JOIN frame ON frame.id = frame_id"
            )
            for frame_id, reader, height, width, *row in rows:
                lesions_from_rows([row], frame_id, reader, (height, width))
        finally:
            connection.close()
    except sqlite3.Error as e:
        raise sentence_for(e, path) from e


def _next_name(project: Path) -> str:
    """The time, or, where the clock was set back, the newest backup's name with a + behind it: names tell the order."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    newest = next((path.stem for path in list_backups(project)), "")
    return now if now > newest else f"{newest}+"


def _swap(folder: Path, backup: Path) -> Path:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    aside = folder / f"damaged-{now}.sqlite"
    while aside.exists():
        aside = aside.with_stem(f"{aside.stem}+")
    database, partial = folder / DATABASE_NAME, folder / f"{DATABASE_NAME}.part"
    try:
        partial.write_bytes(backup.read_bytes())
        for ending in ("-wal", "-shm"):  # they belong to the damaged file, and would be laid over the backup
            if (log := folder / f"{DATABASE_NAME}{ending}").exists():
                os.replace(log, folder / f"{aside.name}{ending}")
        if database.exists():
            os.replace(database, aside)
        os.replace(partial, database)
    except OSError as e:
        raise OutputError(f"The backup of {folder.name} cannot be put back ({e.strerror}).") from e
    return aside
