"""What a fine-tuning is planned from: frames that were corrected, patients and hospitals, and weights to begin with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import CorrectedFrame
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project_orders import ListCorrected, NamePatient, SetCentre
from medseg_gui.qt.state.training_plan import TrainingPlan
from medseg_gui.qt.workers.judge import JudgeWorker
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.train import TrainWorker
from medseg_gui.training.job import TrainingJob, new_folder


class Planning(QObject):
    """Keeps the plan in step with the project and the weights.

    Args:
        state: what is wanted, and where the answers go.
        project: owns the frames.
        worker: knows what weights have learnt.
        judge: tells when a version was kept.
    """

    def __init__(
        self,
        state: AppState,
        project: ProjectWorker,
        worker: TrainWorker,
        judge: JudgeWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._app, self._state = state, state.training
        self._project, self._worker = project, worker
        self._base = ""
        self._state.frames_wanted.connect(self.on_frames_wanted)
        self._state.plan_changed.connect(self.on_plan_changed)
        self._state.patient_named.connect(self.on_patient_named)
        self._state.centre_named.connect(self.on_centre_named)
        state.project.info_changed.connect(self.on_info_changed)
        project.corrected_listed.connect(self.on_corrected_listed)
        project.corrected_copied.connect(self.on_corrected_copied)
        worker.learnt_known.connect(self.on_learnt_known)
        judge.accepted.connect(self.on_accepted)

    # Frames

    def on_frames_wanted(self) -> None:
        """The page is opened: what is corrected by now?"""
        self._project.ask(ListCorrected())
        self._choose_base()

    def on_corrected_listed(self, frames: tuple[CorrectedFrame, ...]) -> None:
        """What there is to learn from; who was held out of other patients no longer matters."""
        before = self._state.plan.frames or ()
        if {f.group for f in frames} != {f.group for f in before}:
            self._state.change_plan(frames=frames, chosen_out=None, left_out=frozenset())
        else:
            self._state.change_plan(frames=frames)

    def on_info_changed(self) -> None:
        """Another project, or it knows more."""
        if self._state.is_shown:
            self._project.ask(ListCorrected())

    def on_patient_named(self, recordings: tuple[str, ...], name: str) -> None:
        """The project remembers it, and tells the frames anew."""
        self._project.ask(NamePatient(recordings, name))

    def on_centre_named(self, source_hashes: tuple[str, ...], centre: str) -> None:
        """The same."""
        self._project.ask(SetCentre(source_hashes, centre))

    def on_corrected_copied(self, _: Path, left_out: int) -> None:
        """Somebody learns from them; a few may be missing."""
        if left_out:
            self._app.session.notice(f"{left_out} frames cannot be read and are not learnt from.")

    # Weights to begin with

    def _choose_base(self) -> None:
        """Begin with the weights in use, as long as nobody chose others."""
        plan, session = self._state.plan, self._app.session
        entries = {w.name: w for w in session.weights if w.class_id == plan.class_id}
        if plan.base not in entries:
            name = session.chosen.get(plan.class_id, "") or next(iter(entries), "")
            self._state.change_plan(base=name, network=entries[name].network if name in entries else "")

    def on_plan_changed(self) -> None:
        """What have other weights seen?"""
        base = self._state.plan.base
        if base != self._base:
            self._base = base
            self._worker.find_learnt(base)

    def on_learnt_known(self, weights: str, frames: frozenset[str]) -> None:
        """These frames should not be held out."""
        if weights == self._state.plan.base:
            self._state.change_plan(seen=frames)

    def on_accepted(self) -> None:
        """What versions have learnt is to be looked up anew."""
        self._base = ""


def planned_job(plan: TrainingPlan) -> TrainingJob:
    """What a process would be told now, with a folder of its own that is not made yet."""
    learnt, compared = plan.counts
    return TrainingJob(
        folder=new_folder(),
        base=plan.base,
        network=plan.network,
        class_id=plan.class_id,
        hold_out=tuple(sorted(plan.held_out)),
        settings=plan.settings,
        frames=learnt,
        held_out_frames=compared,
        learnt=tuple(hidden_name(k.source_hash, k.index) for p in plan.to_learn for k in p.keys),
    )
