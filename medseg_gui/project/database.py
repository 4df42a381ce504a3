"""The SQLite file of a project: opening with checks, transactions that survive a kill, errors as sentences.

WAL mode with `synchronous = FULL`: what was committed is on the disk, whatever becomes of the process or the power.
Every statement in this room is constant text with parameters.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from medseg_gui.errors import MedsegError, OutputError, ProjectError
from medseg_gui.project.schema import APPLICATION_ID, VERSION, create_tables, is_as_expected, upgrade

DATABASE_NAME = "project.sqlite"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA}


class DamagedProjectError(ProjectError):
    """The database is damaged; a backup may be at hand.

    Attributes:
        backup: the last good backup, None if there is none.
    """

    def __init__(self, message: str, details: str = "", backup: Path | None = None) -> None:
        super().__init__(message, details)
        self.backup = backup


class Database:
    """An open project database; one of an older version is brought up to ours. Not thread-safe: one thread opens, uses
    and closes it.

    Args:
        path: the file.

    Raises:
        ProjectError: it is of a newer version or another program's.
        DamagedProjectError: it is damaged.
        OutputError: it cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = self._connect()

    @classmethod
    def create(cls, path: Path) -> None:
        """Make a new file with empty tables.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                create_tables(connection)
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
        except sqlite3.Error as e:
            raise sentence_for(e, path) from e

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows that a query gives.

        Raises:
            DamagedProjectError, OutputError: as `sentence_for` tells.
        """
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as e:
            raise sentence_for(e, self.path) from e

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block ends, or nothing.

        Raises:
            OutputError: disk full, read-only, unplugged; what was there before is unharmed.
            DamagedProjectError: the file is damaged.
        """
        if not self.is_there():
            raise OutputError(f"The project {self.path.parent.name} cannot be reached; plug the drive back in.")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # our own mistake, not the disk's
        except sqlite3.Error as e:
            raise sentence_for(e, self.path) from e
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):  # SQLite rolled back by itself where it could not go on
                    self._connection.execute("ROLLBACK")

    def reconnect(self) -> None:
        """Open the file again, after a stick was plugged back in.

        Raises:
            OutputError: it is still not there.
        """
        if not self.path.is_file():
            raise OutputError(f"The project {self.path.parent.name} is not there; plug the drive back in.")
        old, self._connection = self._connection, self._connect()
        with suppress(sqlite3.Error):  # the old connection belongs to a file that is gone
            old.close()

    def copy_to(self, path: Path) -> None:
        """Copy the database as it stands to another file.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            copy = sqlite3.connect(path)
            try:
                self._connection.backup(copy)
            finally:
                copy.close()
        except sqlite3.Error as e:
            raise sentence_for(e, path) from e

    def close(self) -> None:
        """Let go of the file; twice does no harm."""
        with suppress(sqlite3.Error):  # all that was committed is safe in the write-ahead log
            self._connection.close()

    def is_there(self) -> bool:
        """Whether the file that is open still lies where it was opened.

        On Linux a deleted or unmounted file can still be written to, and what is written is lost.
        """
        try:
            now = self.path.stat()
        except OSError:
            return False
        return (now.st_dev, now.st_ino) == self._identity

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        except sqlite3.Error as e:
            raise sentence_for(e, self.path) from e
        try:
            self._set_up(connection)
            stat = self.path.stat()
        except (sqlite3.Error, OSError) as e:
            connection.close()
            raise sentence_for(e, self.path) from e
        except MedsegError:
            connection.close()
            raise
        self._identity = (stat.st_dev, stat.st_ino)
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        version = check(connection, self.path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version < VERSION:
            upgrade(connection, version)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # else REPLACE would pass by the delete trigger
        connection.execute("PRAGMA busy_timeout = 2000")


def check(connection: sqlite3.Connection, path: Path) -> int:
    """Look that a file is a sound project of a version that we know.

    Returns:
        the version.

    Raises:
        ProjectError, DamagedProjectError: it is not.
        sqlite3.Error: it cannot be read.
    """
    name = path.parent.name
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise DamagedProjectError(f"The database of the project {name} is damaged or of another program.")
    if version > VERSION:
        raise ProjectError(f"The project {name} was made by a newer version of this program; update it to open it.")
    if version < 1 or not is_as_expected(connection, version):
        raise DamagedProjectError(f"The tables of the project {name} are not as this program made them.")
    # Not quick_check, which would miss an index that no longer leads to its mask.
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DamagedProjectError(f"The database of the project {name} is damaged.", verdict)
    return version


def sentence_for(error: sqlite3.Error | OSError, path: Path) -> MedsegError:
    """What SQLite says, as an error that helps."""
    name = path.parent.name
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGE or (code == 0 and isinstance(error, sqlite3.Error)):  # 0: text that is no UTF-8
        return DamagedProjectError(f"The database of the project {name} is damaged.", str(error))
    what = {
        sqlite3.SQLITE_FULL: "the disk is full; free some space",
        sqlite3.SQLITE_READONLY: "it is read-only; ask for permission or copy it to a folder of your own",
        sqlite3.SQLITE_CANTOPEN: "it cannot be reached; plug the drive back in",
        sqlite3.SQLITE_BUSY: "another program holds it; close it there",
    }.get(code, "the disk does not answer; look whether it is full or unplugged")
    return OutputError(f"The project {name} cannot be saved: {what}.", str(error))
