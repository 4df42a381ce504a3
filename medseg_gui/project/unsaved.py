"""Work that could not be written stays in memory, is told of once, and is tried again."""

from __future__ import annotations

import logging

from medseg_gui.errors import DataError, MedsegError, OutputError, ProjectError
from medseg_gui.project.edits import Edit, FrameEdit, MaskEdit, NotesEdit, StateEdit, StepEdit, frames_of
from medseg_gui.project.records import FrameKey, Lesion
from medseg_gui.project.store import Project

__all__ = ["MaskEdit", "NotesEdit", "StateEdit", "StepEdit", "Unsaved"]

logger = logging.getLogger(__name__)


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
        # What redo would do again, the last one undone last; None stands for a step of the project's own journal.
        self._undone: list[Edit | None] = []

    @property
    def count(self) -> int:
        """Edits that are in memory only."""
        return len(self._waiting)

    @property
    def frames(self) -> set[FrameKey]:
        """Frames whose last edits are in memory only."""
        return {key for edit in self._waiting for key in frames_of(edit)}

    def save(self, edit: Edit) -> str:
        """Write an edit, after those that still wait.

        Returns:
            a sentence for the user the first time that writing fails, else an empty text.

        Raises:
            DataError, ShapeError: the edit itself is wrong; it is not kept.
        """
        if isinstance(edit, StepEdit):
            return self._step(edit)
        if isinstance(edit, MaskEdit):
            self._undone.clear()
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
                failed = None if stuck & frames_of(edit) else self._write(edit)
            except MedsegError:  # no disk will ever take it
                self._waiting += waiting[place + 1 :]
                raise
            except BaseException:  # whatever happened, the work is not lost
                self._waiting += waiting[place:]
                raise
            if isinstance(failed, OutputError):
                self._waiting += waiting[place:]
                return self._tell(failed)
            if failed or stuck & frames_of(edit):
                stuck |= frames_of(edit)
                self._waiting.append(edit)
                error = failed or error
        if error:
            return self._tell(error)
        self._was_told = False
        return ""

    def take_waiting(self) -> list[Edit]:
        """Give away what waits, to be written to another project."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def read_mask(self, key: FrameKey) -> tuple[Lesion, ...]:
        """Lesions of a frame as the user left them, saved or not; errors as `Project.read_mask`."""
        for edit in reversed(self._waiting):
            if isinstance(edit, MaskEdit) and edit.key == key:
                return edit.lesions
        return self._project.read_mask(key)

    def undo(self) -> FrameKey | None:
        """Take back the last mask edit, saved or not; as `Project.undo`.

        Raises:
            OutputError: a saved step cannot be undone while the disk does not answer; nothing is changed.
        """
        place = self._last_waiting_mask()
        if place is None:
            key = self._project.undo()
            if key is not None:
                self._undone.append(None)
            return key
        edit = self._waiting.pop(place)
        self._undone.append(edit)
        return edit.key if isinstance(edit, MaskEdit) else None

    def redo(self) -> FrameKey | None:
        """Do again what was undone last, saved or not; as `Project.redo` and `undo`."""
        edit = self._undone[-1] if self._undone else None
        if isinstance(edit, MaskEdit):
            self._undone.pop()
            self._waiting.append(edit)
            self.retry()
            return edit.key
        key = self._project.redo()
        if self._undone:
            self._undone.pop()
        return key

    def _step(self, step: StepEdit) -> str:
        """Walk the journal to where the window is already; a mask that never reached it is only put aside."""
        place = self._last_waiting_mask()
        if step.is_redo:
            undone = self._undone.pop() if self._undone else None
            self._waiting.append(undone or step)
        elif place is not None:
            self._undone.append(self._waiting.pop(place))
        else:
            self._undone.append(None)
            self._waiting.append(step)
        return self.retry()

    def _last_waiting_mask(self) -> int | None:
        """Place of the mask edit that an undo takes back, None when that one is on the disk."""
        for place in reversed(range(len(self._waiting))):
            if isinstance(self._waiting[place], MaskEdit | StepEdit):
                return place if isinstance(self._waiting[place], MaskEdit) else None
        return None

    def _apply(self, edit: Edit) -> None:
        project = self._project
        if isinstance(edit, MaskEdit):
            project.write_mask(edit.key, edit.lesions, edit.size, edit.state, edit.title, edit.weights, edit.name)
        elif isinstance(edit, FrameEdit):
            project.add_frames([edit.key], edit.size, [edit.name])
        elif isinstance(edit, StateEdit):
            project.set_state(edit.keys, edit.state)
        elif isinstance(edit, NotesEdit):
            project.set_notes(edit.key, edit.notes)
        else:
            self._walk(edit)

    def _walk(self, step: StepEdit) -> None:
        walk, back = self._project.undo, self._project.redo
        if step.is_redo:
            walk, back = back, walk
        found = walk()
        if found is not None and (found.source_hash, found.index) != (step.key.source_hash, step.key.index):
            back()
            raise DataError(f"The project remembers another step than that of frame {step.key.index}; mend it by hand.")

    def _write(self, edit: Edit) -> OutputError | ProjectError | None:
        """Write one edit, once more if the file was away and is back; gives what stood in the way."""
        try:
            self._apply(edit)
        except (OutputError, ProjectError) as e:
            try:
                if not self._project.reconnect():
                    return e
                self._apply(edit)
            except (OutputError, ProjectError):
                return e
        return None

    def _tell(self, error: MedsegError) -> str:
        logger.warning("%d edits wait for the disk: %s", self.count, error.details or error)
        if self._was_told:
            return ""
        self._was_told = True
        return f"{str(error).rstrip('.')}; your work is kept in memory and saved as soon as that is possible."
