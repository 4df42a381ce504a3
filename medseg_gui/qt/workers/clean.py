"""Copies recordings so that they name nobody: black outside the field of view, no sound, metadata or file names."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtCore import Signal

from medseg_gui.qt.state.project import Task
from medseg_gui.qt.state.project_orders import CleanCopy
from medseg_gui.qt.workers.decode import OpenSource, open_any
from medseg_gui.qt.workers.job_worker import JobWorker
from medseg_gui.qt.workers.project_task import StoppedError

_NAME = "Copying"


class CleanWorker(JobWorker[CleanCopy]):
    """Owns, for the time of a copy, a source of its own.

    Args:
        open_source: as `media.open_source`; tests give their own.
    """

    task_changed = Signal(object)  # Task | None
    noticed = Signal(str)

    def __init__(self, open_source: OpenSource | None = None) -> None:
        super().__init__()
        self._open_source = open_source or open_any

    def do(self, order: CleanCopy) -> None:
        """Make a copy; an unfinished video is deleted."""
        self.task_changed.emit(Task(_NAME))
        try:
            self._copy(order)
        except StoppedError as e:
            self.noticed.emit(str(e))
        else:
            self.noticed.emit(f"The copy is ready: {order.path.name}. Look through it before you pass it on.")
        finally:
            self.task_changed.emit(None)

    def _copy(self, order: CleanCopy) -> None:
        from medseg_gui.project.clean_copy import copy_pictures, copy_video

        def progress(done: int, total: int) -> None:
            if self.should_end(order):
                raise StoppedError("Copying was stopped.")
            self.task_changed.emit(Task(_NAME, done, total))

        source = self._open_source(order.spec)
        is_there = order.path.exists()
        try:
            if source.kind == "video":
                copy_video(source, order.path, order.margin_px, progress)
            else:
                copy_pictures(source, order.path, order.margin_px, progress)
        except StoppedError:
            if source.kind == "video" and not is_there:
                with suppress(OSError):
                    order.path.unlink(missing_ok=True)
            raise
        finally:
            source.close()
