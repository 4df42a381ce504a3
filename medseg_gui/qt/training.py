"""The journey of a fine-tuning: frames are copied, a process learns from them, both weights are compared, one is kept.

Nothing of it happens on this thread. What the process says becomes state; what a person asks goes to it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from medseg_gui.errors import MedsegError
from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import CorrectedFrame
from medseg_gui.qt.state import training as t
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project_orders import CopyCorrected, ListCorrected, NamePatient, SetCentre
from medseg_gui.qt.state.training_result import (
    AugmentationPreview,
    FrameSides,
    HeldOutFrame,
    Verdict,
    VersionEntry,
)
from medseg_gui.qt.workers import train
from medseg_gui.qt.workers.judge import JudgeWorker
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.qt.workers.train import Ending, Start, TrainWorker
from medseg_gui.training.job import DONE, TrainingJob, new_folder


class Training(QObject):
    """Stands between the training page and the workers.

    Args:
        state: what is wanted, and where the answers go.
        project: owns the frames.
        worker: owns the process.
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
        self._preview_job: TrainingJob | None = None
        self._waiting: TrainingJob | None = None  # whose frames are being copied
        self._held = False  # paused because a video plays
        self._is_previewing = False
        self._base = ""
        self._watch()

    def _watch(self) -> None:
        state, project, worker, judge = self._state, self._project, self._worker, self._judge
        state.frames_wanted.connect(self.on_frames_wanted)
        state.plan_changed.connect(self.on_plan_changed)
        self._app.project.info_changed.connect(self.on_info_changed)
        worker.learnt_known.connect(self.on_learnt_known)
        state.patient_named.connect(self.on_patient_named)
        state.centre_named.connect(self.on_centre_named)
        state.start_wanted.connect(self.on_start_wanted)
        state.resume_wanted.connect(self.on_resume_wanted)
        state.command_given.connect(self.on_command_given)
        state.preview_wanted.connect(self.on_preview_wanted)
        state.preview_stop_wanted.connect(self.on_preview_stop_wanted)
        state.compare_wanted.connect(self.compare)
        state.frame_wanted.connect(self.on_frame_wanted)
        state.accept_wanted.connect(self.on_accept_wanted)
        state.discard_wanted.connect(self.on_discard_wanted)
        state.activate_wanted.connect(self.on_activate_wanted)
        state.roll_back_wanted.connect(self.on_roll_back_wanted)
        state.rests_changed.connect(self.on_rests_changed)
        self._app.playback.playing_changed.connect(self.on_rests_changed)
        project.corrected_listed.connect(self.on_corrected_listed)
        project.corrected_copied.connect(self.on_corrected_copied)
        project.corrected_refused.connect(self.on_corrected_refused)
        worker.happened.connect(self.on_happened)
        worker.ended.connect(self.on_ended)
        worker.found.connect(self.on_found)
        judge.judged.connect(self.on_judged)
        judge.refused.connect(self.on_judge_refused)
        judge.sides_made.connect(self.on_sides_made)
        judge.accepted.connect(self.on_accepted)
        judge.versions_listed.connect(self.on_versions_listed)
        judge.activated.connect(self.on_activated)

    # What is planned

    def on_frames_wanted(self) -> None:
        """The page is opened: what is corrected by now, and what was left of an earlier day?"""
        self._project.ask(ListCorrected())
        self._judge.list_versions()
        if self._state.phase == t.PLANNING and self._state.job is None:
            self._worker.look_for_interrupted()
        self._choose_base()

    def _choose_base(self) -> None:
        """Begin with the weights in use, as long as nobody chose others."""
        plan, session = self._state.plan, self._app.session
        entries = {w.name: w for w in session.weights if w.class_id == plan.class_id}
        if plan.base not in entries:
            name = session.chosen.get(plan.class_id, "") or next(iter(entries), "")
            self._state.change_plan(base=name, network=entries[name].network if name in entries else "")

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

    def on_patient_named(self, recordings: tuple[str, ...], name: str) -> None:
        """The project remembers it, and tells the frames anew."""
        self._project.ask(NamePatient(recordings, name))

    def on_centre_named(self, source_hashes: tuple[str, ...], centre: str) -> None:
        """The same."""
        self._project.ask(SetCentre(source_hashes, centre))

    # Start, and what comes of it

    def on_start_wanted(self) -> None:
        """Copy the frames first: the project may change meanwhile."""
        self._waiting = self._planned()
        self._state.set_job(self._waiting)
        self._state.set_phase(t.COPYING)
        self._project.ask(CopyCorrected(self._state.plan.groups, self._waiting.data))

    def _planned(self) -> TrainingJob:
        plan = self._state.plan
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

    def on_corrected_copied(self, folder: Path, left_out: int) -> None:
        """Now it can begin."""
        if left_out:
            self._app.session.notice(f"{left_out} frames cannot be read and are not learnt from.")
        if self._waiting is not None and folder == self._waiting.data:
            job, self._waiting = self._waiting, None
            self._set_running(job)
            self._worker.train(job)
        elif self._preview_job is not None and folder == self._preview_job.data:
            self._is_previewing = True
            self._state.set_preview(None, "A classifier learns to tell the hospitals apart…")
            self._worker.preview(self._preview_job, self._preview_job.folder / "preview.png")

    def on_corrected_refused(self, folder: Path, error: MedsegError) -> None:
        """Nothing was begun."""
        if self._waiting is not None and folder == self._waiting.data:
            self._worker.forget(self._waiting)
            self._waiting = None
            self._state.set_job(None)
            self._state.set_phase(t.PLANNING)
        elif self._state.is_previewed:
            self._end_preview()
        else:
            self._end_preview()
            return  # it was closed meanwhile
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
        if start.is_preview:
            self._on_previewed(event)
        elif start.job == self._state.job:
            if event["event"] == "paused":
                self._state.set_phase(t.PAUSED)
            elif event["event"] == "going_on" and self._state.phase == t.PAUSED:
                self._state.set_phase(t.RUNNING)
            self._state.set_progress(progressed(self._state.progress, event))

    def on_ended(self, start: Start, ending: Ending) -> None:
        """The process is no more."""
        self._held = False
        if start.is_preview:
            self._end_preview(keep=ending.kind == train.FINISHED)
            if ending.error is not None:
                self._app.session.fail(ending.error)
        elif start.job == self._state.job:
            if ending.kind == train.FINISHED:
                self._app.session.notice("Training is done; the old and the new weights are being compared.")
                self.compare()
            else:
                self._state.set_phase(t.ENDED, str(ending.error) if ending.error else "")
                if ending.error is not None:
                    self._app.session.fail(ending.error)

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
            self.compare()
        else:
            self._state.set_phase(t.ENDED, "The window was closed, or the program ended, before training was done.")

    # What it is worth

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
        self._base = ""  # what versions have learnt is to be looked up anew
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

    # Versions

    def on_versions_listed(self, versions: tuple[VersionEntry, ...]) -> None:
        """Which there are."""
        self._state.set_versions(versions)

    def on_activate_wanted(self, name: str) -> None:
        """Use this one."""
        self._judge.activate(name)

    def on_roll_back_wanted(self, class_id: int) -> None:
        """Use the one before."""
        self._judge.roll_back(class_id)

    def on_activated(self, class_id: int, name: str) -> None:
        """It is in use from now on."""
        known = [w.name for w in self._app.session.weights if w.class_id == class_id]
        name = name or next(iter(known), "")
        self._app.session.choose_weights(class_id, name)
        self._app.session.notice(f"{name} is in use now.")

    # What augmentation would take away

    def on_preview_wanted(self) -> None:
        """Copy the frames, then have it shown."""
        if self._preview_job is None and self._state.phase not in t.ACTIVE:
            self._preview_job = self._planned()
            self._state.set_preview(None, "Copying frames…")
            self._project.ask(CopyCorrected(self._state.plan.groups, self._preview_job.data))

    def on_preview_stop_wanted(self) -> None:
        """Nobody looks at it any more, or waits for it."""
        self._state.set_preview(None)
        if self._preview_job is not None and self._is_previewing:
            self._worker.command("cancel")
        elif self._preview_job is not None:
            self._app.project.stop_task()  # its frames need not be copied to the end

    def _on_previewed(self, event: dict[str, Any]) -> None:
        if not self._state.is_previewed:
            return  # it was closed
        if event["event"] == "classifier":
            told = f"The classifier learns to tell the centres apart: {event['epoch']} of {event['epochs']} passes"
            self._state.set_preview(None, told)
        elif event["event"] == "preview":
            rows = tuple((row[0], row[1], row[2]) for row in event["rows"])
            self._state.set_preview(AugmentationPreview(event["accuracy"], event["centres"], rows))

    def _end_preview(self, keep: bool = False) -> None:
        job, self._preview_job, self._is_previewing = self._preview_job, None, False
        if not keep:
            self._state.set_preview(None)
        if job is not None:
            self._worker.forget(job)


