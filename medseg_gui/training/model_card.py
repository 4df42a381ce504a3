"""Keep the best weights of a run together with a card that says what they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from medseg_gui.data.dataset_folder import Example
from medseg_gui.networks.weights import WeightsInfo, save_weights
from medseg_gui.types import CLASS_NAMES

if TYPE_CHECKING:
    from medseg_gui.training.loop import Run


def save_best(
    folder: Path, network: nn.Module, run: Run, scores: Mapping[str, float], epoch: int, data: str
) -> WeightsInfo:
    """Write `<class>-<network>.safetensors` and its card into the run folder.

    Args:
        folder: of the run.
        network: what is kept.
        run: how it came about.
        scores: of the validation part.
        epoch: after which it is kept.
        data: hash of everything it learnt from and was validated on (`data.manifest`).

    Raises:
        OutputError: the folder cannot be written.
    """
    recipe = run.recipe
    name = f"{CLASS_NAMES[recipe.class_id]}-{recipe.network}"
    header = {
        "network": recipe.network,
        "class": CLASS_NAMES[recipe.class_id],
        "input_size": str(recipe.size),
        "threshold": "0.5",
        "seed": str(recipe.seed),
        "validation_fraction": str(recipe.validation_fraction),
        "hold_out": "|".join(run.hold_out),
        "parent": run.init.weights_id if run.init else "",
        "data": data,
        "recipe": recipe.to_json(),
        "scores": json.dumps(dict(scores)),
        "teacher": run.teacher.weights_id if run.teacher else "",
    }
    card = write_card(name, run, scores, epoch, data)
    return save_weights(folder, name, network, header, card)


def write_card(name: str, run: Run, scores: Mapping[str, float], epoch: int, data: str) -> str:
    """Markdown model card: data, split, recipe, scores."""
    recipe = run.recipe
    figures = ", ".join(f"{key.replace('_', ' ')} {value:.4f}" for key, value in scores.items())
    return "\n".join(
        [
            f"# {name}",
            "",
            f"`{recipe.network}` that marks one class: {CLASS_NAMES[recipe.class_id]}. "
            f"Made {datetime.now(UTC):%Y-%m-%d}.",
            f"Fine-tuned from {run.init.weights_id}." if run.init else "Trained from the start of its recipe.",
            *([f"Taught by {run.teacher.weights_id}, by hints at equal resolutions."] if run.teacher else []),
            "",
            "**For research use. Not a medical device.**",
            "",
            "## Data",
            "",
            f"Whole patients (or scenes) are kept apart: share {recipe.validation_fraction}, seed {recipe.seed}.",
            "",
            "| from | training images | validation images |",
            "| --- | --- | --- |",
            *_part_rows(run.training, run.validation),
            "",
            f"Manifest: `{data}`.",
            "",
            "## Score",
            "",
            f"Best epoch {epoch} of {recipe.epochs}; mean over the validation images at {recipe.size}²: {figures}.",
            "",
            "## Recipe",
            "",
            "```json",
            recipe.to_json(),
            "```",
        ]
    )


def _part_rows(training: Sequence[Example], validation: Sequence[Example]) -> Iterable[str]:
    def named(examples: Sequence[Example]) -> Counter[str]:
        return Counter(e.centre if e.mask else f"{e.centre} (without the object)" for e in examples)

    train_counts, validation_counts = named(training), named(validation)
    for centre in sorted(train_counts | validation_counts):
        yield f"| {centre} | {train_counts[centre]} | {validation_counts[centre]} |"
