"""One process owns a project: a file that the system keeps locked for as long as the process lives."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from medseg_gui.errors import OutputError, ProjectError

LOCK_NAME = "project.lock"
_PLACE = 1 << 30  # Windows forbids others to read what is locked, so a byte far behind the text is locked


class ProjectLock:
    """Holds the lock from its making until `release`; a killed process loses it by itself.

    Raises:
        ProjectError: another program has the project open.
        OutputError: the lock file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        try:
            self._file = path.open("a+", encoding="utf-8")
        except OSError as e:
            raise OutputError(
                f"The project {folder.name} cannot be written to ({e.strerror}); copy it to a folder of your own."
            ) from e
        try:
            _lock(self._file)
        except OSError as e:
            owner = self._owner()
            self._file.close()
            raise ProjectError(f"The project {folder.name} is already open{owner}; close it there first.") from e
        self._write_owner()

    def release(self) -> None:
        """Let others open the project; twice does no harm."""
        if not self._file.closed:
            with suppress(OSError):  # a stick that was pulled out takes its lock with it
                self._file.close()

    def _owner(self) -> str:
        with suppress(OSError, UnicodeDecodeError):
            self._file.seek(0)
            text = self._file.read(200).strip()
            return f" in {text}" if text.isprintable() and text else ""
        return ""

    def _write_owner(self) -> None:
        with suppress(OSError):  # who it is only makes a sentence nicer
            self._file.seek(0)
            self._file.truncate()
            self._file.write(f"process {os.getpid()} on {platform.node()}")
            self._file.flush()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(_PLACE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
