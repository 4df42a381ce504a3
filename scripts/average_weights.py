"""Averages the weights of runs that began alike (a "model soup", Wortsman et al. 2022) into one weights file.

    python scripts/average_weights.py run-a/polyp-unet_lite0.safetensors run-b/resume.pt -o averaged/

`resume.pt` stands for the last state of a run, a .safetensors for what it kept as its best. The card begins as the
first one's and says what was averaged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from medseg_gui.networks import build_network
from medseg_gui.networks.weights import find_weights, load_network, save_weights
from medseg_gui.types import CLASS_NAMES


def main() -> None:
    """Average and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", type=Path, help="a .safetensors first; then more, or resume.pt of runs")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    info = find_weights(str(args.weights[0]))
    states = [_state(path) for path in args.weights]
    network = build_network(info.network)
    network.load_state_dict({k: torch.stack([s[k].float() for s in states]).mean(0) for k in states[0]}, strict=True)
    header = {
        "network": info.network,
        "class": CLASS_NAMES[info.class_id],
        "input_size": str(info.input_size),
        "threshold": str(info.threshold),
        **info.extra,
    }
    card = info.card.split("## Files (sha256)")[0].rstrip()
    saved = save_weights(args.output, info.name, network, header, f"{card}\n\nAveraged over {len(states)} runs.")
    print(saved.files[0])


def _state(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".pt":
        average = torch.load(path, map_location="cpu", weights_only=True)["average"]
        return {k.removeprefix("module."): v for k, v in average.items() if k.startswith("module.")}
    return load_network(find_weights(str(path))).state_dict()


if __name__ == "__main__":
    main()
