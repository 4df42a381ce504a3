"""Work that could not be written stays in memory, is told of once, and is tried again."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from medseg_gui.errors import MedsegError, OutputError, ProjectError
from medseg_gui.project.records import CORRECTED, FrameKey, Lesion
from medseg_gui.project.store import Project

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MaskEdit:
    """A mask that is to be written; attributes as the arguments of `Project.write_mask`."""

    key: FrameKey
    lesions: tuple[Lesion, ...]
    size: tuple[int, int]
    state: str = CORRECTED
    title: str = ""
    weights: str = ""
    name: str = ""

    def apply(self, project: Project) -> None:
        """Write it."""
        project.write_mask(self.key, self.lesions, self.size, self.state, self.title, self.weights, self.name)


@dataclass(frozen=True)
class StateEdit:
    """A state that frames are to have."""

    keys: tuple[FrameKey, ...]
    state: str

    def apply(self, project: Project) -> None:
        """Write it."""
        project.set_state(self.keys, self.state)


@dataclass(frozen=True)
class NotesEdit:
    """A text that is to stand beside a frame."""

    key: FrameKey
    notes: str

    def apply(self, project: Project) -> None:
        """Write it."""
        project.set_notes(self.key, self.notes)


Edit = MaskEdit | StateEdit | NotesEdit


class Unsaved:
    """Writes edits in their order; what the disk refuses waits here, and is read from here.

    An edit holds run-length masks of some kilobytes, so hours of work fit into memory.

    Args:
        project: open; used from the same thread.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._waiting: list[Edit] = []
        self._was_told = False

    @property
    def count(self) -> int:
        """Edits that are in memory only."""
        return len(self._waiting)

    @property
    def frames(self) -> set[FrameKey]:
        """Frames whose last edits are in memory only."""
        return {key for edit in self._waiting for key in _frames_of(edit)}

    def save(self, edit: Edit) -> str:
        """Write an edit, after those that still wait.

        Returns:
            a sentence for the user the first time that writing fails, else an empty text.

        Raises:
            DataError, ShapeError: the edit itself is wrong; it is not kept.
        """
        self._waiting.append(edit)
        return self.retry()

    def retry(self) -> str:
        """Write what waits, as far as the disk takes it; as `save`.

        A frame that is damaged on the disk holds up its own edits only.
        """
        waiting, self._waiting = self._waiting, []
        stuck: set[FrameKey] = set()
        error: MedsegError | None = None
        for place, edit in enumerate(waiting):
            try:
                failed = None if stuck & _frames_of(edit) else self._write(edit)
            except MedsegError:  # no disk will ever take it
                self._waiting += waiting[place + 1 :]
                raise
            except BaseException:  # whatever happened, the work is not lost
                self._waiting += waiting[place:]
                raise
            if isinstance(failed, OutputError):
                self._waiting += waiting[place:]
                return self._tell(failed)
            if failed or stuck & _frames_of(edit):
                stuck |= _frames_of(edit)
                self._waiting.append(edit)
                error = failed or error
        if error:
            return self._tell(error)
        self._was_told = False
        return ""

    def read_mask(self, key: FrameKey) -> tuple[Lesion, ...]:
        """Lesions of a frame as the user left them, saved or not; errors as `Project.read_mask`."""
        for edit in reversed(self._waiting):
            if isinstance(edit, MaskEdit) and edit.key == key:
                return edit.lesions
        return self._project.read_mask(key)

    def undo(self) -> FrameKey | None:
        """Take back the last mask edit, saved or not; as `Project.undo`.

        Raises:
            OutputError: saved steps cannot be undone while the disk does not answer.
        """
        for place in reversed(range(len(self._waiting))):
            edit = self._waiting[place]
            if isinstance(edit, MaskEdit):
                del self._waiting[place]
                return edit.key
        return self._project.undo()

    def _write(self, edit: Edit) -> OutputError | ProjectError | None:
        """Write one edit, once more if the file was away and is back; gives what stood in the way."""
        try:
            edit.apply(self._project)
        except (OutputError, ProjectError) as e:
            try:
                if not self._project.reconnect():
                    return e
                edit.apply(self._project)
            except (OutputError, ProjectError):
                return e
        return None

    def _tell(self, error: MedsegError) -> str:
        logger.warning("%d edits wait for the disk: %s", self.count, error.details or error)
        if self._was_told:
            return ""
        self._was_told = True
        return f"{str(error).rstrip('.')}; your work is kept in memory and saved as soon as that is possible."


def _frames_of(edit: Edit) -> set[FrameKey]:
    return set(edit.keys) if isinstance(edit, StateEdit) else {edit.key}