def progressed(progress: t.Progress, event: dict[str, Any]) -> t.Progress:
    """How far it is after one more event of the process; see `training.protocol`."""
    kind = event["event"]
    if kind == "step":
        at = event["epoch"] + (event["step"] + 1) / event["steps"]
        return replace(
            progress,
            epoch=event["epoch"],
            step=event["step"],
            steps=event["steps"],
            losses=(*progress.losses, (at, event["loss"])),
            left_s=event["left_s"],
            doing="",
        )
    if kind == "epoch":
        begun_at = event["epoch"] - 1
        is_known = bool(progress.losses) and progress.losses[-1][0] > begun_at
        # Of a run of an earlier day only the mean of each pass was kept.
        mean = ((float(event["epoch"]), event["loss"]),) if "loss" in event and not is_known else ()
        return replace(
            progress,
            losses=(*progress.losses, *mean),
            epoch=event["epoch"],
            step=-1,
            dices=(*progress.dices, (float(event["epoch"]), event["dice"])),
            left_s=event["left_s"],
            samples=tuple(event["samples"]),
        )
    if kind == "classifier":
        doing = f"A classifier learns to tell the centres apart: {event['epoch']} of {event['epochs']} passes"
        return replace(progress, doing=doing)
    if kind == "centre_masks":
        return replace(progress, doing=f"{event['taken_away']:.0%} of the pixels give a centre away")
    if kind in ("done", "stopped"):
        return replace(progress, doing="Everything is saved; the process ends…", left_s=None)
    return progress
