"""Tables of results: rows of words and numbers, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Results = Sequence[dict[str, Any]]


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Lines of a Markdown table; None is shown as a dash, a float with four digits."""
    head = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    return [*head, *("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)]


def mean_and_deviation(values: Iterable[float | None]) -> str | None:
    """ "0.8902 ± 0.0115", without a deviation for one value, None for none."""
    known = [v for v in values if v is not None]
    if not known:
        return None
    mean = f"{np.mean(known):.4f}"
    return mean if len(known) == 1 else f"{mean} ± {np.std(known, ddof=1):.4f}"


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of those that are known, None for none."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def where(results: Results, **labels: Any) -> list[dict[str, Any]]:
    """Results with these labels."""
    return [r for r in results if all(r["labels"].get(k) == v for k, v in labels.items())]


def values_of(results: Results, label: str) -> list[Any]:
    """The different values of a label, in the order of the results."""
    return list(dict.fromkeys(r["labels"][label] for r in results))


def measures(results: Results, test: str, measure: str, at: str = "scores") -> list[float | None]:
    """One measure of one test of each result; `at` is "scores" (threshold 0.5) or "scores_at_best"."""
    return [r[at].get(test, {}).get(measure) for r in results]


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
