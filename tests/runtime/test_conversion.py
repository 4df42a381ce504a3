"""A network in ONNX Runtime gives what torch gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_gui.errors import EngineError
from medseg_gui.networks import NETWORKS, build_network
from medseg_gui.networks.weights import WeightsInfo, find_weights, save_weights
from medseg_gui.paths import models_dir
from medseg_gui.runtime import conversion
from medseg_gui.runtime.comparison import sample_picture
from medseg_gui.runtime.conversion import convert
from medseg_gui.runtime.session import RuntimeSession
from medseg_gui.segmenter import Segmenter
from tests.small_networks import size_of, small_networks

pytest.importorskip("onnxruntime")

SHIPPED = sorted(card.stem for card in models_dir().glob("*.md") if card.stem != "README")


def random_weights(name: str, folder: Path, side: int) -> WeightsInfo:
    """Random weights, and statistics of batch norm that are not the identity."""
    torch.manual_seed(0)
    network = build_network(name)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    header = {"network": name, "class": "polyp", "input_size": str(side), "threshold": "0.5"}
    return save_weights(folder, f"random-{name}", network, header, "")


@pytest.fixture(params=list(NETWORKS))
def random_info(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WeightsInfo]:
    with small_networks():
        yield random_weights(request.param, tmp_path, size_of(request.param))


def pictures(side: int) -> list[np.ndarray]:
    noise = np.random.default_rng(1).integers(0, 256, (side + 20, side, 3), np.uint8)
    return [sample_picture(side), noise, np.zeros((50, 70, 3), np.uint8)]


def test_every_network_gives_what_torch_gives(random_info: WeightsInfo) -> None:
    wanted = Segmenter(random_info, "cpu").predict(pictures(random_info.input_size))
    found = RuntimeSession(convert(random_info), 1).predict(pictures(random_info.input_size))
    for a, b in zip(wanted, found, strict=True):
        assert b.shape == a.shape
        assert b.dtype == np.float32
        np.testing.assert_allclose(a, b, atol=2e-4)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_mark_the_same_pixels(name: str) -> None:
    info = find_weights(name)
    wanted = Segmenter(info, "cpu").predict(pictures(info.input_size))
    found = RuntimeSession(convert(info), 1).predict(pictures(info.input_size))
    for a, b in zip(wanted, found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_network_that_cannot_be_converted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = random_weights("unet_lite0", tmp_path, 64)

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(EngineError, match=r"random-unet_lite0 cannot be converted.*torch"):
        convert(info)


def test_a_conversion_that_gives_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = random_weights("unet_lite0", tmp_path, 64)
    right = conversion._export

    def wrong(network: torch.nn.Module, info: WeightsInfo) -> bytes:
        network.shift += 1
        model = right(network, info)
        network.shift -= 1
        return model

    monkeypatch.setattr(conversion, "_export", wrong)
    with pytest.raises(EngineError, match="other pixels"):
        convert(info)
