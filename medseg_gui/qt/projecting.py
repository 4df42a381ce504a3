"""The journey of an edit: from the window to the project's thread, and of what is stored there back to the window.

Edits are never dropped and keep their order; of frames to be read, the newest one wins.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from medseg_gui import paths
from medseg_gui.errors import SourceError
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.edits import MaskEdit, StepEdit
from medseg_gui.project.records import PREDICTED, FrameKey, FrameRecord
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction_requests import key_of
from medseg_gui.qt.state.project import FormatInfo, FrameContent, ProjectInfo, Saving, Task
from medseg_gui.qt.state.project_orders import (
    CleanCopy,
    OpenDefault,
    OpenProject,
    Order,
    ReadRecord,
    Save,
    ShowSource,
    WalkJournal,
)
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.workers.clean import CleanWorker
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.types import Frame, UInt8Array


class Projecting(QObject):
    """Asks the project's worker and hears its answers, on behalf of the pipeline.

    Args:
        state: what is wanted, and where the answers go.
        worker, clean: not started here.
    """

    def __init__(
        self, state: AppState, worker: ProjectWorker, clean: CleanWorker, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._worker, self._clean = state, worker, clean
        self._asked = 0
        self._goal: FrameKey | None = None
        self._expected: FrameKey | None = None  # whose stored mask is to be put on screen
        self._watch()

    def _watch(self) -> None:
        state, worker = self._state, self._worker
        state.project.asked.connect(self.ask)
        state.project.task_stop_asked.connect(self.on_task_stop_asked)
        state.session.source_changed.connect(self.on_source_changed)
        state.session.failed.connect(self.on_failed)
        state.playback.frame_changed.connect(self.on_frame_changed)
        correction = state.correction
        correction.edited.connect(self.on_edited)
        correction.undone.connect(self.on_undone)
        correction.redone.connect(self.on_redone)
        correction.undo_wanted.connect(self.on_undo_wanted)
        correction.redo_wanted.connect(self.on_redo_wanted)
        worker.journal_known.connect(correction.set_journal)
        worker.imported.connect(self.on_imported)
        worker.opened.connect(self.on_opened)
        worker.saved.connect(self.on_saved)
        worker.content_read.connect(self.on_content_read)
        worker.record_read.connect(self.on_record_read)
        worker.stepped.connect(self.on_stepped)
        worker.states_changed.connect(self.on_states_changed)
        worker.lane_read.connect(self.on_lane_read)
        worker.task_changed.connect(self.on_task_changed)
        worker.formats_known.connect(self.on_formats_known)
        worker.audit_read.connect(state.project.set_audit)
        worker.damaged.connect(self.on_damaged)
        worker.noticed.connect(state.session.notice)
        worker.offered.connect(state.session.offer)
        self._clean.task_changed.connect(self.on_task_changed)
        self._clean.noticed.connect(state.session.notice)

    def ask(self, order: Order) -> None:
        """Send an order; edits are counted until they are on the disk."""
        if isinstance(order, Save):
            self._asked += 1
            self._state.project.set_saving(self._state.project.saving, True)
        if isinstance(order, CleanCopy):
            self._clean.submit(order)
        else:
            self._worker.ask(order)

    def open_default(self) -> None:
        """At the start: corrections of earlier days that belong to no project of their own are shown again."""
        self.ask(OpenDefault())

    def open_folder(self, folder: str) -> None:
        """What was to be opened is a project."""
        self._state.session.set_opening(False)
        path = Path(folder)
        self.ask(OpenProject(path.parent if path.name == DATABASE_NAME else path))

    def go_to(self, key: FrameKey) -> None:
        """Show a frame of any source that the project knows."""
        source, info = self._state.session.source, self._state.project.info
        if source is not None and source.source_id == key.source_hash:
            self._state.playback.pause()
            self._state.playback.seek(key.index)
        elif info is not None and key.source_hash in info.missing:
            self._state.session.offer("The source of this frame is not where it was last.", "relocate")
        elif info is not None and key.source_hash in info.paths:
            self._goal = key
            self._state.session.open(str(info.paths[key.source_hash]))

    # The window

    def on_source_changed(self, source: SourceInfo | None) -> None:
        """Tell the project what is looked at, and go to the frame for which it was opened."""
        project = self._state.project
        project.set_content(None)
        project.set_lane(np.zeros(source.frame_count if source else 0, np.uint8))
        if source is None:
            return
        self._worker.ask(_shown(source))
        goal, self._goal = self._goal, None
        if goal is None:
            return
        if goal.source_hash == source.source_id:
            self._state.playback.seek(goal.index)
        else:
            error = f"{source.title} was changed since it was annotated; its masks are kept, but do not fit it."
            self._state.session.fail(SourceError(error))

    def on_failed(self) -> None:
        """What was to be opened is not there; nobody waits for its frame any more."""
        if not self._state.session.is_opening:
            self._goal = None
            self._state.correction.stop_travelling()

    def on_frame_changed(self, frame: Frame) -> None:
        """Read what is stored of the frame on screen."""
        key = key_of(frame)
        self._state.review.set_shown(key)
        if not self._is_live:
            self._expect(key)

    def _expect(self, key: FrameKey) -> None:
        """Have the stored mask of the frame on screen read and shown; until then nobody can change it."""
        self._expected = key
        self._state.correction.expect(key)
        self._worker.read(key)

    # What is corrected

    def on_edited(self, edit: MaskEdit) -> None:
        """A mask was changed: write it."""
        self._outdate(edit.key)
        self.ask(Save(edit))

    def on_undone(self, key: FrameKey) -> None:
        """The window took a step back; so does the project's journal."""
        self._outdate(key)
        self.ask(Save(StepEdit(key)))

    def on_redone(self, key: FrameKey) -> None:
        """The window did a step again; so does the journal."""
        self._outdate(key)
        self.ask(Save(StepEdit(key, is_redo=True)))

    def _outdate(self, key: FrameKey) -> None:
        """What is still being read of this frame is older than what is on screen."""
        if self._expected == key:
            self._expected = None

    def on_undo_wanted(self) -> None:
        """A step of an earlier day is to be taken back."""
        self.ask(WalkJournal())

    def on_redo_wanted(self) -> None:
        """It is to be done again."""
        self.ask(WalkJournal(is_redo=True))

    def on_imported(self) -> None:
        """Masks came from elsewhere; what was done to those they replace cannot be undone."""
        self._state.correction.forget()
        if (frame := self._state.playback.frame) is not None and not self._is_live:
            self._expect(key_of(frame))

    # The project

    def on_opened(self, info: ProjectInfo | None) -> None:
        """Another project, another reader, or the same one with another source."""
        project, before = self._state.project, self._state.project.info
        project.set_info(info)
        if info is None:
            self._begin_empty()
        elif before is None or (before.folder, before.reader) != (info.folder, info.reader):
            is_first_stroke = before is None and self._state.correction.is_corrected
            if before is not None:
                self._state.correction.forget()
            self._show_project(info, before is None or before.folder != info.folder, is_first_stroke)

    def _begin_empty(self) -> None:
        project, source = self._state.project, self._state.session.source
        project.set_content(None)
        project.set_lane(np.zeros(source.frame_count if source else 0, np.uint8))
        self._state.correction.forget()
        if (frame := self._state.playback.frame) is not None and not self._is_live:
            self._expect(key_of(frame))

    def _show_project(self, info: ProjectInfo, is_other: bool, is_first_stroke: bool) -> None:
        """Where one was last; if nobody ever was, the first source that is there."""
        source, frame = self._state.session.source, self._state.playback.frame
        place = info.place if is_other and not info.is_default else None
        if is_other and not info.is_default and place is None:
            present = [s.hash for s in info.sources if s.hash not in info.missing]
            is_shown = source is not None and source.source_id in present
            place = FrameKey(present[0], 0, 0.0) if present and not is_shown else None
        is_elsewhere = place is not None and (source is None or source.source_id != place.source_hash)
        if place is not None and place.source_hash not in info.missing:
            self.go_to(place)
        if source is not None and not (is_elsewhere and self._goal is not None):
            self._worker.ask(_shown(source))
        # The stroke for which a project was opened is on screen already, and on its way to the disk.
        if frame is not None and not self._is_live and not is_first_stroke:
            self._expect(key_of(frame))

    def on_saved(self, saving: Saving, edits_seen: int) -> None:
        """Some more edits came up; the status bar tells what became of them."""
        self._state.project.set_saving(saving, edits_seen < self._asked)

    def on_content_read(self, content: FrameContent) -> None:
        """Show it, unless another frame is on screen by now."""
        frame = self._state.playback.frame
        if frame is not None and key_of(frame) == content.key:
            self._state.project.set_content(content)
            if self._expected == content.key:
                self._expected = None
                self._show_mask(content)

    def _show_mask(self, content: FrameContent) -> None:
        is_corrected = content.record is None or content.record.state != PREDICTED
        self._state.correction.set_lesions(content.key, content.lesions, content.lesions is not None and is_corrected)

    def on_stepped(self, content: FrameContent) -> None:
        """A step of the journal was undone or redone: show the frame on which it was."""
        frame = self._state.playback.frame
        self._state.correction.forget_frame(content.key)
        if frame is not None and key_of(frame) == content.key:
            self._state.project.set_content(content)
            self._show_mask(content)
        else:
            self.go_to(content.key)

    def on_states_changed(self, keys: tuple[FrameKey, ...], state: str) -> None:
        """Some frames got another state."""
        frame, source = self._state.playback.frame, self._state.session.source
        self._state.review.note_states(keys, state)
        if source is not None:
            of_source = [k.index for k in keys if k.source_hash == source.source_id]
            self._state.project.note_states(of_source, state)
        if frame is not None and key_of(frame) in keys:
            self._worker.ask(ReadRecord(key_of(frame)))

    def on_record_read(self, record: FrameRecord) -> None:
        """Author and state of the frame on screen are new; its mask is that of the window."""
        frame = self._state.playback.frame
        if frame is not None and key_of(frame) == record.key:
            self._state.project.set_content(FrameContent(record.key, record, None))

    def on_lane_read(self, source_id: str, lane: UInt8Array) -> None:
        """States of all frames of a source."""
        source = self._state.session.source
        if source is not None and source.source_id == source_id and len(lane) == source.frame_count:
            self._state.project.set_lane(lane)

    def on_task_changed(self, task: Task | None) -> None:
        """Something long is so far."""
        self._state.project.set_task(task)

    def on_task_stop_asked(self) -> None:
        """End what takes long."""
        self._worker.stop_task()
        self._clean.cancel()

    def on_formats_known(self, formats: tuple[FormatInfo, ...]) -> None:
        """What can be imported and exported."""
        self._state.project.formats = formats

    def on_damaged(self, folder: Path) -> None:
        """Remember for which project the offer of a backup is."""
        self._state.project.damaged = folder

    @property
    def _is_live(self) -> bool:
        source = self._state.session.source
        return source is None or source.is_live


def _shown(source: SourceInfo) -> ShowSource:
    path = None if source.is_live else paths.demo_clip() if source.spec == "demo" else Path(source.spec)
    return ShowSource(source.source_id, source.title, source.kind, path, source.frame_times, source.is_live)
