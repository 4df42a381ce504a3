"""One fine-tuning that a person asked for: everything that its process is told, kept in a folder so that it can resume.

<user>/training/<when>/job.json     the job, and what became of it
                       data/        copy of the frames, see project.corrected_frames
                       run/         see training.run_folder
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medseg_gui import paths
from medseg_gui.errors import InputError, OutputError
from medseg_gui.types import CLASS_NAMES

_NAME = "job.json"
RUNNING, DONE, ACCEPTED, DISCARDED = "running", "done", "accepted", "discarded"


@dataclass(frozen=True)
class TrainingJob:
    """What one process is to do.

    Attributes:
        folder: of the job.
        base: name of the weights that it starts from.
        network: key of NETWORKS.
        class_id: what is learnt.
        hold_out: groups that are never learnt from.
        settings: options of `medseg train` without their dashes ("epochs", "lr", "interpretability-p" …) -> value.
        frames: how many there are to learn from.
        learnt: names of these frames without an ending; whoever begins with this version has seen them.
        held_out_frames: how many are kept apart.
        status: RUNNING until it ended by itself; then DONE; then ACCEPTED or DISCARDED.
        version: name of the weights it became, "" for none.
    """

    folder: Path
    base: str
    network: str
    class_id: int
    hold_out: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    frames: int = 0
    held_out_frames: int = 0
    status: str = RUNNING
    version: str = ""
    learnt: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The copy of the frames."""
        return self.folder / "data"

    @property
    def run(self) -> Path:
        """Where the process writes."""
        return self.folder / "run"

    def arguments(self, resume: bool = False) -> list[str]:
        """What follows `medseg train`."""
        words = [str(self.data), "--output", str(self.run), "--network", self.network, "--init", self.base]
        words += ["--class", CLASS_NAMES[self.class_id]]
        words += [word for group in self.hold_out for word in ("--hold-out", group)]
        words += [word for name, value in self.settings.items() for word in (f"--{name}", str(value))]
        return [*words, "--resume"] if resume else words

    def preview_arguments(self, picture: Path) -> list[str]:
        """What follows `medseg train` to see what guided augmentation would take away."""
        return [*self.arguments(), "--preview", str(picture)]

    def save(self, **changes: Any) -> TrainingJob:
        """Write it with some things changed, in one step.

        Raises:
            OutputError: disk full, no permission.
        """
        job = replace(self, **changes)
        told = {k: v for k, v in asdict(job).items() if k != "folder"}
        partial = self.folder / f"{_NAME}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(told, indent=1), encoding="utf-8")
            os.replace(partial, self.folder / _NAME)
        except OSError as e:
            raise OutputError(f"The training folder cannot be written ({e.strerror}); free some space.") from e
        return job

    @classmethod
    def load(cls, folder: Path) -> TrainingJob:
        """Read what `save` wrote.

        Raises:
            InputError: it is not there, or damaged.
        """
        try:
            told = json.loads((folder / _NAME).read_text(encoding="utf-8"))
            lists = {name: tuple(told.get(name, ())) for name in ("hold_out", "learnt")}
            return cls(folder, **{**told, **lists})
        except (OSError, ValueError, TypeError, KeyError) as e:
            raise InputError(f"{folder.name} is no training of this program; start a new one.", repr(e)) from e


def frames_learnt(weights: str) -> frozenset[str]:
    """Names of the frames that weights and those they come from were fine-tuned on here, as `TrainingJob.learnt`."""
    jobs = {job.version: job for job in all_jobs() if job.version}
    found: set[str] = set()
    while (job := jobs.pop(weights, None)) is not None:
        found.update(job.learnt)
        weights = job.base
    return frozenset(found)


def new_folder() -> Path:
    """A folder of its own for a job that begins now; not made yet."""
    return jobs_dir() / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}"


def jobs_dir() -> Path:
    """Where all jobs are."""
    return paths.user_dir() / "training"


def all_jobs() -> list[TrainingJob]:
    """Every job that can be read, the newest first."""
    found = []
    for folder in sorted(jobs_dir().iterdir(), reverse=True) if jobs_dir().is_dir() else []:
        try:
            found.append(TrainingJob.load(folder))
        except InputError:
            continue  # the person's own file, or one cut short before anything was trained
    return found
