"""What is to be learnt from what: frames by patient, which patients are held out, how long and how fast. Data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import CorrectedFrame, FrameKey
from medseg_gui.types import CLASS_NAMES, INSTRUMENT, POLYP

FEWEST_TO_LEARN = 4
FEW_TO_LEARN = 20  # fewer work, and teach little
HELD_OUT_SHARE = 0.2
_PARTS_OF_ONE = 5  # into how many stretches of time the frames of a single patient are cut


@dataclass(frozen=True)
class RecipeChoice:
    """One of the plain choices.

    Attributes:
        text: what the button says.
        tip: what it means.
        icon: file in `resources/icons`.
        pictures: how many pictures the network sees, repeats counted.
        lr: highest learning rate.
    """

    text: str
    tip: str
    icon: str
    pictures: int
    lr: float


RECIPES = {
    "quick": RecipeChoice("Quick", "A first look, some minutes", "speed", 800, 2e-4),
    "balanced": RecipeChoice("Balanced", "For most corrections, a coffee's time", "recipe-balanced", 3000, 3e-4),
    "thorough": RecipeChoice("Thorough", "For many frames, over lunch", "recipe-thorough", 10_000, 5e-4),
}
_MOST_EPOCHS = 60
_ONE_OF = {POLYP: "a polyp", INSTRUMENT: "an instrument"}


@dataclass(frozen=True)
class Patient:
    """The frames of one patient.

    Attributes:
        group: `centre/patient`, by which the training process knows it.
        title: what the person calls it.
        centre: hospital or data set.
        keys: its frames.
        marked: how many of them show the class that is learnt.
        recordings: of this patient, by which it is named.
        is_seen: whether the weights to begin with have learnt from a frame of this patient.
        proposed: ids of weights whose predictions were accepted unchanged, one for each such frame.
    """

    group: str
    title: str
    centre: str
    keys: tuple[FrameKey, ...]
    marked: int
    recordings: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()
    is_seen: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """Hashes of the sources of its frames."""
        return tuple(dict.fromkeys(key.source_hash for key in self.keys))


@dataclass(frozen=True)
class TrainingPlan:
    """What would be started now.

    Attributes:
        frames: everything corrected, None until it was read.
        class_id: what is learnt.
        base: name of the weights to begin with, "" for none.
        network: of these weights.
        chosen_out: groups that a person holds out; None leaves it to the program.
        left_out: groups that are not used at all.
        recipe: key of RECIPES.
        expert: options of `medseg train` that a person set otherwise than the recipe.
        seen: names of frames (`project.names.hidden_name`) that these weights have learnt from here.
        p: share of the frames that guided augmentation masks.
    """

    frames: tuple[CorrectedFrame, ...] | None = None
    class_id: int = POLYP
    base: str = ""
    network: str = ""
    chosen_out: frozenset[str] | None = None
    left_out: frozenset[str] = frozenset()
    recipe: str = "balanced"
    expert: Mapping[str, Any] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    p: float = 0.0

    @property
    def missing(self) -> int:
        """Corrected frames whose source is not there."""
        return sum(not f.is_there for f in self.frames or ())

    @property
    def is_one_patient(self) -> bool:
        """Whether all frames are of one patient, so that no honest split is possible."""
        return len({f.group for f in self.frames or () if f.is_there}) == 1

    @property
    def patients(self) -> tuple[Patient, ...]:
        """All that can be used, in the order of the project; a single one is cut into stretches of time."""
        there = [f for f in self.frames or () if f.is_there]
        parts: dict[str, list[CorrectedFrame]] = {}
        for number, frame in enumerate(there):
            part = number * _PARTS_OF_ONE // len(there) + 1
            parts.setdefault(f"{frame.group}-part{part}" if self.is_one_patient else frame.group, []).append(frame)
        return tuple(self._patient(group, found) for group, found in parts.items())

    def _patient(self, group: str, frames: list[CorrectedFrame]) -> Patient:
        title = frames[0].title
        if self.is_one_patient:
            title = f"{title} · part {group.rpartition('part')[2]}"
        return Patient(
            group,
            title,
            frames[0].centre,
            keys=tuple(f.key for f in frames),
            marked=sum(self.class_id in f.classes for f in frames),
            recordings=tuple(dict.fromkeys(f.recording for f in frames)),
            proposed=tuple(f.proposed_by for f in frames if f.proposed_by),
            is_seen=any(hidden_name(f.key.source_hash, f.key.index) in self.seen for f in frames),
        )

    @property
    def held_out(self) -> frozenset[str]:
        """Groups that are compared on and never learnt from."""
        used = [p for p in self.patients if p.group not in self.left_out]
        if self.chosen_out is not None:
            return self.chosen_out & {p.group for p in used}
        return _last_of(used) if self.is_one_patient else _drawn(used)

    @property
    def counts(self) -> tuple[int, int]:
        """(frames to learn from, frames held out)."""
        learnt = sum(len(p.keys) for p in self.to_learn)
        return learnt, sum(len(p.keys) for p in self.to_compare)

    @property
    def to_learn(self) -> tuple[Patient, ...]:
        """Patients that are learnt from."""
        return tuple(p for p in self.patients if p.group not in self.left_out | self.held_out)

    @property
    def to_compare(self) -> tuple[Patient, ...]:
        """Patients that are held out."""
        return tuple(p for p in self.patients if p.group in self.held_out)

    @property
    def centres(self) -> tuple[str, ...]:
        """Of the patients that are learnt from."""
        return tuple(sorted({p.centre for p in self.to_learn}))

    @property
    def groups(self) -> dict[FrameKey, tuple[str, str]]:
        """Frame -> (centre, patient), for all that is used."""
        used = (*self.to_learn, *self.to_compare)
        return {key: (p.centre, p.group.partition("/")[2]) for p in used for key in p.keys}

    @property
    def settings(self) -> dict[str, Any]:
        """Options of `medseg train`."""
        learnt = max(self.counts[0], 1)
        choice = RECIPES[self.recipe]
        epochs = min(max(round(choice.pictures / learnt), 3), _MOST_EPOCHS)
        batch = 8 if learnt >= 32 else 4 if learnt >= 8 else 2
        settings: dict[str, Any] = {"epochs": epochs, "batch-size": batch, "lr": choice.lr, "seed": 0}
        if self.p:
            settings["interpretability-p"] = round(self.p, 2)
        return {**settings, **self.expert}

    @property
    def refusal(self) -> str:
        """Why it cannot be started, with what to do; "" when it can."""
        learnt, compared = self.counts
        name = CLASS_NAMES[self.class_id]
        if self.frames is None:
            return "Looking for corrected frames…"
        if not self.frames:
            return "No frame is corrected yet; correct or accept some masks, then come back."
        if self.missing == len(self.frames):
            return "The sources of all corrected frames are missing; look for them in the File menu."
        if not self.base:
            return f"No weights look for {name}; choose what to begin with."
        if not compared:
            return "No frames are held out; without them nobody can tell whether training helped. Hold one patient out."
        if learnt < FEWEST_TO_LEARN:
            return f"{_frames(learnt)} to learn from is too little; correct at least {FEWEST_TO_LEARN + 1} frames."
        if not any(p.marked for p in self.to_learn):
            shown = f"shows {_ONE_OF[self.class_id]}"
            return f"None of the {_frames(learnt)} to learn from {shown}; mark some, or learn another class."
        if self.p and len(self.centres) < 2:
            return "Masking what gives a hospital away needs frames of two centres; set p to 0, or add a centre."
        return ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before starting."""
        if not self.frames or self.missing == len(self.frames):
            return ()
        learnt, _ = self.counts
        found = []
        if self.is_one_patient:
            found.append(
                "All frames are of one patient: held-out frames show the same lesions, so their figures flatter. "
                "Correct a second recording for an honest comparison."
            )
        if FEWEST_TO_LEARN <= learnt < FEW_TO_LEARN:
            found.append(f"{_frames(learnt)} teach little; {FEW_TO_LEARN} or more are better.")
        if self.to_compare and not any(p.marked for p in self.to_compare):
            found.append(
                f"None of the held-out frames shows {_ONE_OF[self.class_id]}: only false alarms can be compared."
            )
        if any(p.is_seen for p in self.to_compare):
            titles = ", ".join(p.title for p in self.to_compare if p.is_seen)
            found.append(f"{self.base} has already learnt from {titles}: hold out others for an honest comparison.")
        own = sum(f"{self.base}@" in by for p in self.to_compare for by in p.proposed)
        if own:
            found.append(
                f"{own} of {self.counts[1]} held-out masks are predictions of {self.base} that were accepted "
                "unchanged: on those it cannot be beaten."
            )
        if self.missing:
            found.append(f"{_frames(self.missing)} cannot be used, because their source is missing.")
        return tuple(found)


