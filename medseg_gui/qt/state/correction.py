"""What is done to the masks: strokes, other tools, accepting, and the steps that can be undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from medseg_gui.editing import Change, History, Lesions, Stroke
from medseg_gui.editing.change import NOWHERE
from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.editing.roles import whole_frame
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import ACCEPTED, CORRECTED, FrameKey
from medseg_gui.qt.state.corrected_frame import CorrectedFrame
from medseg_gui.qt.state.correction_requests import (
    ChangeRequest,
    KeepRequest,
    Kept,
    MakeChange,
    key_from_text,
)
from medseg_gui.qt.state.lesion_picture import LesionPicture

_NOT_READY = "The mask of this frame is still on its way; try again in a moment."


class CorrectionState(CorrectedFrame):
    """How the lesions of the frame on screen are changed, and how that is undone.

    Each change is one `edited` and one step of `history`; undone steps are told by `undone`, after the `edited` of all
    changes before. A step that the history does not know is the project's: `undo_wanted`, answered by `set_lesions`.

    Attributes:
        clipboard: copied lesions.
        is_busy: whether a tool is at work.
        history: steps of this session.
        journal_undo, journal_redo: what the project could undo and redo beyond `history`, in words; see `set_journal`.
    """

    history_changed = Signal()
    busy_changed = Signal(bool)  # whether a tool is at work
    refused = Signal(str)  # a sentence

    # For the project
    edited = Signal(object)  # MaskEdit
    undone = Signal(object)  # FrameKey
    redone = Signal(object)  # FrameKey
    undo_wanted = Signal()  # of a step before those of `history`
    redo_wanted = Signal()
    frame_wanted = Signal(object)  # FrameKey

    # For the worker
    keep_wanted = Signal(object)  # KeepRequest
    keep_carried_wanted = Signal(object)  # MaskEdit of an uncorrected frame
    change_wanted = Signal(object)  # ChangeRequest
    wire_wanted = Signal(object)  # WireRequest; of several only the newest
    wired = Signal(object, object)  # WireRequest, list of x, y

    def __init__(self, parent: QObject | None = None, history: History | None = None) -> None:
        super().__init__(parent)
        self.clipboard: Lesions | None = None
        self.is_busy = False
        self.history = history or History()
        self.journal_undo = self.journal_redo = ""
        self._is_journal_known = False
        self._beyond = 0  # steps undone that the history does not know
        self._preview_box = NOWHERE
        self._wanted_steps: deque[bool] = deque()
        self._travel: tuple[FrameKey, bool] | None = None

    def forget(self) -> None:
        """Another project, or another reader: nothing that was done in this one can be undone in that one."""
        self.cancel()
        self.history.clear()
        self._memory.clear()
        self._before, self._beyond, self._is_journal_known = None, 0, False
        self.journal_undo = self.journal_redo = ""
        self.stop_travelling()
        self.history_changed.emit()

    def forget_frame(self, key: FrameKey) -> None:
        """The project took a step back on a frame; what this session remembers of it is older or newer."""
        self._memory.pop(key, None)

    # Strokes: the one tool that works on the main thread, segment by segment

    def begin_stroke(self, x: float, y: float, pressure: float, erases: bool) -> bool:
        """Put brush or eraser down; False while it is not known what to start from."""
        base = self.base
        if base is None:
            return False
        self.cancel()
        target = NO_LESION if erases else self.target
        over = None if erases else (NO_LESION, target)
        if self.lesions is None:
            self.picture = self._start
        self.stroke = Stroke(base, target, self.brush_px, self.class_id, over)
        self._stroke_base, self._stroke_target = base, target
        self.shown_changed.emit()
        self.extend_stroke(x, y, pressure)
        return True

    def extend_stroke(self, x: float, y: float, pressure: float) -> None:
        """Draw on to a point in pixels of the frame."""
        if self.stroke is not None:
            box = self.stroke.add(x, y, pressure)
            if not box.is_empty:
                self.patched.emit(box)

    def end_stroke(self) -> None:
        """Lift it."""
        if self.stroke is None:
            return
        change, target = self.stroke.finish(), self._stroke_target
        self.stroke = None
        if self.apply(self._stroke_base, change, "brush" if target else "eraser"):
            self.set_chosen(target or self.chosen)

    def cancel(self) -> None:
        """Forget a stroke or a preview that goes on; nothing is changed."""
        was_drawn = self.stroke is not None or self.preview is not None
        self.stroke, self.preview, self._preview_box = None, None, NOWHERE
        if self.lesions is None:
            self.picture = None
        if was_drawn:
            self.shown_changed.emit()

    # Everything else: asked of the worker

    def ask(self, title: str, make: MakeChange, is_preview: bool = False, target: int = NO_LESION) -> None:
        """Have a tool change the lesions.

        Args:
            title: in words for a menu.
            make: from `base` to the change.
            is_preview: only show what it would do.
            target: lesion to choose afterwards, 0 to leave the choice as it is.
        """
        base = self.base
        if base is None or self.key is None:
            self.refused.emit(_NOT_READY)
            return
        self._set_busy(self.is_busy or not is_preview)
        self.change_wanted.emit(ChangeRequest(self.key, base, make, title, is_preview, target))

    def on_change(self, request: ChangeRequest, change: Change) -> None:
        """A tool has done its work; on lesions that have changed meanwhile it does it again."""
        self._set_busy(self.is_busy and request.is_preview)
        if request.key != self.key or self.base is None:
            return
        if request.base is not self.base:
            self.ask(request.title, request.make, request.is_preview, request.target)
        elif request.is_preview:
            self._preview(request.base, change)
        else:
            self.preview, self._preview_box = None, NOWHERE
            if self.apply(request.base, change, request.title):
                self.set_chosen(request.target or self.chosen)

    def on_refused(self, request: ChangeRequest) -> None:
        """A tool could not do what it was asked."""
        self._set_busy(False)
        if not request.is_preview:
            self.cancel()

    def _set_busy(self, is_busy: bool) -> None:
        if is_busy != self.is_busy:
            self.is_busy = is_busy
            self.busy_changed.emit(is_busy)

    def _preview(self, base: Lesions, change: Change) -> None:
        box = self._preview_box.union(change.box)
        self.preview, self._preview_box = base.edited(change), change.box
        if self.picture is None:
            self.picture = self._start
            self.shown_changed.emit()
        self.patched.emit(box)

    def accept(self) -> None:
        """Take the prediction as the mask of this frame."""
        if self.lesions is not None:
            self.refused.emit("This frame has a mask of its own already; undo leads back to the prediction.")
        elif self.proposal is None or self.is_awaited:
            self.refused.emit("Nothing was predicted for this frame yet; choose weights, or draw the mask.")
        else:
            base = self.proposal.picture.lesions
            nothing = Change(NOWHERE, _NO_LABELS, _NO_LABELS, base.classes, base.classes)
            self.picture = self.proposal.picture
            self.apply(base, nothing, "accept the prediction", ACCEPTED)
            self._choose_something()

    def accept_carried(self, edits: Sequence[MaskEdit]) -> None:
        """Make what was carried to other frames their masks, each as a step of its own; corrected ones stay."""
        for edit in edits:
            if edit.key not in self._memory and not (edit.key == self.key and self.is_corrected):
                self._pending.append((edit.key, edit.title))
                self.keep_carried_wanted.emit(edit)
        self.history_changed.emit()

    def apply(self, base: Lesions, change: Change, title: str, state: str = CORRECTED) -> bool:
        """Do a change, remember it as one step and have it written; False when it changes nothing.

        Args:
            base: what the change was made for.
            change: what to do.
            title: in words for a menu.
            state: of the frame from now on.
        """
        is_first = self.lesions is None
        if self.key is None or (change.is_empty and not (is_first and state == ACCEPTED)):
            self.cancel()
            return False
        after = base.edited(change)
        whole = whole_frame(Lesions.empty(base.shape), after) if is_first else change
        weights = self.proposal.weights if self.proposal is not None and is_first else ""
        self.picture = self.picture or self._start
        self.lesions, self._beyond = after, 0
        since = (base, change)
        self._keep(KeepRequest(self.key, after, whole, title, is_first, state, weights, self._name, since))
        self.patched.emit(change.box)
        self.shown_changed.emit()
        return True

    def _keep(self, request: KeepRequest) -> None:
        self._pending.append((request.key, request.title))
        self.keep_wanted.emit(request)
        self.history_changed.emit()

    def on_kept(self, kept: Kept) -> None:
        """The worker has packed a change: now it is a step, and can be written."""
        request = kept.request
        self._pending.popleft()
        self._memory[request.key] = kept.edit
        if kept.step is not None:
            self.history.append(kept.step)
            self.edited.emit(kept.edit)
        if request.key == self.key and self.lesions is None:
            self.lesions = request.lesions  # it was carried here, and accepted with its run
        self.history_changed.emit()
        self._go_on_stepping()

    def on_drawn(self, request: KeepRequest, picture: LesionPicture) -> None:
        """The worker has drawn lesions; the picture of some that have changed again since is passed over."""
        if request.lesions is self.lesions:
            self.picture = picture
            self._choose_something()
            self.shown_changed.emit()
        elif self._before is not None and request.key == self._before[0]:
            self._before = (request.key, picture)

    # Undo and redo, over all frames

    @property
    def undo_title(self) -> str:
        """What `undo` would take back, "" when nothing."""
        pending = next((title for _, title in reversed(self._pending) if title), "")
        return pending or self.history.undo_title or self.journal_undo

    @property
    def redo_title(self) -> str:
        """What `redo` would do again, "" when nothing."""
        return (self.journal_redo if self._beyond else "") or self.history.redo_title or self.journal_redo

    def set_journal(self, undo_title: str, redo_title: str) -> None:
        """What the project could undo before the steps of `history`, and redo after them; "" for nothing."""
        self.journal_undo, self.journal_redo, self._is_journal_known = undo_title, redo_title, True
        self.history_changed.emit()

    def undo(self) -> None:
        """Take the last step back, on whichever frame it was."""
        self._step(is_redo=False)

    def redo(self) -> None:
        """Do the step again that was last taken back."""
        self._step(is_redo=True)

    def _step(self, is_redo: bool) -> None:
        self.cancel()
        if self._pending or self._travel is not None:
            self._wanted_steps.append(is_redo)
            return
        step = self.history.next if is_redo else self.history.last
        if step is None or (is_redo and self._beyond):
            self._step_beyond(is_redo)
            return
        key = key_from_text(step.frame)
        if key != self.key or self.is_awaited:
            self._travel = (key, is_redo)
            self.frame_wanted.emit(key)
            return
        self._walk(key, is_redo)

    def _step_beyond(self, is_redo: bool) -> None:
        """Steps made before the window was opened are the project's."""
        if self._is_journal_known and not (self.journal_redo if is_redo else self.journal_undo):
            return
        if self._is_journal_known:
            self._beyond = max(self._beyond + (-1 if is_redo else 1), 0)
        (self.redo_wanted if is_redo else self.undo_wanted).emit()

    def _walk(self, key: FrameKey, is_redo: bool) -> None:
        step = self.history.next if is_redo else self.history.last
        walked = self.history.redo() if is_redo else self.history.undo()
        base = self.lesions or self._empty()
        if step is None or walked is None or base is None or not walked[1].fits(base.labels):
            self.history.clear()  # the mask came from elsewhere meanwhile; the project has its own steps
            self._step_beyond(is_redo)
            return
        after = base.edited(walked[1])
        if step.is_first and not is_redo:
            self._memory.pop(key, None)
            self.lesions = self.picture = None
        else:
            self.lesions, self.picture = after, self.picture or LesionPicture.empty(after.shape)
            self._keep(KeepRequest(key, after, name=self._name, since=(base, walked[1])))
        self.patched.emit(walked[1].box)
        self._choose_something()
        self.shown_changed.emit()
        self.history_changed.emit()
        (self.redone if is_redo else self.undone).emit(key)

    def _empty(self) -> Lesions | None:
        return Lesions.empty(self.frame.size) if self.frame is not None else None

    def stop_travelling(self) -> None:
        """The frame of a step cannot be shown; the step stays where it is."""
        self._travel = None
        self._wanted_steps.clear()

    def _on_arrived(self) -> None:
        self._go_on_stepping()

    def _redraw(self, key: FrameKey, lesions: Lesions) -> None:
        self._keep(KeepRequest(key, lesions, name=self._name))

    def _go_on_stepping(self) -> None:
        """Walk what was asked for while the worker was busy or another frame was on screen."""
        if self._pending or self.is_awaited:
            return
        if self._travel is not None and self._travel[0] == self.key:
            (key, is_redo), self._travel = self._travel, None
            self._walk(key, is_redo)
        elif self._wanted_steps and self._travel is None:
            self._step(self._wanted_steps.popleft())


_NO_LABELS = np.zeros((0, 0), np.uint16)
