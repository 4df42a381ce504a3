"""How far training is, in the status bar while one looks at something else; a click leads to its page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.views.time_text import minutes_left

_WORDS = {
    t.COPYING: "copying frames",
    t.PAUSED: "paused",
    t.STOPPING: "saving",
    t.ENDED: "stopped",
    t.COMPARING: "comparing",
    t.JUDGED: "done, see what it is worth",
}


class TrainingSign(QToolButton):
    """Hidden while nothing is trained, and on the page itself."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.setIcon(theme.icon("train"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFont(theme.tabular(self.font()))
        self.setToolTip("Go to the training page (Ctrl+T)")
        self.clicked.connect(lambda: training.show(True))
        for signal in (training.shown_changed, training.phase_changed, training.progress_changed):
            signal.connect(self.on_changed)
        self.on_changed()

    def on_changed(self) -> None:
        """Say it anew."""
        training = self._training
        self.setVisible(training.phase != t.PLANNING and not training.is_shown)
        progress = training.progress
        words = _WORDS.get(training.phase) or progress.doing
        if not words:
            left = minutes_left(progress.left_s)
            words = f"pass {min(progress.epoch + 1, progress.epochs)} of {progress.epochs}" + (left and f", {left}")
        self.setText(f" Training: {words}")
