"""What all workers share: a thread of their own, a mailbox of one place, and how a failure leaves them."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from medseg_gui.errors import MedsegError, memory_full

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Room for one item between two threads; a newer one takes the place of one that nobody fetched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._item: T | None = None

    def put(self, item: T) -> bool:
        """Leave an item; gives whether the place was empty, so that nothing was lost."""
        with self._lock:
            was_empty = self._item is None
            self._item = item
        return was_empty

    def take(self) -> T | None:
        """Fetch the item, None when there is none."""
        with self._lock:
            item, self._item = self._item, None
        return item

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._item is None


class Fifo(Generic[T]):
    """A line of items between two threads: none is lost, none overtakes another."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()  # its ends are safe between threads

    def put(self, item: T) -> None:
        """Leave an item behind all others."""
        self._items.append(item)

    def take(self) -> T | None:
        """Fetch the first item, None when there is none."""
        return self._items.popleft() if self._items else None

    @property
    def first(self) -> T | None:
        """The item that `take` would give."""
        return self._items[0] if self._items else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._items


class Worker(QObject):
    """Works on its own thread from `start` to `stop`.

    A child overrides `begin`, `work` and `end`, which run on the worker's thread, and offers methods that put
    something into a mailbox and call `wake`, which may be called from anywhere.
    """

    failed = Signal(object)  # MedsegError
    _woken = Signal()
    _ending = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._is_stopping = threading.Event()
        self._thread = QThread()
        self._thread.setObjectName(type(self).__name__)
        self.moveToThread(self._thread)
        self._thread.started.connect(self._on_started)
        # Always queued: a worker may wake itself to go on after others had their turn.
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)
        self._ending.connect(self._on_ending, Qt.ConnectionType.QueuedConnection)

    # From the main thread

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the worker to end as soon as it can; returns at once."""
        self._is_stopping.set()
        self._ending.emit()

    def wait(self) -> None:
        """Wait until it has ended; only then may it be let go."""
        self._thread.wait()

    @property
    def is_running(self) -> bool:
        """Whether its thread runs."""
        return self._thread.isRunning()

    # From any thread

    def wake(self) -> None:
        """Have `work` called."""
        self._woken.emit()

    # On the worker's own thread

    def begin(self) -> None:
        """Load what is needed; imports that take long belong here."""

    def work(self) -> None:
        """Look into the mailboxes and do what is there."""

    def end(self) -> None:
        """Let go of files and memory."""

    @Slot()
    def _on_started(self) -> None:
        self._guard(self.begin)

    @Slot()
    def _on_woken(self) -> None:
        if not self._is_stopping.is_set():
            self._guard(self.work)

    @Slot()
    def _on_ending(self) -> None:
        self._guard(self.end)
        self._thread.quit()

    def _guard(self, step: Callable[[], None]) -> None:
        """Uncaught, an error would surface on this thread, where nobody sees it."""
        try:
            step()
        except Exception as e:
            self.failed.emit(as_medseg_error(e))


def as_medseg_error(error: Exception) -> MedsegError:
    """The error itself if it speaks to people, otherwise a sentence around it with the trace as details."""
    if isinstance(error, MedsegError):
        return error
    if (full := memory_full(error)) is not None:
        logger.warning("%s", full)
        return full
    logger.error("Unexpected error in a worker", exc_info=error)
    kind = type(error).__name__
    return MedsegError(
        f"Something went wrong inside the program ({kind}); try again, and report the details if it stays.",
        "".join(traceback.format_exception(error)),
    )
