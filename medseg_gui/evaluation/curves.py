"""Curves as a picture: what a training run or an experiment went through."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from medseg_gui.errors import OutputError

Curve = Sequence[tuple[float, float]]


def write_curves(path: Path, curves: Mapping[str, Curve], x_label: str, y_label: str) -> None:
    """Draw curves into a PNG, in one step: a reader sees the old picture or the new one.

    Args:
        path: where to.
        curves: name -> points (x, y); names stand in the legend.
        x_label, y_label: of the axes, with their units.

    Raises:
        OutputError: disk full, no permission.
    """
    # Here and not above: it takes a second, and most commands draw nothing. No pyplot, which keeps figures alive.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, points in curves.items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker=".", label=name)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.3)
    if curves:
        axes.legend(fontsize="small")
    partial = path.with_name(path.name + ".part")
    try:
        figure.savefig(partial, format="png", dpi=120)
        os.replace(partial, path)
    except OSError as e:
        raise OutputError(f"{path} cannot be written ({e.strerror}); choose another place.") from e
