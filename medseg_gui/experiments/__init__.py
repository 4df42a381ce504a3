"""The published protocols, made of training runs: each is a list of cells, and a table of their results.

To add one: a file with `cells` and `report`, and a line below.
"""

from __future__ import annotations

from types import ModuleType

from medseg_gui.experiments import gan_against_unet, kfold, leave_one_centre_out, threshold_sweep

EXPERIMENTS: dict[str, ModuleType] = {
    "kfold": kfold,
    "leave-one-centre-out": leave_one_centre_out,
    "augmentation-p": leave_one_centre_out,
    "threshold-sweep": threshold_sweep,
    "gan": gan_against_unet,
}
