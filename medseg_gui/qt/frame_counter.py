"""Counts frames on their journey and tells the rates once a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from medseg_gui.qt.state.performance import PerformanceState, Rates

_INTERVAL_MS = 1000


class FrameCounter(QObject):
    """Frames painted, predicted and passed over since the last time it told.

    Args:
        performance: whom it tells.
        clock: seconds, monotonic; tests give their own.
    """

    def __init__(
        self,
        performance: PerformanceState,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(parent)
        self._performance = performance
        self._clock = clock
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.tell)
        self._latency_ms = 0.0
        self._begin()

    def start(self) -> None:
        """Begin to count."""
        self._begin()
        self._timer.start()

    def stop(self) -> None:
        """Tell nothing more."""
        self._timer.stop()

    def count_shown(self) -> None:
        """A frame was painted."""
        self._shown += 1

    def count_predicted(self, latency_ms: float) -> None:
        """The networks looked at a frame."""
        self._predicted += 1
        self._latency_ms = latency_ms

    def count_dropped(self) -> None:
        """A frame was shown that no network will look at."""
        self._dropped += 1

    def tell(self) -> None:
        """The rates since the last time."""
        seconds = max(self._clock() - self._since, 1e-3)
        rates = Rates(self._shown / seconds, self._predicted / seconds, self._dropped / seconds, self._latency_ms)
        if rates != self._performance.rates:
            self._performance.set_rates(rates)
        self._begin()

    def _begin(self) -> None:
        self._since = self._clock()
        self._shown = self._predicted = self._dropped = 0
