"""The commands of `medseg`, one file each: `add_arguments(parser)` and `run(args)`.

Heavy libraries are imported inside `run`, so that `medseg --help` and the window come at once. `run` gives a dict
(printed with `--json`), an exit status, or None.
"""

from __future__ import annotations

from types import ModuleType

from medseg_gui.commands import (
    bench,
    deidentify,
    doctor,
    evaluate,
    experiment,
    explain,
    phantom,
    predict,
    project,
    train,
    weights,
    window,
)

COMMANDS: dict[str, ModuleType] = {
    "window": window,
    "predict": predict,
    "explain": explain,
    "train": train,
    "evaluate": evaluate,
    "experiment": experiment,
    "weights": weights,
    "project": project,
    "deidentify": deidentify,
    "phantom": phantom,
    "bench": bench,
    "doctor": doctor,
}
