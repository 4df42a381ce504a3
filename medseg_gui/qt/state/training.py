"""Fine-tuning as the window knows it: what is planned, how far it is, what came of it, which versions there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from medseg_gui.qt.state.training_plan import Patient, TrainingPlan
from medseg_gui.qt.state.training_result import AugmentationPreview, FrameSides, Verdict, VersionEntry
from medseg_gui.training.job import TrainingJob

# PLANNING leads to COPYING the frames, RUNNING (or PAUSED, or STOPPING), then to ENDED (too early) or COMPARING and
# JUDGED; those lead back to PLANNING.
PLANNING, COPYING, RUNNING, PAUSED, STOPPING = "planning", "copying", "running", "paused", "stopping"
ENDED, COMPARING, JUDGED = "ended", "comparing", "judged"
ACTIVE = (COPYING, RUNNING, PAUSED, STOPPING)


@dataclass(frozen=True)
class Progress:
    """How far the process is.

    Attributes:
        epoch, epochs: passes that were finished, and how many there will be.
        step, steps: within the present pass.
        losses: (passes so far, loss), one for each step.
        dices: (passes so far, Dice on the held-out frames), one for each pass.
        left_s: seconds to the end, None while nobody knows.
        samples: files with what it marks now.
        doing: what it does beside learning, in words; "" while it learns.
    """

    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    losses: tuple[tuple[float, float], ...] = ()
    dices: tuple[tuple[float, float], ...] = ()
    left_s: float | None = None
    samples: tuple[str, ...] = ()
    doing: str = ""

    @property
    def share(self) -> float:
        """Of the whole, in [0, 1]."""
        within = (self.step + 1) / self.steps if self.steps and self.epoch < self.epochs else 0.0
        return min((self.epoch + within) / self.epochs, 1.0) if self.epochs else 0.0


class TrainingState(QObject):
    """Views ask through the methods up to `discard`; `qt.training` and the files beside it answer through the rest.

    Attributes:
        plan: what would be started.
        phase: see above.
        progress: of the process that runs or ran last.
        trouble: why it ended before its end; "" when it was asked to.
        job: that runs, ran last, or can be gone on with.
        verdict: what came of it.
        sides: the held-out frame that is looked at.
        versions: that were accepted, newest first.
        preview: of guided augmentation; None while there is none.
        previewing: how far it is, in words; "" while none is made.
        rests: whether training pauses while a video plays.
    """

    shown_changed = Signal(bool)
    plan_changed = Signal()
    phase_changed = Signal(str)
    progress_changed = Signal()
    verdict_changed = Signal()
    sides_changed = Signal()
    versions_changed = Signal()
    preview_changed = Signal()
    rests_changed = Signal(bool)
    # For qt.training and the files beside it
    frames_wanted = Signal()
    patient_named = Signal(object, str)  # recordings, name
    centre_named = Signal(object, str)  # source hashes, centre
    start_wanted = Signal()
    resume_wanted = Signal()
    command_given = Signal(str)  # one of training.protocol.COMMANDS
    preview_wanted = Signal()
    preview_stop_wanted = Signal()
    compare_wanted = Signal()
    frame_wanted = Signal(str)  # image
    accept_wanted = Signal()
    discard_wanted = Signal()
    activate_wanted = Signal(str)
    roll_back_wanted = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_shown = False
        self.plan = TrainingPlan()
        self.phase = PLANNING
        self.progress = Progress()
        self.trouble = ""
        self.job: TrainingJob | None = None
        self.verdict: Verdict | None = None
        self.sides: FrameSides | None = None
        self.versions: tuple[VersionEntry, ...] = ()
        self.preview: AugmentationPreview | None = None
        self.previewing = ""
        self.rests = False

    @property
    def is_previewed(self) -> bool:
        """Whether the page shows what guided augmentation would take away, or that this is being found out."""
        return self.preview is not None or bool(self.previewing)

    # What a person asks

    def show(self, shown: bool) -> None:
        """Open the page, or go back to the picture; what runs goes on."""
        if shown != self.is_shown:
            self.is_shown = shown
            if shown and self.phase not in ACTIVE:
                self.frames_wanted.emit()
            self.shown_changed.emit(shown)

    def change_plan(self, **changes: Any) -> None:
        """Attributes of `TrainingPlan`."""
        plan = replace(self.plan, **changes)
        if plan != self.plan:
            self.plan = plan
            self.plan_changed.emit()

    def hold_out(self, group: str, held_out: bool) -> None:
        """Keep a patient apart, or learn from it."""
        chosen = self.plan.held_out
        self.change_plan(
            chosen_out=chosen | {group} if held_out else chosen - {group}, left_out=self.plan.left_out - {group}
        )

    def leave_out(self, group: str) -> None:
        """Use a patient for nothing."""
        self.change_plan(chosen_out=self.plan.held_out - {group}, left_out=self.plan.left_out | {group})

    def name_patient(self, patient: Patient, name: str) -> None:
        """Say whose recordings these are; those of one name stand on one side of the split."""
        self.patient_named.emit(patient.recordings, name.strip())

    def name_centre(self, patient: Patient, centre: str) -> None:
        """Say which hospital a patient's recordings come from."""
        self.centre_named.emit(patient.sources, centre.strip())

    def start(self) -> None:
        """Begin what is planned."""
        if self.phase == PLANNING and not self.plan.refusal:
            self.start_wanted.emit()

    def resume(self) -> None:
        """Go on with the job that ended before its end."""
        if self.phase == ENDED:
            self.resume_wanted.emit()

    def pause(self) -> None:
        """Let the process wait."""
        self.command_given.emit("pause")

    def go_on(self) -> None:
        """Let it go on."""
        self.command_given.emit("go_on")

    def stop(self) -> None:
        """Let it save and end."""
        self.command_given.emit("stop")

    def cancel(self) -> None:
        """End it at once; what was saved after the last pass stays."""
        self.command_given.emit("cancel")

    def set_rests(self, rests: bool) -> None:
        """Whether training pauses while a video plays."""
        if rests != self.rests:
            self.rests = rests
            self.rests_changed.emit(rests)

    def ask_preview(self) -> None:
        """Show what guided augmentation would take away, before anything is learnt with it."""
        self.preview_wanted.emit()

    def stop_preview(self) -> None:
        """Do without it."""
        self.preview_stop_wanted.emit()

    def compare(self) -> None:
        """Measure what a job that was stopped has learnt so far."""
        self.compare_wanted.emit()

    def look_at(self, image: str) -> None:
        """Show a held-out frame before and after."""
        self.frame_wanted.emit(image)

    def accept(self) -> None:
        """Keep what was learnt as a new version."""
        if self.phase == JUDGED:
            self.accept_wanted.emit()

    def discard(self) -> None:
        """Throw it away."""
        if self.phase in (ENDED, JUDGED):
            self.discard_wanted.emit()

    def activate(self, name: str) -> None:
        """Let a version be the one in use."""
        self.activate_wanted.emit(name)

    def roll_back(self) -> None:
        """Go back to the weights that were in use before."""
        self.roll_back_wanted.emit(self.plan.class_id)

    # Answers

    def set_phase(self, phase: str, trouble: str = "") -> None:
        """Another part of the way begins."""
        self.phase, self.trouble = phase, trouble
        self.phase_changed.emit(phase)

    def set_job(self, job: TrainingJob | None) -> None:
        """Which one it is about, and all that was known of another one goes."""
        self.job = job
        self.set_progress(Progress())
        self.set_verdict(None)

    def set_progress(self, progress: Progress) -> None:
        """It is so far."""
        self.progress = progress
        self.progress_changed.emit()

    def set_verdict(self, verdict: Verdict | None) -> None:
        """What it is worth."""
        self.verdict = verdict
        self.set_sides(None)
        self.verdict_changed.emit()

    def set_sides(self, sides: FrameSides | None) -> None:
        """A held-out frame before and after."""
        self.sides = sides
        self.sides_changed.emit()

    def set_versions(self, versions: tuple[VersionEntry, ...]) -> None:
        """Which there are, and which one is in use."""
        self.versions = versions
        self.versions_changed.emit()

    def set_preview(self, preview: AugmentationPreview | None, previewing: str = "") -> None:
        """What would be taken away, or how far that is known."""
        self.preview, self.previewing = preview, previewing
        self.preview_changed.emit()
