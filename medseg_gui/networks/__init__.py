"""Segmentation networks, one file each. All take normalised RGB and return logits (B, 1, H, W).

To add one: a file with an `nn.Module` that names its `input_size`, `mean` and `std`, and a line below. One whose blocks
explanations cannot find by themselves (`explain.blocks`) has `named_blocks()` too.
"""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor, nn

from medseg_gui.errors import InputError
from medseg_gui.networks.deeplabv3plus_resnet101 import DeepLabV3PlusResNet101
from medseg_gui.networks.gan import GanGenerator
from medseg_gui.networks.sdnet import SDNet
from medseg_gui.networks.unet import UNet
from medseg_gui.networks.unet_lite0 import UNetLite0
from medseg_gui.networks.unet_resnet34 import UNetResNet34


class SegmentationNetwork(Protocol):
    """What every entry of NETWORKS offers beside being an `nn.Module`.

    Attributes:
        input_size: side of the square it is trained on, in pixels.
        mean, std: per-channel normalisation of RGB in [0, 1].

    Some say more: `smallest_batch` (images that a training step needs at least), `named_blocks()` (for explanations).
    """

    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, x: Tensor) -> Tensor: ...


NETWORKS: dict[str, type[nn.Module]] = {
    "gan": GanGenerator,
    "unet_resnet34": UNetResNet34,
    "unet_lite0": UNetLite0,
    "unet": UNet,
    "deeplabv3plus_resnet101": DeepLabV3PlusResNet101,
    "sdnet": SDNet,
}


def build_network(name: str) -> nn.Module:
    """A fresh network with random weights.

    Raises:
        InputError: no network has this name.
    """
    if name not in NETWORKS:
        raise InputError(f"There is no network called {name!r}; choose one of {', '.join(NETWORKS)}.")
    return NETWORKS[name]()


def normalisation(network: nn.Module) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Per-channel mean and deviation of RGB in [0, 1] that the network was made for."""
    described = cast(SegmentationNetwork, network)
    return described.mean, described.std
