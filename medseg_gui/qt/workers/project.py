"""Owns the project that is open: writes every edit in its order, reads what the window asks, keeps what fails.

Edits come before reads: what is read holds everything that was asked before.
"""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal

from medseg_gui.errors import MedsegError
from medseg_gui.project.edits import Edit, MaskEdit, StateEdit, StepEdit
from medseg_gui.project.records import FrameFilter, FrameKey
from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.state.project import FrameContent, Task
from medseg_gui.qt.workers import project_answers as answers
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_exchange import (
    StoppedError,
    add_pictures,
    export_frames,
    import_frames,
    write_report,
    write_video,
)
from medseg_gui.qt.workers.worker import Fifo, Mailbox, Worker, as_medseg_error

_RETRY_MS = 3000
# Nobody will hear the answer, or would wait for it.
_NOT_AT_THE_END = (
    orders.OpenDefault,
    orders.ListFrames,
    orders.Compare,
    orders.ReadRecord,
    orders.ReadAudit,
    orders.ExportFrames,
    orders.ImportFrames,
    orders.WriteReport,
    orders.WriteVideo,
    orders.Relocate,
    orders.AddPictures,
    orders.ListCorrected,
    orders.CopyCorrected,
)
_SETTLE_MS = 250  # strokes come in bursts; what is counted or only remembered can wait for their end


