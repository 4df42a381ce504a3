"""What guided augmentation would take away from the frames, shown before anything is learnt with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from medseg_gui.errors import MedsegError
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project_orders import CopyCorrected
from medseg_gui.qt.state.training_result import AugmentationPreview
from medseg_gui.qt.training_planning import planned_job
from medseg_gui.qt.workers import train
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.train import Ending, Start, TrainWorker
from medseg_gui.training.job import TrainingJob


class Previewing(QObject):
    """Has a process make a preview from a copy of the frames, and ends it when nobody looks any more.

    Args:
        state: what is wanted, and where the answers go.
        project: owns the frames.
        worker: owns the process.
    """

    def __init__(
        self, state: AppState, project: ProjectWorker, worker: TrainWorker, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._app, self._state = state, state.training
        self._project, self._worker = project, worker
        self._job: TrainingJob | None = None  # until its process has ended
        self._is_copied = False
        self._state.preview_wanted.connect(self.on_preview_wanted)
        self._state.preview_stop_wanted.connect(self.on_preview_stop_wanted)
        project.corrected_copied.connect(self.on_corrected_copied)
        project.corrected_refused.connect(self.on_corrected_refused)
        worker.happened.connect(self.on_happened)
        worker.ended.connect(self.on_ended)

    def on_preview_wanted(self) -> None:
        """Copy the frames, then have it shown."""
        if self._job is None and self._state.phase not in t.ACTIVE:
            self._job = planned_job(self._state.plan)
            self._state.set_preview(None, "Copying frames…")
            self._project.ask(CopyCorrected(self._state.plan.groups, self._job.data))

    def on_corrected_copied(self, folder: Path) -> None:
        """Now its process can begin."""
        if self._job is not None and folder == self._job.data:
            self._is_copied = True
            self._state.set_preview(None, "A classifier learns to tell the hospitals apart…")
            self._worker.preview(self._job, self._job.folder / "preview.png")

    def on_corrected_refused(self, folder: Path, error: MedsegError) -> None:
        """Nothing was begun; it need not be said when it was closed meanwhile."""
        if self._job is not None and folder == self._job.data:
            is_awaited = self._state.is_previewed
            self._end()
            if is_awaited:
                self._app.session.fail(error)

    def on_preview_stop_wanted(self) -> None:
        """Nobody looks at it any more, or waits for it."""
        self._state.set_preview(None)
        if self._job is not None and self._is_copied:
            self._worker.command("cancel")
        elif self._job is not None:
            self._app.project.stop_task()  # its frames need not be copied to the end

    def on_happened(self, start: Start, event: dict[str, Any]) -> None:
        """The process said something."""
        if not start.is_preview or not self._state.is_previewed:
            return  # it was closed
        if event["event"] == "classifier":
            told = f"The classifier learns to tell the centres apart: {event['epoch']} of {event['epochs']} passes"
            self._state.set_preview(None, told)
        elif event["event"] == "preview":
            rows = tuple((row[0], row[1], row[2]) for row in event["rows"])
            self._state.set_preview(AugmentationPreview(event["accuracy"], event["centres"], rows))

    def on_ended(self, start: Start, ending: Ending) -> None:
        """The process is no more; what it found stays until it is closed."""
        if start.is_preview:
            self._end(keep=ending.kind == train.FINISHED)
            if ending.error is not None:
                self._app.session.fail(ending.error)

    def _end(self, keep: bool = False) -> None:
        job, self._job, self._is_copied = self._job, None, False
        if not keep:
            self._state.set_preview(None)
        if job is not None:
            self._worker.forget(job)