def _drawn(patients: list[Patient]) -> frozenset[str]:
    """About a fifth of each hospital's frames by whole patients, the latest ones; if there are two, at least one.

    Those who show the class, and who were not learnt from before: else only false alarms, or nothing, would be told.
    """
    candidates = [p for p in reversed(patients) if p.marked] or list(reversed(patients))
    candidates.sort(key=lambda p: p.is_seen)
    drawn: list[str] = []
    for centre in {p.centre for p in patients}:
        wanted = HELD_OUT_SHARE * sum(len(p.keys) for p in patients if p.centre == centre)
        taken = 0
        for p in candidates:
            if p.centre == centre and abs(taken + len(p.keys) - wanted) < abs(taken - wanted):
                drawn.append(p.group)
                taken += len(p.keys)
    if not drawn and len(patients) > 1:
        drawn = [min(candidates, key=lambda p: len(p.keys)).group]
    return frozenset(drawn)


def _last_of(parts: list[Patient]) -> frozenset[str]:
    """The last stretches of time of one patient, a fifth of the frames or more: they have one neighbour only."""
    total = sum(len(p.keys) for p in parts)
    drawn: list[str] = []
    taken = 0
    for part in reversed(parts[1:]):
        if taken < HELD_OUT_SHARE * total:
            drawn.append(part.group)
            taken += len(part.keys)
    return frozenset(drawn)


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
