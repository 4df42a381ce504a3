"""How fast everything goes, for the status bar."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True)
class Rates:
    """Counted over the last second or so.

    Attributes:
        shown_per_s: frames painted.
        predicted_per_s: frames predicted.
        dropped_per_s: frames painted that no network looked at.
        latency_ms: of the newest prediction.
    """

    shown_per_s: float = 0.0
    predicted_per_s: float = 0.0
    dropped_per_s: float = 0.0
    latency_ms: float = 0.0


class PerformanceState(QObject):
    """The newest rates."""

    rates_changed = Signal(object)  # Rates

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rates = Rates()

    def set_rates(self, rates: Rates) -> None:
        """New figures, about once a second."""
        self.rates = rates
        self.rates_changed.emit(rates)
