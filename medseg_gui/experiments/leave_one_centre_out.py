"""Each hospital in turn is the test, by each p of interpretability-guided augmentation (Corbetta 2023)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import DataError, InputError
from medseg_gui.evaluation.curves import Curve
from medseg_gui.experiments.cell import Cell
from medseg_gui.experiments.plan import Plan
from medseg_gui.experiments.published_figures import CORBETTA
from medseg_gui.experiments.tables import Results, markdown_table, mean, mean_and_deviation, measures, values_of, where

OUT, IN = "left-out centre", "other centres"


def cells(plan: Plan) -> Iterator[Cell]:
    """A run for each left-out centre, seed, network and p. The others: 80/10/10 by whole patients.

    Raises:
        DataError: there are too few centres.
        InputError: a centre has another name.
    """
    centres = sorted({e.centre for e in plan.examples})
    if len(centres) < 2:
        raise DataError("Leaving one centre out needs two or more; give a folder with images/ and masks/ for each.")
    if any(plan.guided) and len(centres) < 3:
        raise DataError("With one of two centres left out, no classifier can tell the rest apart; use p = 0 alone.")
    if unknown := [c for c in plan.centres if c not in centres]:
        raise InputError(f"There is no centre called {unknown[0]}; choose from {', '.join(centres)}.")
    for centre in plan.centres or centres:
        left_out = [e for e in plan.examples if e.centre == centre]
        others = [e for e in plan.examples if e.centre != centre]
        for seed in range(plan.seeds):
            rest, inside = split_by_group(others, 0.1, seed)
            training, validation = split_by_group(rest, 1 / 9, seed)
            for network in plan.networks:
                for p in plan.guided:
                    labels = {"network": network, "left out": centre, "p": p, "seed": seed}
                    name = f"{network}-without-{centre}-p{p:.2f}-seed{seed}"
                    tests = {OUT: left_out, IN: inside, **plan.outside}
                    yield Cell(name, labels, plan.recipe(network, seed, p), training, validation, tests)


def report(plan: Plan, results: Results) -> list[str]:
    """Markdown lines: Dice, recall and accuracy on the left-out centre and on the others, per p; the paper's beside."""
    rows = []
    for network in values_of(results, "network"):
        for centre in values_of(results, "left out"):
            for p in values_of(results, "p"):
                arm = where(results, **{"network": network, "left out": centre, "p": p})
                out, inside = (
                    [mean_and_deviation(measures(arm, test, m)) for m in ("dice", "recall", "accuracy")]
                    for test in (OUT, IN)
                )
                rows.append((network, centre, f"{p:.0%}", len(arm), *out, *inside, _paper(network, centre, p)))
    columns = ("network", "left out", "p", "runs", "Dice out", "recall out", "accuracy out")
    lines = markdown_table((*columns, "Dice in", "recall in", "accuracy in", "paper, Dice out"), rows)
    ours_alone = [n for n in values_of(results, "network") if n not in CORBETTA and _in_paper(n) in CORBETTA]
    return [*lines, *(f"\nThe paper has no {n}; its {_in_paper(n)} stands beside it." for n in ours_alone)]


def curves(results: Results) -> tuple[dict[str, Curve], str, str]:
    """Dice on the left-out centre over p."""
    found: dict[str, Curve] = {}
    for network in values_of(results, "network"):
        for centre in values_of(results, "left out"):
            arm = where(results, **{"network": network, "left out": centre})
            points = [(p, mean(measures(where(arm, p=p), OUT, "dice"))) for p in values_of(arm, "p")]
            found[f"{network}, without {centre}"] = [(p, dice) for p, dice in points if dice is not None]
    return found, "p of the augmentation", "Dice on the left-out centre"


def _paper(network: str, centre: str, p: float) -> str | None:
    """What the paper has beside this row: its baseline, or its best p, which is told when it is another one."""
    number = re.search(r"C(\d)$", centre)
    figures = CORBETTA.get(_in_paper(network), {}).get(f"C{number[1]}") if number else None
    if figures is None:
        return None
    baseline, best, best_p = figures
    if p == 0:
        return f"{baseline:.4f}"
    return f"{best:.4f}" if p == best_p else f"{best:.4f} (p = {best_p:.0%})"


def _in_paper(network: str) -> str:
    """The paper's network that is most like one of ours."""
    return "unet" if network.startswith("unet_") else network
