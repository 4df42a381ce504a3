"""One training run of an experiment and what it scored; done ones are not done again, broken off ones go on."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.manifest import manifest_hash
from medseg_gui.errors import InputError
from medseg_gui.evaluation.report_file import write_report
from medseg_gui.evaluation.scores import SWEEP, ImageScore, by_centre, score_images, summarise
from medseg_gui.experiments.plan import Plan
from medseg_gui.networks.weights import WeightsInfo
from medseg_gui.segmenter import Segmenter
from medseg_gui.training.loop import Run, train
from medseg_gui.training.recipe import Recipe
from medseg_gui.training.run_folder import RunFolder

THRESHOLDS = tuple(sorted({0.5, *SWEEP}))


@dataclass(frozen=True)
class Cell:
    """One run.

    Attributes:
        name: unique within the experiment; a folder's name.
        labels: what tells it from others ("network", "p", "left out", "fold", "seed").
        recipe: how to train.
        training, validation: its parts.
        tests: name -> examples that it is measured on afterwards.
    """

    name: str
    labels: Mapping[str, Any]
    recipe: Recipe
    training: Sequence[Example]
    validation: Sequence[Example]
    tests: Mapping[str, Sequence[Example]]


def restore(results: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Put results into an experiment's folder as if its cells had been run there; those it has stay as they are.

    Raises:
        OutputError: it cannot be written.
    """
    for result in results:
        file = folder / "cells" / Path(result["cell"]).name / "result.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_report(file, json.dumps(result, indent=1))


@dataclass(frozen=True)
class Runner:
    """How cells are run.

    Attributes:
        folder: of the experiment.
        device: what to train on.
        report: told each event of each run, with the cell's name in "cell".
        should_stop: asked after each step; True saves and ends.
    """

    folder: Path
    device: torch.device
    report: Callable[[dict[str, Any]], None] = lambda event: None
    should_stop: Callable[[], bool] = lambda: False

    def run(self, cell: Cell, plan: Plan) -> dict[str, Any] | None:
        """Train and measure one cell.

        Returns:
            Its result, a dict that JSON can hold; None when told to stop.

        Raises:
            InputError: the folder holds a run with another recipe, start or other data.
            TrainingError: see `training.loop.train`.
        """
        home = self.folder / "cells" / cell.name
        training = _at_most(cell.training, plan.budget.images, cell.recipe.seed)
        data = manifest_hash([*training, *cell.validation, *[e for part in cell.tests.values() for e in part]])
        start = plan.start(cell.recipe)
        result_file = home / "result.json"
        if result_file.is_file():
            result = json.loads(result_file.read_text(encoding="utf-8"))
            return _checked(result, cell, data, start)
        run = Run(
            cell.recipe,
            training,
            cell.validation,
            RunFolder(home),
            self.device,
            encoder_weights=plan.encoder_weights.get(cell.recipe.network),
            classifier_weights=plan.classifier_weights,
            centre_masks=self.folder / "centre-masks",
            report=lambda event: self.report({**event, "cell": cell.name}),
            should_stop=self.should_stop,
        )
        weights = train(run, resume=True)
        if weights is None or not _is_done(run.folder):
            return None
        result = {
            "cell": cell.name,
            "labels": dict(cell.labels),
            "recipe": cell.recipe.to_json(),
            "start": start,
            "data": data,
            "training_images": len(training),
            **self._measure(cell, weights),
            "epochs": [_without_passing(e) for e in run.folder.events() if e["event"] == "epoch"],
        }
        write_report(result_file, json.dumps(result, indent=1))
        (home / "resume.pt").unlink(missing_ok=True)  # hundreds of megabytes that nobody needs any more
        return result

    def _measure(self, cell: Cell, weights: WeightsInfo) -> dict[str, Any]:
        """Scores of each test at 0.5 and at the threshold that was best on the validation part."""
        segmenter = Segmenter(weights, self.device.type)
        validation = score_images(cell.validation, segmenter, THRESHOLDS)
        sweep = {t: summarise(validation, t)["dice"] or 0.0 for t in THRESHOLDS}
        best = max(sweep, key=lambda t: sweep[t])
        tests = {name: score_images(part, segmenter, THRESHOLDS) for name, part in cell.tests.items() if part}
        return {
            "sweep": {f"{t:.2f}": dice for t, dice in sweep.items()},
            "best_threshold": best,
            "scores": {name: summarise(scores, 0.5) for name, scores in tests.items()},
            "scores_at_best": {name: summarise(scores, best) for name, scores in tests.items()},
            "centres": {name: by_centre(scores, 0.5) for name, scores in tests.items()},
            "test_sweep": {name: _sweep(scores) for name, scores in tests.items()},
        }


def _without_passing(event: Mapping[str, Any]) -> dict[str, Any]:
    """An epoch's event without what mattered while it ran, and without paths on this computer."""
    return {k: v for k, v in event.items() if k not in ("event", "left_s", "samples")}


def _sweep(scores: Sequence[ImageScore]) -> dict[str, float | None]:
    return {f"{t:.2f}": summarise(scores, t)["dice"] for t in THRESHOLDS}


def _is_done(folder: RunFolder) -> bool:
    return any(e["event"] == "done" for e in folder.events())


def _checked(result: dict[str, Any], cell: Cell, data: str, start: dict[str, Any]) -> dict[str, Any]:
    if Recipe.from_json(result["recipe"]) != cell.recipe or result["data"] != data or result.get("start") != start:
        raise InputError(
            f"{cell.name} was run with another budget, recipe, start or data; choose another folder for this "
            "experiment."
        )
    return result


def _at_most(examples: Sequence[Example], count: int | None, seed: int) -> list[Example]:
    if count is None or count >= len(examples):
        return list(examples)
    chosen = set(random.Random(seed).sample(range(len(examples)), count))
    return [e for i, e in enumerate(examples) if i in chosen]
