"""Does what takes long with a project: it says how far it is, can be stopped, and others have their turn meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from medseg_gui.errors import MedsegError
from medseg_gui.qt.state.project import Task
from medseg_gui.qt.workers.project_teller import ProjectSignals

Step = Callable[[int, int], None]  # (done, in all); raises StoppedError
T = TypeVar("T")


class StoppedError(MedsegError):
    """Somebody asked it to stop."""


class LongTask:
    """One long task after another, on the project's thread.

    Args:
        signals: where it says how far it is, and that it was stopped.
        is_stopping: set when the worker is to end.
        serve: called after every step, for what must not wait.
    """

    def __init__(self, signals: ProjectSignals, is_stopping: threading.Event, serve: Callable[[], None]) -> None:
        self._signals, self._is_stopping, self._serve = signals, is_stopping, serve
        self._is_unwanted = threading.Event()

    def stop(self) -> None:
        """End the task that runs, after its step; may be called from any thread."""
        self._is_unwanted.set()

    def do(self, name: str, work: Callable[[Step], T]) -> T | None:
        """Do something long; None when it was stopped."""
        self._is_unwanted.clear()
        self._signals.task_changed.emit(Task(name))

        def step(done: int, total: int) -> None:
            if self._is_unwanted.is_set() or self._is_stopping.is_set():
                raise StoppedError(f"{name} was stopped.")
            self._signals.task_changed.emit(Task(name, done, total))
            self._serve()

        try:
            return work(step)
        except StoppedError as e:
            self._signals.noticed.emit(str(e))
            return None
        finally:
            self._signals.task_changed.emit(None)