class ProjectWorker(Worker):
    """Owns `Project` and `Unsaved`.

    Args:
        retry_ms: how long to wait before the disk is tried again.
        author: written beside every change; by default the name that one is logged in with.
    """

    opened = Signal(object)  # ProjectInfo | None
    saved = Signal(object, int)  # Saving, edits that were asked for so far and came up
    content_read = Signal(object)  # FrameContent
    record_read = Signal(object)  # FrameRecord
    journal_known = Signal(str, str)  # what could be undone, and redone
    stepped = Signal(object)  # FrameContent, after a step of the journal
    states_changed = Signal(object, str)  # tuple[FrameKey, ...], state
    frames_added = Signal()
    imported = Signal()
    listed = Signal(object)  # FrameList
    lane_read = Signal(str, object)  # source hash, (frame_count,) uint8
    counted = Signal(object)  # {state: frames}
    compared = Signal(object)  # Comparison
    audit_read = Signal(object)  # tuple[AuditEntry, ...]
    task_changed = Signal(object)  # Task | None
    formats_known = Signal(object)  # tuple[FormatInfo, ...]
    noticed = Signal(str)
    offered = Signal(str, str)  # a sentence, and the action that helps
    damaged = Signal(object)  # Path of a project with a backup
    corrected_listed = Signal(object)  # tuple[CorrectedFrame, ...]
    corrected_copied = Signal(object, int)  # Path, frames that were left out
    corrected_refused = Signal(object, object)  # Path, MedsegError

    def __init__(self, retry_ms: int = _RETRY_MS, author: str | None = None) -> None:
        super().__init__()
        self._retry_ms = retry_ms
        self._keeper = Keeper(_user_name() if author is None else author, self.failed.emit, self._tell_opened)
        self._orders: Fifo[orders.Order] = Fifo()
        self._wanted: Mailbox[FrameKey] = Mailbox()
        self._edits_seen = 0
        self._counted = FrameFilter()
        self._place: FrameKey | None = None
        self._stop_task = threading.Event()

    # From any thread

    def ask(self, order: orders.Order) -> None:
        """Have something done, after everything that was asked before."""
        self._orders.put(order)
        self.wake()

    def read(self, key: FrameKey) -> None:
        """Read a frame's state and mask; earlier frames that still wait are forgotten."""
        if self._wanted.put(key):
            self.wake()

    def stop_task(self) -> None:
        """End what takes long."""
        self._stop_task.set()

    def stop(self) -> None:
        """Ask the worker to end as soon as it can."""
        self.stop_task()
        super().stop()

    # On the worker's own thread

    def begin(self) -> None:
        """Timers are born on the thread on which they fire."""
        import medseg_gui.project.store  # noqa: F401  PyAV takes its time; the window is there first

        self._retry = self._make_timer(self._retry_ms, self._save_all)
        self._count_soon = self._make_timer(_SETTLE_MS, self._count)
        self._remember_soon = self._make_timer(_SETTLE_MS, self._remember)
        self.formats_known.emit(answers.formats())

    def work(self) -> None:
        """The next order; once all are done, the newest frame."""
        if (order := self._orders.take()) is not None:
            self._obey(order)
        if self._orders.is_empty and (key := self._wanted.take()) is not None:
            self._read(key)

    def end(self) -> None:
        """Write everything that is still to be written, then close."""
        while (order := self._orders.take()) is not None:
            if not isinstance(order, _NOT_AT_THE_END):
                self._guard_order(order)
        self._keeper.save_all()
        self._remember()
        self._keeper.close()
        for timer in (self._retry, self._count_soon, self._remember_soon):
            timer.stop()

    def _obey(self, order: orders.Order) -> None:
        self._guard_order(order)
        self._tell_saving()

    def _guard_order(self, order: orders.Order) -> None:
        handlers: dict[type, Callable[[Any], None]] = {
            orders.OpenProject: lambda o: self._open(o.folder),
            orders.OpenDefault: lambda o: self._open_default(),
            orders.CreateProject: lambda o: self._open(o.folder, is_new=True),
            orders.CopyProject: self._copy,
            orders.CloseProject: lambda o: self._leave(),
            orders.RestoreProject: self._restore,
            orders.Relocate: self._relocate,
            orders.SaveNow: lambda o: self._keeper.save_all(),
            orders.Save: lambda o: self._save(o.edit),
            orders.WalkJournal: self._walk,
            orders.ShowSource: self._show_source,
            orders.AddFrames: self._add_frames,
            orders.AddPictures: self._add_pictures,
            orders.SetReader: self._set_reader,
            orders.ListFrames: self._list,
            orders.SaveScores: self._save_scores,
            orders.Compare: self._compare,
            orders.ReadRecord: self._read_record,
            orders.ReadAudit: self._read_audit,
            orders.ExportFrames: self._export,
            orders.ImportFrames: self._import,
            orders.WriteReport: self._write_report,
            orders.WriteVideo: self._write_video,
            orders.ListCorrected: lambda o: self._list_corrected(),
            orders.CopyCorrected: self._copy_corrected,
            orders.NamePatient: self._name_patient,
            orders.SetCentre: self._set_centre,
        }
        try:
            handlers[type(order)](order)
        except Exception as e:
            self.failed.emit(as_medseg_error(e))

    # Open and close

    def _open(self, folder: Path, is_new: bool = False) -> None:
        from medseg_gui.project.database import DamagedProjectError

        try:
            self._remember()
            self._keeper.open(folder, is_new)
        except DamagedProjectError as e:
            if e.backup is None:
                raise
            self.damaged.emit(folder)
            day = e.backup.stem.replace("T", " ")[:10]
            self.offered.emit(f"The project {folder.name} is damaged. Its last good backup is of {day}.", "restore")
        else:
            self._tell_journal()
            self._tell_missing()

    def _open_default(self) -> None:
        self._keeper.open_default(must_be=False)
        if self._keeper.project is not None:
            self._tell_journal()

    def _tell_opened(self) -> None:
        project = self._keeper.project
        self.opened.emit(answers.describe(project, self._keeper.is_default) if project is not None else None)
        self._count_soon.start()

    def _tell_missing(self) -> None:
        project = self._keeper.require()
        if missing := project.missing_sources():
            count, total = len(missing), len(project.sources())
            what = "The source is" if total == 1 else f"{count} of {total} sources are"
            self.offered.emit(f"{what} not where it was last; no mask is lost.", "relocate")

    def _copy(self, order: orders.CopyProject) -> None:
        self._keeper.copy_to(order.folder)
        self.noticed.emit(f"You now work in the copy {order.folder.name}.")

    def _leave(self) -> None:
        self._keeper.require_saved()
        self._remember()
        self._keeper.close()
        self._tell_opened()

    def _restore(self, order: orders.RestoreProject) -> None:
        from medseg_gui.project.backup import restore

        aside = restore(order.folder)
        self._open(order.folder)
        self.noticed.emit(f"The backup is back; the damaged database is kept as {aside.name}.")

    # Sources and frames

    def _show_source(self, source: orders.ShowSource) -> None:
        """A project that was opened on purpose takes what one looks at; the one by default only what one corrects."""
        keeper = self._keeper
        keeper.shown[source.source_id] = source
        if keeper.project is None or source.is_live:
            return
        if not keeper.is_default and source.source_id not in keeper.known:
            keeper.make_known(source.source_id)
            if source.kind in ("folder", "image"):
                self._add_pictures(orders.AddPictures(source.source_id))
                return
        self._tell_lane(source.source_id)

    def _add_frames(self, order: orders.AddFrames) -> None:
        self._keeper.open_default(must_be=True)
        self._keeper.make_known(order.keys[0].source_hash)
        self._keeper.require().add_frames(order.keys, order.size, order.names)
        self._tell_frames_added(order.keys[0].source_hash)

    def _add_pictures(self, order: orders.AddPictures) -> None:
        keeper = self._keeper
        keeper.open_default(must_be=True)
        project, source = keeper.require(), keeper.shown.get(order.source_id)
        if source is None:
            return
        keeper.make_known(order.source_id)
        left_out = self._work_long("Adding pictures", lambda step: add_pictures(project, source, step))
        if left_out:
            self.noticed.emit(f"{left_out} pictures cannot be read and were left out.")
        self._tell_frames_added(order.source_id)

    def _tell_frames_added(self, source_id: str) -> None:
        self._tell_lane(source_id)
        self.frames_added.emit()
        self._count_soon.start()

    def _tell_lane(self, source_id: str) -> None:
        project, source = self._keeper.project, self._keeper.shown.get(source_id)
        if project is not None and source is not None:
            self.lane_read.emit(source_id, answers.read_lane(project, source_id, source.frame_count))

    def _relocate(self, order: orders.Relocate) -> None:
        project = self._keeper.require()
        found, left = project.relocate(order.search), len(project.missing_sources())
        sources = "1 source was" if len(found) == 1 else f"{len(found)} sources were"
        self.noticed.emit(f"{sources} found; {left} still missing.")
        self._tell_opened()

    # Save

    def _save(self, edit: Edit) -> None:
        self._edits_seen += 1
        self._keeper.save(edit)
        self._count_soon.start()
        if isinstance(edit, StateEdit):
            self.states_changed.emit(edit.keys, edit.state)
        elif isinstance(edit, MaskEdit):
            self.states_changed.emit((edit.key,), edit.state)
        elif isinstance(edit, StepEdit):
            self._tell_record(edit.key)

    def _tell_record(self, key: FrameKey) -> None:
        record = self._keeper.project.frame(key) if self._keeper.project is not None else None
        if record is not None:
            self.states_changed.emit((key,), record.state)

    def _tell_journal(self) -> None:
        """What can be undone and redone beyond what the window did itself."""
        project = self._keeper.project
        done, undone = project.undo_titles() if project is not None else ([], [])
        self.journal_known.emit(*(titles[0] or "a change" if titles else "" for titles in (done, undone)))

    def _save_all(self) -> None:
        self._keeper.save_all()
        self._tell_saving()

    def _tell_saving(self) -> None:
        """What is on the disk by now; what is not is tried again soon."""
        saving = self._keeper.saving
        if saving.waiting and not self._is_stopping.is_set():
            self._retry.start()
        self.saved.emit(saving, self._edits_seen)

    def _walk(self, order: orders.WalkJournal) -> None:
        project, unsaved = self._keeper.project, self._keeper.unsaved
        key = None if unsaved is None else unsaved.redo() if order.is_redo else unsaved.undo()
        if key is None or project is None or unsaved is None:
            self.noticed.emit("There is nothing to redo." if order.is_redo else "There is nothing to undo.")
            return
        self._tell_record(key)
        self.stepped.emit(answers.read_content(project, unsaved, key))
        self._tell_journal()
        self._count_soon.start()

    # Read

    def _read(self, key: FrameKey) -> None:
        self._place = key
        self._remember_soon.start()
        project, unsaved = self._keeper.project, self._keeper.unsaved
        content = FrameContent(key, None, None)
        try:
            if (held := self._keeper.waiting_mask(key)) is not None:
                content = FrameContent(key, None, answers.mask_of(held.lesions, held.size, held.state))
            elif project is not None and unsaved is not None:
                content = answers.read_content(project, unsaved, key)
        except MedsegError as e:
            self.failed.emit(e)
        self.content_read.emit(content)

    def _remember(self) -> None:
        """Which frame was looked at, if it is of this project."""
        from medseg_gui.project.place import write_place

        project, place = self._keeper.project, self._place
        if project is not None and place is not None and place.source_hash in self._keeper.known:
            write_place(project.folder, place)

    def _set_reader(self, order: orders.SetReader) -> None:
        self._keeper.require_saved()
        self._keeper.require().reader = order.reader
        self._tell_opened()
        self._tell_journal()
        for source_id in self._keeper.shown:
            self._tell_lane(source_id)

    def _list(self, order: orders.ListFrames) -> None:
        self._counted = FrameFilter(None, order.wanted.source_hash, order.wanted.centre, order.wanted.class_id)
        if self._keeper.project is not None:
            self.listed.emit(answers.list_frames(self._keeper.project, order))
            self._count()

    def _count(self) -> None:
        project = self._keeper.project
        self.counted.emit(project.progress(self._counted) if project is not None else {})

    def _save_scores(self, order: orders.SaveScores) -> None:
        self._keeper.require().set_scores(order.name, order.scores, order.weights)

    def _compare(self, order: orders.Compare) -> None:
        self.compared.emit(answers.compare_readers(self._keeper.require(), order.key, order.class_id))

    def _read_record(self, order: orders.ReadRecord) -> None:
        project = self._keeper.project
        if project is not None and (record := project.frame(order.key)) is not None:
            self.record_read.emit(record)

    def _read_audit(self, order: orders.ReadAudit) -> None:
        """The second reader is blind: what the first one did is not told."""
        project = self._keeper.project
        entries = project.audit(order.key) if project is not None else []
        reader = project.reader if project is not None else 1
        self.audit_read.emit(tuple(e for e in entries if reader == 1 or e.reader == reader))

    # What takes long

    def _export(self, order: orders.ExportFrames) -> None:
        project = self._keeper.require()
        if said := self._work_long("Exporting", lambda step: export_frames(project, order, step)):
            self.noticed.emit(said)

    def _write_report(self, order: orders.WriteReport) -> None:
        project = self._keeper.require()
        if said := self._work_long("Writing the report", lambda step: write_report(project, order, step)):
            self.noticed.emit(said)

    def _write_video(self, order: orders.WriteVideo) -> None:
        project = self._keeper.require()
        if said := self._work_long("Writing the video", lambda step: write_video(project, order, step)):
            self.noticed.emit(said)

    def _list_corrected(self) -> None:
        from medseg_gui.project.corrected_frames import corrected_frames

        project = self._keeper.project
        self.corrected_listed.emit(corrected_frames(project) if project is not None else ())

    def _name_patient(self, order: orders.NamePatient) -> None:
        from medseg_gui.project.corrected_frames import name_patient

        name_patient(self._keeper.require(), order.recordings, order.name)
        self._list_corrected()

    def _set_centre(self, order: orders.SetCentre) -> None:
        self._keeper.require().set_centre(order.source_hashes, order.centre)
        self._list_corrected()
        self._tell_opened()

    def _copy_corrected(self, order: orders.CopyCorrected) -> None:
        from medseg_gui.project.corrected_frames import write_examples

        try:
            self._keeper.require_saved()
            project = self._keeper.require()
            left_out = self._work_long("Copying frames", lambda step: write_examples(
                project, order.groups, order.folder, step))  # fmt: skip
            if left_out is None:
                raise StoppedError("The training was not started, because copying its frames was stopped.")
        except Exception as e:
            self.corrected_refused.emit(order.folder, as_medseg_error(e))
        else:
            self.corrected_copied.emit(order.folder, left_out)

    def _import(self, order: orders.ImportFrames) -> None:
        keeper = self._keeper
        keeper.open_default(must_be=True)
        keeper.require_saved()
        project = keeper.require()
        if said := self._work_long("Importing", lambda step: import_frames(project, order, step)):
            self.noticed.emit(said)
        keeper.known = {s.hash for s in project.sources()}
        self._tell_opened()
        for source_id in keeper.shown:
            self._tell_lane(source_id)
        self.frames_added.emit()
        self.imported.emit()
        self._tell_journal()

    def _work_long(self, name: str, work: Callable[[Callable[[int, int], None]], Any]) -> Any:
        """Do something long; between its steps edits are written and frames are read. None when it was stopped."""
        self._stop_task.clear()
        self.task_changed.emit(Task(name))

        def step(done: int, total: int) -> None:
            if self._stop_task.is_set() or self._is_stopping.is_set():
                raise StoppedError(f"{name} was stopped.")
            self.task_changed.emit(Task(name, done, total))
            self._serve()

        try:
            return work(step)
        except StoppedError as e:
            self.noticed.emit(str(e))
            return None
        finally:
            self.task_changed.emit(None)

    def _serve(self) -> None:
        """Edits that came meanwhile, then the newest frame; other orders wait for their turn."""
        while isinstance(self._orders.first, orders.Save) and (order := self._orders.take()) is not None:
            self._obey(order)
        if self._orders.is_empty and (key := self._wanted.take()) is not None:
            self._read(key)

    def _make_timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(lambda: self._guard(slot))
        return timer


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a system without a list of users
        return ""
