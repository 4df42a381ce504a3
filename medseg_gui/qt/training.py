"""The journey of a fine-tuning: frames are copied, and a process learns from them until it ends or is asked to.

Nothing of it happens on this thread. What the process says becomes state; what a person asks goes to it. The plan
before it, the verdict after it, the versions and the preview of guided augmentation have files of their own, beside it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from medseg_gui.errors import MedsegError
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project_orders import CopyCorrected
from medseg_gui.qt.training_planning import planned_job
from medseg_gui.qt.training_progress import progressed
from medseg_gui.qt.workers import train
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.train import Ending, Start, TrainWorker
from medseg_gui.training.job import DONE, TrainingJob


class Training(QObject):
    """Starts a job and watches over it.

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
        self._waiting: TrainingJob | None = None  # whose frames are being copied
        self._held = False  # paused because a video plays
        self._watch()

    def _watch(self) -> None:
        state, project, worker = self._state, self._project, self._worker
        state.frames_wanted.connect(self.on_frames_wanted)
        state.start_wanted.connect(self.on_start_wanted)
        state.resume_wanted.connect(self.on_resume_wanted)
        state.command_given.connect(self.on_command_given)
        state.rests_changed.connect(self.on_rests_changed)
        self._app.playback.playing_changed.connect(self.on_rests_changed)
        project.corrected_copied.connect(self.on_corrected_copied)
        project.corrected_refused.connect(self.on_corrected_refused)
        worker.happened.connect(self.on_happened)
        worker.ended.connect(self.on_ended)
        worker.found.connect(self.on_found)

    # It begins

    def on_frames_wanted(self) -> None:
        """The page is opened: what was left of an earlier day?"""
        if self._state.phase == t.PLANNING and self._state.job is None:
            self._worker.look_for_interrupted()

    def on_found(self, job: TrainingJob, events: list[dict[str, Any]]) -> None:
        """A job of an earlier day: one that came to its end waits for a verdict, another can go on."""
        if self._state.phase != t.PLANNING or self._state.job is not None:
            return
        self._state.set_job(job)
        progress = t.Progress(epochs=int(job.settings.get("epochs", 0)))
        for event in events:
            progress = progressed(progress, event)
        self._state.set_progress(progress)
        if job.status == DONE:
            self._state.compare()
        else:
            self._state.set_phase(t.ENDED, "The window was closed, or the program ended, before training was done.")

    def on_start_wanted(self) -> None:
        """Copy the frames first: the project may change meanwhile."""
        self._waiting = planned_job(self._state.plan)
        self._state.set_job(self._waiting)
        self._state.set_phase(t.COPYING)
        self._project.ask(CopyCorrected(self._state.plan.groups, self._waiting.data))

    def on_corrected_copied(self, folder: Path) -> None:
        """Now it can begin."""
        if self._waiting is not None and folder == self._waiting.data:
            job, self._waiting = self._waiting, None
            self._set_running(job)
            self._worker.train(job)

    def on_corrected_refused(self, folder: Path, error: MedsegError) -> None:
        """Nothing was begun."""
        if self._waiting is not None and folder == self._waiting.data:
            self._worker.forget(self._waiting)
            self._waiting = None
            self._state.set_job(None)
            self._state.set_phase(t.PLANNING)
            self._app.session.fail(error)

    def on_resume_wanted(self) -> None:
        """Go on where it was saved."""
        if (job := self._state.job) is not None:
            self._set_running(job)
            self._worker.train(job, resume=True)

    def _set_running(self, job: TrainingJob) -> None:
        self._held = False
        epochs = int(job.settings.get("epochs", 0))
        progress = replace(self._state.progress, epochs=epochs, left_s=None, doing="Starting…")
        self._state.set_progress(progress)
        self._state.set_phase(t.RUNNING)

    # It runs

    def on_command_given(self, word: str) -> None:
        """Tell the process."""
        if word == "stop":
            self._state.set_phase(t.STOPPING)
        self._worker.command(word)

    def on_rests_changed(self) -> None:
        """While a video plays, training may rest."""
        wants = self._state.rests and self._app.playback.is_playing
        if wants and self._state.phase == t.RUNNING and not self._held:
            self._held = True
            self._worker.command("pause")
        elif not wants and self._held:
            self._held = False
            self._worker.command("go_on")

    def on_happened(self, start: Start, event: dict[str, Any]) -> None:
        """The process said something."""
        if start.is_preview or start.job != self._state.job:
            return
        if event["event"] == "paused":
            self._state.set_phase(t.PAUSED)
        elif event["event"] == "going_on" and self._state.phase == t.PAUSED:
            self._state.set_phase(t.RUNNING)
        self._state.set_progress(progressed(self._state.progress, event))

    def on_ended(self, start: Start, ending: Ending) -> None:
        """The process is no more."""
        self._held = False
        if start.is_preview or start.job != self._state.job:
            return
        if ending.kind == train.FINISHED:
            self._app.session.notice("Training is done; the old and the new weights are being compared.")
            self._state.compare()
        else:
            self._state.set_phase(t.ENDED, str(ending.error) if ending.error else "")
            if ending.error is not None:
                self._app.session.fail(ending.error)
