"""The page "Training": plan, progress and result of a fine-tuning, and the versions. Built when first shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.training_preview import TrainingPreview
from medseg_gui.qt.views.training_progress import TrainingProgress
from medseg_gui.qt.views.training_result import TrainingResult
from medseg_gui.qt.views.training_setup import TrainingSetup

_TITLES = {
    t.PLANNING: "Train on your corrected frames",
    t.COPYING: "Training",
    t.RUNNING: "Training",
    t.PAUSED: "Training · paused",
    t.STOPPING: "Training · saving",
    t.ENDED: "Training has stopped",
    t.COMPARING: "Comparing the old and the new weights",
    t.JUDGED: "Before and after, on frames that were not learnt from",
}


class TrainingPage(QWidget):
    """Shows the part that belongs to the phase.

    Args:
        state: what is shown and asked.
        actions: the window's actions by name.
    """

    def __init__(self, state: AppState, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = state.training
        self.title = QLabel()
        self.title.setProperty("pagetitle", True)
        self.back = QToolButton()
        self.back.setText(" Back to the picture")
        self.back.setToolTip(f"{actions['train'].toolTip()}; Esc leads back too")
        self.back.setProperty("framed", True)
        self.back.clicked.connect(lambda: state.training.show(False))
        self.back.setIcon(theme.icon("close"))
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setup = TrainingSetup(state)
        self.progress = TrainingProgress(state.training)
        self.result = TrainingResult(state.training)
        self.preview = TrainingPreview(state.training)
        self.parts = QStackedWidget()
        for part in (self.setup, self.progress, self.result, self.preview):
            self.parts.addWidget(part)
        head = QHBoxLayout()
        head.setContentsMargins(24, 12, 16, 4)
        head.addWidget(self.title, 1)
        head.addWidget(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.parts, 1)
        self._training.phase_changed.connect(self.choose_part)
        self._training.preview_changed.connect(self.choose_part)
        self.choose_part()

    def choose_part(self) -> None:
        """Show the part that belongs to the phase."""
        phase, is_previewed = self._training.phase, self._training.is_previewed
        if phase == t.PLANNING and is_previewed:
            self.title.setText("What would be taken away")
            self.parts.setCurrentWidget(self.preview)
            return
        self.title.setText(_TITLES[phase])
        part = self.setup if phase == t.PLANNING else self.result if phase == t.JUDGED else self.progress
        self.parts.setCurrentWidget(part)
