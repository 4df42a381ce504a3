"""What a fine-tuning is worth: both weights are compared on frames that were held out, and the new ones kept or not."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from medseg_gui.errors import MedsegError
from medseg_gui.project.names import hidden_name
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project_orders import ListCorrected
from medseg_gui.qt.state.training_result import FrameSides, HeldOutFrame, Verdict
from medseg_gui.qt.workers.judge import JudgeWorker
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.qt.workers.train import TrainWorker
from medseg_gui.training.job import TrainingJob


class Judging(QObject):
    """Has a job that learnt compared, and leads back to the plan once a person has decided.

    Args:
        state: what is wanted, and where the answers go.
        project: owns the frames.
        worker: takes away what is left of the job.
        judge: compares, and keeps versions.
        segment: told when there are other weights.
    """

    def __init__(
        self,
        state: AppState,
        project: ProjectWorker,
        worker: TrainWorker,
        judge: JudgeWorker,
        segment: SegmentWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._app, self._state = state, state.training
        self._project, self._worker, self._judge, self._segment = project, worker, judge, segment
        self._state.compare_wanted.connect(self.compare)
        self._state.frame_wanted.connect(self.on_frame_wanted)
        self._state.accept_wanted.connect(self.on_accept_wanted)
        self._state.discard_wanted.connect(self.on_discard_wanted)
        judge.judged.connect(self.on_judged)
        judge.refused.connect(self.on_judge_refused)
        judge.sides_made.connect(self.on_sides_made)
        judge.accepted.connect(self.on_accepted)

    # It is compared

    def compare(self) -> None:
        """Measure both weights on the held-out frames."""
        if (job := self._state.job) is not None:
            self._state.set_phase(t.COMPARING)
            self._judge.judge(job)

    def on_judged(self, job: TrainingJob, verdict: Verdict) -> None:
        """Show the figures, and the first of the frames."""
        if job == self._state.job:
            verdict = replace(verdict, frames=tuple(self._titled(f) for f in verdict.frames))
            self._state.set_verdict(verdict)
            self._state.set_phase(t.JUDGED)
            if verdict.frames:
                self._judge.look(job, verdict.frames[-1 if verdict.frames[-1].after is not None else 0].image)

    def _titled(self, frame: HeldOutFrame) -> HeldOutFrame:
        """With the name that a person knows it by, as long as the project that it comes from is open."""
        for f in self._state.plan.frames or ():
            if frame.image.startswith(hidden_name(f.key.source_hash, f.key.index)):
                return replace(frame, title=f"{f.title} · {f.key.index}")
        return frame

    def on_judge_refused(self, job: TrainingJob, error: MedsegError) -> None:
        """It cannot be compared; it may be gone on with."""
        if job == self._state.job:
            self._state.set_phase(t.ENDED, str(error))
            self._app.session.fail(error)

    def on_frame_wanted(self, image: str) -> None:
        """Another held-out frame."""
        if (job := self._state.job) is not None:
            self._judge.look(job, image)

    def on_sides_made(self, job: TrainingJob, sides: FrameSides) -> None:
        """Show it."""
        if job == self._state.job:
            self._state.set_sides(sides)

    # It is kept, or not

    def on_accept_wanted(self) -> None:
        """Keep it."""
        if (job := self._state.job) is not None:
            self._judge.accept(job)

    def on_accepted(self, job: TrainingJob, name: str, is_active: bool) -> None:
        """It is a version now; it is in use from now on unless it is worse."""
        self._segment.list_again()
        if is_active:
            self._app.session.choose_weights(job.class_id, name)
        what = f"{name} is in use now." if is_active else f"{name} is kept; the weights in use stay the same."
        self._app.session.notice(what)
        self._worker.strip(job)
        self._leave()

    def on_discard_wanted(self) -> None:
        """Throw it away."""
        if (job := self._state.job) is not None:
            self._worker.forget(job)
            self._leave()

    def _leave(self) -> None:
        """Back to the plan."""
        self._judge.forget()
        self._state.set_job(None)
        self._state.set_phase(t.PLANNING)
        self._project.ask(ListCorrected())
