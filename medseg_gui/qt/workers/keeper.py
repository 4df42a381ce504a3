"""Keeps a project and every edit of it: what the disk refuses, or what has no project yet, stays in order. No Qt."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_gui import paths
from medseg_gui.errors import InputError, MedsegError, OutputError, ProjectError
from medseg_gui.project.edits import Edit, MaskEdit, frames_of
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.project import Saving
from medseg_gui.qt.state.project_orders import ShowSource

if TYPE_CHECKING:
    from medseg_gui.project.store import Project
    from medseg_gui.project.unsaved import Unsaved

logger = logging.getLogger(__name__)

DEFAULT_NAME = "My corrections"
_MOST_DEFAULTS = 20  # windows that correct without a project at the same time


class Keeper:
    """The open project, if there is one, and its edits.

    Args:
        author: written beside every change.
        tell: called with a sentence for the user, the first time that something cannot be saved.
        changed: called when another project is open, or knows another source.

    Attributes:
        project, unsaved: None while none is open.
        is_default: whether it opened by itself.
        shown: source id -> what the window had open.
        known: ids of the sources that the project knows.
    """

    def __init__(self, author: str, tell: Callable[[MedsegError], None], changed: Callable[[], None]) -> None:
        self._author, self._tell, self._changed = author, tell, changed
        self.project: Project | None = None
        self.unsaved: Unsaved | None = None
        self.is_default = False
        self.shown: dict[str, ShowSource] = {}
        self.known: set[str] = set()
        self._held: list[Edit] = []  # for which there is no project yet, or none that knows their source
        self._is_told = False
        self._trouble = ""

    def require(self) -> Project:
        """The open project.

        Raises:
            InputError: there is none.
        """
        if self.project is None:
            raise InputError("No project is open; open one or create a new one.")
        return self.project

    # Open and close

    def open(self, folder: Path, is_new: bool = False, is_default: bool = False) -> None:
        """Open a project; the one that is open stays when the other cannot be opened, or when work is unsaved.

        Raises:
            ProjectError, DamagedProjectError, OutputError: as `Project`.
        """
        from medseg_gui.project.store import Project

        if self.project is not None and not is_new and folder.resolve() == self.project.folder.resolve():
            self._changed()
            return
        self.require_saved()
        project = Project.create(folder, self._author) if is_new else Project(folder, self._author)
        self._take(project, is_default)

    def open_default(self, must_be: bool) -> None:
        """Open the project for corrections without a project; another one while a second window has it.

        Args:
            must_be: make it if it is not there.

        Raises:
            OutputError: it cannot be written.
        """
        if self.project is not None:
            return
        for number in range(1, _MOST_DEFAULTS + 1):
            name = DEFAULT_NAME if number == 1 else f"{DEFAULT_NAME} {number}"
            folder = paths.user_projects_dir() / name
            is_new = not folder.exists()
            if is_new and not must_be:
                return
            try:
                self.open(folder, is_new, is_default=True)
            except ProjectError as e:  # open in another window, damaged, newer: corrections must not wait for that
                logger.info("Project %d for corrections is passed over: %s", number, type(e).__name__)
                continue
            return

    def copy_to(self, folder: Path) -> None:
        """Copy the project, with what could not be saved, and go on in the copy.

        Raises:
            InputError: no project is open.
            ProjectError, OutputError: as `copying.copy_project`; one goes on in the old one.
        """
        from medseg_gui.project.copying import copy_project

        copy = copy_project(self.require(), folder)
        if self.unsaved is not None:
            self._held = [*self.unsaved.take_waiting(), *self._held]
        self._take(copy)
        self.save_all()

    def close(self) -> None:
        """Close the project, if one is open."""
        if self.project is not None:
            self.project.close()
        self.project = self.unsaved = None
        self.known = set()

    def require_saved(self) -> None:
        """Look that nothing would be left behind.

        Raises:
            OutputError: work is in memory only.
        """
        if self.project is None:
            return
        self.save_all()
        if count := self.saving.waiting:
            edits = "1 edit is" if count == 1 else f"{count} edits are"
            raise OutputError(f"{edits} not saved yet; make room on the disk, or use “Save project as…”.")

    def _take(self, project: Project, is_default: bool = False) -> None:
        from medseg_gui.project.unsaved import Unsaved

        self.close()
        self.project, self.unsaved, self.is_default = project, Unsaved(project), is_default
        self.known = {s.hash for s in project.sources()}
        self._changed()

    def make_known(self, source_id: str) -> None:
        """Let the project know a source that the window had open.

        Raises:
            DataError: it is a camera.
            OutputError: it cannot be written.
        """
        if self.project is None or source_id in self.known or source_id not in self.shown:
            return
        self.project.add_source(self.shown[source_id])
        self.known.add(source_id)
        self._changed()

    # Save

    @property
    def saving(self) -> Saving:
        """What is not on the disk, and why."""
        waiting = len(self._held) + (self.unsaved.count if self.unsaved else 0)
        return Saving(waiting, self._trouble if waiting else "")

    def save(self, edit: Edit) -> None:
        """Write an edit after those that wait, or keep it; opens the project for corrections if none is open.

        Raises:
            DataError, ShapeError: the edit itself is wrong; it is not kept.
        """
        self._held.append(edit)
        self._write_held()

    def waiting_mask(self, key: FrameKey) -> MaskEdit | None:
        """The newest mask of a frame that no project has yet."""
        held = (e for e in reversed(self._held) if isinstance(e, MaskEdit) and e.key == key)
        return next(held, None)

    def save_all(self) -> None:
        """Try what waits, in its order."""
        if self.unsaved is not None and self.unsaved.count:
            self._note(self.unsaved.retry())
        self._write_held()
        if not self.saving.waiting:
            self._is_told, self._trouble = False, ""

    def _write_held(self) -> None:
        while self._held:
            edit = self._held[0]
            try:
                self.open_default(must_be=True)
                for source_id in {key.source_hash for key in frames_of(edit)}:
                    self.make_known(source_id)
            except (OutputError, ProjectError) as e:
                self._trouble = _short(str(e))
                if not self._is_told:
                    self._tell(OutputError(f"{str(e).rstrip('.')}; your work is kept in memory.", e.details))
                self._is_told = True
                return
            except MedsegError:
                del self._held[0]  # no disk will ever take it
                raise
            del self._held[0]
            if self.unsaved is not None:
                self._note(self.unsaved.save(edit))

    def _note(self, sentence: str) -> None:
        if sentence:
            self._trouble = _short(sentence)
            self._tell(OutputError(sentence))


def _short(sentence: str) -> str:
    """What went wrong in a few words, for the status bar: "The project p cannot be saved: the disk is full; …"."""
    words = sentence.split(": ", 1)[-1].split(";")[0].rstrip(".")
    return words[:1].lower() + words[1:]
