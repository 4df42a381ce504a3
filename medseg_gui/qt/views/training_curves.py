"""Live curves of a training: loss at each step, Dice on the held-out frames after each pass; drawn by pyqtgraph."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.training import Progress

_REDRAW_MS = 250  # steps come faster than eyes follow; each redraw takes time from the picture
_SMOOTH = 0.9  # of the exponential mean that is drawn over the steps


class TrainingCurves(QWidget):
    """Two plots side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss, self.dice = _plot("Loss", "pass"), _plot("Dice on held-out frames", "pass")
        self.dice.setYRange(0, 1)
        self._steps = self.loss.plot(pen=pg.mkPen(theme.ACCENT_DEEP, width=1))
        self._mean = self.loss.plot(pen=pg.mkPen(theme.ACCENT, width=2))
        self._dices = self.dice.plot(
            pen=pg.mkPen(theme.HELD_OUT, width=2), symbol="o", symbolSize=6, symbolBrush=theme.HELD_OUT, symbolPen=None
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.loss, 1)
        row.addWidget(self.dice, 1)
        self._progress = Progress()
        self._soon = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._soon.timeout.connect(self.redraw)

    def set_progress(self, progress: Progress) -> None:
        """Draw it soon."""
        self._progress = progress
        if not self._soon.isActive():
            self._soon.start()

    def redraw(self) -> None:
        """Draw what is known by now."""
        losses = np.array(self._progress.losses, np.float64).reshape(-1, 2)
        self._steps.setData(losses[:, 0], losses[:, 1])
        self._mean.setData(losses[:, 0], smoothed(losses[:, 1]))
        dices = np.array(self._progress.dices, np.float64).reshape(-1, 2)
        self._dices.setData(dices[:, 0], dices[:, 1])
        if len(dices):
            low = max(float(dices[:, 1].min()) - 0.05, 0.0)
            self.dice.setYRange(low, min(float(dices[:, 1].max()) + 0.05, 1.0))
        for plot in (self.loss, self.dice):
            plot.setXRange(0, max(self._progress.epochs, 1), padding=0.02)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Exponential mean of (N,) values that begins with the first one."""
    found, mean = np.empty_like(values), 0.0
    for i, value in enumerate(values):
        mean = value if i == 0 else _SMOOTH * mean + (1 - _SMOOTH) * value
        found[i] = mean
    return found


def _plot(title: str, x: str) -> pg.PlotWidget:
    plot = pg.PlotWidget(background=theme.CANVAS)
    plot.setTitle(title, color=theme.TEXT, size="11pt")
    plot.setLabel("bottom", x, color=theme.QUIET_TEXT)
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.showGrid(x=False, y=True, alpha=0.15)
    plot.setAccessibleName(title)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(theme.BORDER)
        axis.setTextPen(theme.QUIET_TEXT)
    return plot
