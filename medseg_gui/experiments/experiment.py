"""Run the cells of an experiment and keep its table up to date: after each cell there is a true, if shorter, one."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import torch

from medseg_gui.errors import InputError
from medseg_gui.evaluation.curves import write_curves
from medseg_gui.evaluation.report_file import write_report
from medseg_gui.experiments import EXPERIMENTS
from medseg_gui.experiments.cell import Runner, restore
from medseg_gui.experiments.plan import Plan


def run_experiment(plan: Plan, runner: Runner) -> dict[str, Any]:
    """Run what is not done yet, and write `<name>.md`, `<name>.json` and `<name>.png` into the runner's folder.

    What is done is told by the folder's cells, or by `<name>.json` alone: that one file is enough to go on elsewhere.

    Returns:
        "cells" (how many there are), "done" (how many of them are done), "results" and "table" (Markdown).

    Raises:
        InputError: no experiment has this name, or the folder holds another one.
        DataError, TrainingError: a cell cannot be run.
    """
    if plan.name not in EXPERIMENTS:
        raise InputError(f"There is no experiment called {plan.name!r}; choose one of {', '.join(EXPERIMENTS)}.")
    cells = list(EXPERIMENTS[plan.name].cells(plan))
    restore(_kept(runner.folder / f"{plan.name}.json"), runner.folder)
    results: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        runner.report({"event": "cell", "cell": cell.name, "number": number + 1, "cells": len(cells)})
        result = runner.run(cell, plan)
        if result is None:
            break
        results.append(result)
        _write(plan, runner, results, len(cells))
    table = "\n".join(EXPERIMENTS[plan.name].report(plan, results)) if results else ""
    return {"cells": len(cells), "done": len(results), "results": results, "table": table}


def _kept(table: Path) -> list[dict[str, Any]]:
    """Results in a table of an earlier run; none when there is no table."""
    try:
        results = json.loads(table.read_text(encoding="utf-8"))["results"] if table.is_file() else []
        return list({result["cell"]: result for result in results}.values())
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise InputError(f"{table} cannot be read; move it away, and what is not in cells/ is run again.") from e


def _write(plan: Plan, runner: Runner, results: list[dict[str, Any]], cells: int) -> None:
    protocol = EXPERIMENTS[plan.name]
    path = runner.folder / plan.name
    write_report(path.with_suffix(".md"), "\n".join(_page(plan, runner.device, results, cells)) + "\n")
    told = {"experiment": plan.name, "reduced": plan.reductions(), "cells": cells, "results": results}
    write_report(path.with_suffix(".json"), json.dumps(told, indent=1))
    curves, x_label, y_label = protocol.curves(results)
    write_curves(Path(path.with_suffix(".png")), curves, x_label, y_label)


def _page(plan: Plan, device: torch.device, results: list[dict[str, Any]], cells: int) -> list[str]:
    threads = torch.get_num_threads()
    state = f"{len(results)} of {cells} runs are done." if len(results) < cells else f"All {cells} runs are done."
    return [
        f"# {plan.name}",
        "",
        f"{state} Made on {device} ({platform.machine()}, {threads} threads), torch {torch.__version__}.",
        "Mean ± deviation over runs; whole patients are kept apart. The paper's figures come from its own splits and",
        "its own budget; what differs here:",
        "",
        *(f"- {line}" for line in plan.reductions()),
        "",
        *EXPERIMENTS[plan.name].report(plan, results),
        "",
        f"![curves]({plan.name}.png)",
    ]
