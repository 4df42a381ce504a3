"""The GAN against a U-Net of equal budget, for polyps or instruments (Ahmed & Ali 2021)."""

from __future__ import annotations

from collections.abc import Iterator

from medseg_gui.data.splits import split_by_group
from medseg_gui.evaluation.curves import Curve
from medseg_gui.experiments.cell import Cell
from medseg_gui.experiments.plan import Plan
from medseg_gui.experiments.published_figures import AHMED_ALI
from medseg_gui.experiments.tables import Results, markdown_table, mean, mean_and_deviation, measures, values_of, where
from medseg_gui.types import CLASS_NAMES

_MEASURES = ("accuracy", "iou", "dice", "recall", "precision")


def cells(plan: Plan) -> Iterator[Cell]:
    """A run for each network and seed: the named centres or groups are the test, else a tenth of the patients."""
    for seed in range(plan.seeds):
        rest, test = split_by_group(plan.examples, 0.1, seed, plan.centres)
        training, validation = split_by_group(rest, 1 / 9, seed)
        for network in plan.networks:
            labels = {"network": network, "class": CLASS_NAMES[plan.class_id], "seed": seed}
            recipe = plan.recipe(network, seed)
            yield Cell(f"{network}-seed{seed}", labels, recipe, training, validation, {"test": test, **plan.outside})


def report(plan: Plan, results: Results) -> list[str]:
    """Markdown lines: the table of the paper, a row for each network and part that was measured."""
    task = CLASS_NAMES[plan.class_id]
    rows: list[tuple[object, ...]] = [("gan, paper (MedAI 2021)", task, *(AHMED_ALI[task][m] for m in _MEASURES))]
    for network in values_of(results, "network"):
        arm = where(results, network=network)
        for test in arm[0]["scores"]:
            rows.append((network, test, *(mean_and_deviation(measures(arm, test, m)) for m in _MEASURES)))
            centres = arm[0]["centres"][test]
            for centre in centres if len(centres) > 1 else ():
                of_centre = [[r["centres"][test].get(centre, {}).get(m) for r in arm] for m in _MEASURES]
                rows.append((network, f"{test}: {centre}", *(mean_and_deviation(v) for v in of_centre)))
    return markdown_table(("network", "measured on", "accuracy", "Jaccard", "Dice", "recall", "precision"), rows)


def curves(results: Results) -> tuple[dict[str, Curve], str, str]:
    """Dice on the validation part over epochs, mean over seeds."""
    found: dict[str, Curve] = {}
    for network in values_of(results, "network"):
        arm = where(results, network=network)
        epochs = range(min(len(r["epochs"]) for r in arm))
        found[network] = [(i + 1, mean(r["epochs"][i]["dice"] for r in arm) or 0.0) for i in epochs]
    return found, "epoch", "Dice on the validation part"
