"""k-fold cross-validation by whole patients (Asare 2025)."""

from __future__ import annotations

from collections.abc import Iterator

from medseg_gui.data.splits import folds_by_group, split_by_group
from medseg_gui.evaluation.curves import Curve
from medseg_gui.experiments.cell import THRESHOLDS, Cell
from medseg_gui.experiments.plan import Plan
from medseg_gui.experiments.published_figures import ASARE, ASARE_AT_THRESHOLD, ASARE_THRESHOLD
from medseg_gui.experiments.tables import Results, markdown_table, mean, mean_and_deviation, measures, values_of, where


def cells(plan: Plan) -> Iterator[Cell]:
    """A run for each network, seed and fold; a tenth of what is left of the patients chooses epoch and threshold."""
    for seed in range(plan.seeds):
        folds = folds_by_group(plan.examples, plan.folds, seed)
        for number in range(min(plan.budget.folds or plan.folds, plan.folds)):
            rest = [e for i, fold in enumerate(folds) if i != number for e in fold]
            training, validation = split_by_group(rest, 0.1, seed)
            for network in plan.networks:
                labels = {"network": network, "fold": number + 1, "seed": seed}
                name = f"{network}-fold{number + 1}-seed{seed}"
                yield Cell(
                    name,
                    labels,
                    plan.recipe(network, seed),
                    training,
                    validation,
                    {"fold": folds[number], **plan.outside},
                )


def report(plan: Plan, results: Results) -> list[str]:
    """Markdown lines: mean and deviation over folds and seeds, the paper's below."""
    rows = []
    for network in values_of(results, "network"):
        arm = where(results, network=network)
        figures = [mean_and_deviation(measures(arm, "fold", m)) for m in ("dice", "iou", "auc")]
        at_best = [mean_and_deviation(measures(arm, "fold", m, "scores_at_best")) for m in ("recall", "precision")]
        rows.append((network, len(arm), *figures, mean(r["best_threshold"] for r in arm), *at_best))
    paper = [f"{m:.4f} ± {d:.4f}" for m, d in (ASARE[k] for k in ("dice", "iou", "auc"))]
    rows.append(("paper (unet_resnet34, Kvasir-SEG)", 5, *paper, ASARE_THRESHOLD, *ASARE_AT_THRESHOLD.values()))
    columns = ("network", "runs", "Dice", "IoU", "AUC-ROC", "best threshold", "recall there", "precision there")
    return markdown_table(columns, rows)


def curves(results: Results) -> tuple[dict[str, Curve], str, str]:
    """Dice on the validation part over thresholds, mean over folds."""
    found: dict[str, Curve] = {}
    for network in values_of(results, "network"):
        arm = where(results, network=network)
        found[network] = [(t, mean(r["sweep"][f"{t:.2f}"] for r in arm) or 0.0) for t in THRESHOLDS]
    return found, "threshold", "Dice on the validation part"
