"""Saves the settings, a moment after the last change."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer

from medseg_gui.qt.workers.worker import Mailbox, Worker
from medseg_gui.settings import Settings, save_settings

_SETTLE_MS = 500  # dragging a slider changes settings many times a second


class StoreWorker(Worker):
    """Writes the newest settings once they have settled, and at the end.

    Args:
        save: as `settings.save_settings`; tests and the benchmark give their own.
        settle_ms: how long to wait for further changes.
    """

    def __init__(self, save: Callable[[Settings], None] = save_settings, settle_ms: int = _SETTLE_MS) -> None:
        super().__init__()
        self._save = save
        self._settle_ms = settle_ms
        self._newest: Mailbox[Settings] = Mailbox()
        self._timer: QTimer | None = None

    def save(self, settings: Settings) -> None:
        """Have settings saved soon, from any thread."""
        self._newest.put(settings)
        self.wake()

    def begin(self) -> None:
        """The timer must be born on the thread it fires on."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(self._settle_ms)
        self._timer.timeout.connect(self._on_settled)

    def work(self) -> None:
        """Wait from the newest change on."""
        if self._timer is not None:
            self._timer.start()

    def end(self) -> None:
        """Nothing that was changed in the last moment is lost."""
        if self._timer is not None:
            self._timer.stop()
        self._write()

    def _on_settled(self) -> None:
        self._guard(self._write)

    def _write(self) -> None:
        if (settings := self._newest.take()) is not None:
            self._save(settings)
