"""Owns the project that is open: writes every edit in its order, reads what the window asks, keeps what fails.

Edits come before reads: what is read holds everything that was asked before.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer

from medseg_gui.project.edits import Edit, MaskEdit, StateEdit, StepEdit
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.workers import project_answers as answers
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_exchange import ProjectExchange
from medseg_gui.qt.workers.project_learning import ProjectLearning
from medseg_gui.qt.workers.project_reading import ProjectReading
from medseg_gui.qt.workers.project_reviewing import ProjectReviewing
from medseg_gui.qt.workers.project_sources import ProjectSources
from medseg_gui.qt.workers.project_task import LongTask
from medseg_gui.qt.workers.project_teller import ProjectSignals, ProjectTeller
from medseg_gui.qt.workers.worker import Fifo, Mailbox, as_medseg_error

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


class ProjectWorker(ProjectSignals):
    """Owns `Project` and `Unsaved`.

    Args:
        retry_ms: how long to wait before the disk is tried again.
        author: written beside every change; by default the name that one is logged in with.
    """

    def __init__(self, retry_ms: int = _RETRY_MS, author: str | None = None) -> None:
        super().__init__()
        self._retry_ms = retry_ms
        self._orders: Fifo[orders.Order] = Fifo()
        self._wanted: Mailbox[FrameKey] = Mailbox()
        self._edits_seen = 0
        author = _user_name() if author is None else author
        keeper = self._keeper = Keeper(author, self.failed.emit, lambda: self._teller.tell_opened())
        teller = self._teller = ProjectTeller(keeper, self, lambda: self._count_soon.start())
        task = self._task = LongTask(self, self._is_stopping, self._serve)
        self._sources = ProjectSources(keeper, self, teller, task)
        self._reading = ProjectReading(keeper, self, lambda: self._remember_soon.start())
        self._reviewing = ProjectReviewing(keeper, self, teller)
        self._exchange = ProjectExchange(keeper, self, teller, task)
        self._learning = ProjectLearning(keeper, self, teller, task)

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
        self._task.stop()

    def stop(self) -> None:
        """Ask the worker to end as soon as it can."""
        self.stop_task()
        super().stop()

    # On the worker's own thread

    def begin(self) -> None:
        """Timers are born on the thread on which they fire."""
        import medseg_gui.project.store  # noqa: F401  PyAV takes its time; the window is there first

        self._retry = self._make_timer(self._retry_ms, self._save_all)
        self._count_soon = self._make_timer(_SETTLE_MS, self._teller.count)
        self._remember_soon = self._make_timer(_SETTLE_MS, self._reading.remember)
        self.formats_known.emit(answers.formats())

    def work(self) -> None:
        """The next order; once all are done, the newest frame."""
        if (order := self._orders.take()) is not None:
            self._obey(order)
        if self._orders.is_empty and (key := self._wanted.take()) is not None:
            self._reading.read(key)

    def end(self) -> None:
        """Write everything that is still to be written, then close."""
        while (order := self._orders.take()) is not None:
            if not isinstance(order, _NOT_AT_THE_END):
                self._guard_order(order)
        self._keeper.save_all()
        self._reading.remember()
        self._keeper.close()
        for timer in (self._retry, self._count_soon, self._remember_soon):
            timer.stop()

    def _obey(self, order: orders.Order) -> None:
        self._guard_order(order)
        self._tell_saving()

    def _serve(self) -> None:
        """Between the steps of what takes long: edits that came meanwhile, then the newest frame; no other order."""
        while isinstance(self._orders.first, orders.Save) and (order := self._orders.take()) is not None:
            self._obey(order)
        if self._orders.is_empty and (key := self._wanted.take()) is not None:
            self._reading.read(key)

    def _guard_order(self, order: orders.Order) -> None:
        handlers: dict[type, Callable[[Any], None]] = {
            orders.OpenProject: lambda o: self._open(o.folder),
            orders.OpenDefault: lambda o: self._open_default(),
            orders.CreateProject: lambda o: self._open(o.folder, is_new=True),
            orders.CopyProject: self._copy,
            orders.CloseProject: lambda o: self._leave(),
            orders.RestoreProject: self._restore,
            orders.Relocate: self._sources.relocate,
            orders.SaveNow: lambda o: self._keeper.save_all(),
            orders.Save: lambda o: self._save(o.edit),
            orders.WalkJournal: self._walk,
            orders.ShowSource: self._sources.show,
            orders.AddFrames: self._sources.add_frames,
            orders.AddPictures: self._sources.add_pictures,
            orders.SetReader: self._reviewing.set_reader,
            orders.ListFrames: self._reviewing.list_frames,
            orders.SaveScores: self._reviewing.save_scores,
            orders.Compare: self._reviewing.compare,
            orders.ReadRecord: self._reading.read_record,
            orders.ReadAudit: self._reading.read_audit,
            orders.ExportFrames: self._exchange.export_frames,
            orders.ImportFrames: self._exchange.import_frames,
            orders.WriteReport: self._exchange.write_report,
            orders.WriteVideo: self._exchange.write_video,
            orders.ListCorrected: lambda o: self._learning.list_corrected(),
            orders.CopyCorrected: self._learning.copy_corrected,
            orders.NamePatient: self._learning.name_patient,
            orders.SetCentre: self._learning.set_centre,
        }
        try:
            handlers[type(order)](order)
        except Exception as e:
            self.failed.emit(as_medseg_error(e))

    # Open and close

    def _open(self, folder: Path, is_new: bool = False) -> None:
        from medseg_gui.project.database import DamagedProjectError

        try:
            self._reading.remember()
            self._keeper.open(folder, is_new)
        except DamagedProjectError as e:
            if e.backup is None:
                raise
            self.damaged.emit(folder)
            day = e.backup.stem.replace("T", " ")[:10]
            self.offered.emit(f"The project {folder.name} is damaged. Its last good backup is of {day}.", "restore")
        else:
            self._teller.tell_journal()
            self._teller.tell_missing()

    def _open_default(self) -> None:
        self._keeper.open_default(must_be=False)
        if self._keeper.project is not None:
            self._teller.tell_journal()

    def _copy(self, order: orders.CopyProject) -> None:
        self._keeper.copy_to(order.folder)
        self.noticed.emit(f"You now work in the copy {order.folder.name}.")

    def _leave(self) -> None:
        self._keeper.require_saved()
        self._reading.remember()
        self._keeper.close()
        self._teller.tell_opened()

    def _restore(self, order: orders.RestoreProject) -> None:
        from medseg_gui.project.backup import restore

        aside = restore(order.folder)
        self._open(order.folder)
        self.noticed.emit(f"The backup is back; the damaged database is kept as {aside.name}.")

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
            self._teller.tell_state(edit.key)

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
        self._teller.tell_state(key)
        self.stepped.emit(answers.read_content(project, unsaved, key))
        self._teller.tell_journal()
        self._count_soon.start()

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
