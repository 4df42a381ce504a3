"""The line at the bottom: which device works and why, and how fast everything goes."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.performance import PerformanceState
from medseg_gui.qt.state.session import SessionState


class StatusBar(QStatusBar):
    """Device and rates."""

    def __init__(self, session: SessionState, performance: PerformanceState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._performance = session, performance
        self.text = QLabel()
        self.text.setFont(theme.tabular(self.font()))
        self.text.setContentsMargins(12, 4, 12, 4)
        self.text.setToolTip(
            "Frames per second on screen, predicted, and shown without a prediction; time of one prediction"
        )
        self.addWidget(self.text, 1)
        self.setSizeGripEnabled(False)
        session.device_changed.connect(self.on_changed)
        session.opening_changed.connect(self.on_changed)
        session.source_changed.connect(self.on_changed)
        performance.rates_changed.connect(self.on_changed)
        self.on_changed()

    def on_changed(self) -> None:
        """Write the line anew."""
        rates = self._performance.rates
        parts = [self._session.device or "Looking for a device…"]
        if self._session.source is not None:
            parts += [
                f"shown {rates.shown_per_s:.1f}/s",
                f"predicted {rates.predicted_per_s:.1f}/s",
                f"dropped {rates.dropped_per_s:.1f}/s",
                f"{rates.latency_ms:.0f} ms",
            ]
        if self._session.is_opening:
            parts.insert(0, "Opening…")
        self.text.setText("  ·  ".join(parts))
