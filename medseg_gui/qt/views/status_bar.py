"""The line at the bottom: which device works and why, how fast everything goes, and whether the work is saved."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.performance import PerformanceState
from medseg_gui.qt.state.project import ProjectState, Task, saving_text
from medseg_gui.qt.state.session import SessionState
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.views.training_sign import TrainingSign

READER_TEXT = {1: "", 2: " (second reader)"}


class StatusBar(QStatusBar):
    """Device and rates; at the right end the project, what is saved of it, and what takes long."""

    def __init__(
        self,
        session: SessionState,
        performance: PerformanceState,
        project: ProjectState,
        training: TrainingState | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._performance, self._project = session, performance, project
        self.text = QLabel()
        self.text.setFont(theme.tabular(self.font()))
        self.text.setContentsMargins(12, 4, 12, 4)
        self.text.setToolTip(
            "Frames per second on screen, predicted, and shown without a prediction; time of one prediction"
        )
        self.addWidget(self.text, 1)
        self.setSizeGripEnabled(False)
        self._build_task()
        if training is not None:
            self.addPermanentWidget(TrainingSign(training))
        self.saved = QLabel()
        self.saved.setContentsMargins(12, 4, 16, 4)
        self.addPermanentWidget(self.saved)
        session.device_changed.connect(self.on_changed)
        session.opening_changed.connect(self.on_changed)
        session.source_changed.connect(self.on_changed)
        performance.rates_changed.connect(self.on_changed)
        project.saving_changed.connect(self.on_saving_changed)
        project.info_changed.connect(self.on_saving_changed)
        project.task_changed.connect(self.on_task_changed)
        self.on_saving_changed()
        self.on_task_changed(project.task)
        self.on_changed()

    def _build_task(self) -> None:
        self.task = QLabel()
        self.task_progress = QProgressBar()
        self.task_progress.setFixedWidth(140)
        self.task_stop = QToolButton()
        self.task_stop.setIcon(theme.icon("stop"))
        self.task_stop.setToolTip("Stop it; what is done stays")
        self.task_stop.setAccessibleName("Stop")
        self.task_stop.clicked.connect(self._project.stop_task)
        for widget in (self.task, self.task_progress, self.task_stop):
            self.addPermanentWidget(widget)

    def on_task_changed(self, task: Task | None) -> None:
        """How far something long is; between two steps it may be unknown."""
        for widget in (self.task, self.task_progress, self.task_stop):
            widget.setVisible(task is not None)
        if task is not None:
            self.task.setText(f"{task.name}…")
            self.task_progress.setRange(0, task.total)
            self.task_progress.setValue(task.done)

    def on_saving_changed(self) -> None:
        """Whether everything is on the disk; what is not is not to be overlooked."""
        info, text = self._project.info, saving_text(self._project)
        name = f"{info.name}{READER_TEXT[info.reader]} · " if info is not None else ""
        self.saved.setText(f"{name}{text}" if text else "")
        self.saved.setToolTip(str(info.folder) if info is not None else "")
        is_waiting = self._project.saving.waiting > 0
        self.saved.setStyleSheet(f"color: {theme.WARNING}; font-weight: bold;" if is_waiting else "")

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
