"""From which probability a pixel is best marked (Asare 2025: 0.30 to 0.70, best 0.55)."""

from __future__ import annotations

from collections.abc import Iterator

from medseg_gui.data.splits import split_by_group
from medseg_gui.evaluation.curves import Curve
from medseg_gui.experiments.cell import THRESHOLDS, Cell
from medseg_gui.experiments.plan import Plan
from medseg_gui.experiments.published_figures import ASARE_THRESHOLD
from medseg_gui.experiments.tables import Results, markdown_table, mean, mean_and_deviation, measures, values_of, where


def cells(plan: Plan) -> Iterator[Cell]:
    """A run for each network and seed: 80/10/10 by whole patients; the sweep looks at the validation part alone."""
    for seed in range(plan.seeds):
        rest, test = split_by_group(plan.examples, 0.1, seed)
        training, validation = split_by_group(rest, 1 / 9, seed)
        for network in plan.networks:
            labels = {"network": network, "seed": seed}
            recipe = plan.recipe(network, seed)
            yield Cell(f"{network}-seed{seed}", labels, recipe, training, validation, {"test": test, **plan.outside})


def report(plan: Plan, results: Results) -> list[str]:
    """Markdown lines: Dice on the validation part by threshold; below, the test part at 0.5 and at the best."""
    networks = values_of(results, "network")
    rows = [(f"{t:.2f}", *(_dice_at(where(results, network=n), t) for n in networks)) for t in THRESHOLDS]
    lines = markdown_table(("threshold", *networks), rows)
    chosen = []
    for network in networks:
        arm = where(results, network=network)
        at_half, at_best = (
            mean_and_deviation(measures(arm, "test", "dice", at)) for at in ("scores", "scores_at_best")
        )
        chosen.append((network, mean(r["best_threshold"] for r in arm), at_half, at_best))
    chosen.append(("paper (unet_resnet34)", ASARE_THRESHOLD, None, None))
    return [*lines, "", *markdown_table(("network", "best threshold", "test Dice at 0.5", "test Dice there"), chosen)]


def curves(results: Results) -> tuple[dict[str, Curve], str, str]:
    """Dice on the validation part over thresholds."""
    networks = values_of(results, "network")
    found: dict[str, Curve] = {
        n: [(t, _dice_at(where(results, network=n), t) or 0.0) for t in THRESHOLDS] for n in networks
    }
    return found, "threshold", "Dice on the validation part"


def _dice_at(arm: Results, threshold: float) -> float | None:
    return mean(r["sweep"][f"{threshold:.2f}"] for r in arm)
