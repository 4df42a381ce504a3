"""Engines beside each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_gui.evaluation.engine_bench import EAGER, LIBRARY, RUNTIME, as_dict, table, time_engines
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import save_weights
from medseg_gui.types import Frame
from tests.small_networks import small_networks

pytest.importorskip("onnxruntime")


@pytest.mark.parametrize(
    ("network", "side", "ways"), [("unet_lite0", 64, {EAGER, RUNTIME, LIBRARY}), ("unet", 64, {EAGER, RUNTIME})]
)
def test_every_way_marks_the_same_pixels(network: str, side: int, ways: set[str], tmp_path: Path) -> None:
    torch.manual_seed(0)
    header = {"network": network, "class": "polyp", "input_size": str(side), "threshold": "0.5"}
    rng = np.random.default_rng(0)
    frames = [Frame(i, i / 25, "id", rng.integers(0, 256, (48, 80, 3), np.uint8)) for i in range(3)]
    with small_networks():
        speeds = time_engines(frames, save_weights(tmp_path, "tiny", build_network(network), header, ""), 5)
    assert {s.name for s in speeds} == ways
    for speed in speeds:
        assert speed.iou > 0.99
        assert 0 < speed.best_ms <= speed.median_ms
    assert next(s for s in speeds if s.name == EAGER).times_eager == 1.0
    assert set(as_dict(speeds)) == ways
    assert len(table(speeds).splitlines()) == 2 + len(ways)
