"""Segmentation networks, one file each. All take normalised RGB and return logits (B, 1, H, W).

To add one: a file with an `nn.Module` that names its `input_size`, `mean` and `std`, and a line below. One whose blocks
explanations cannot find by themselves (`explain.blocks`) has `named_blocks()` too. A network's file is imported when
the network is built: what one of them stands on may take seconds that the others need not wait for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from torch import Tensor, nn

from medseg_gui.errors import InputError


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


# Name, which is also the file's -> class.
NETWORKS: dict[str, str] = {
    "gan": "GanGenerator",
    "unet_resnet34": "UNetResNet34",
    "unet_lite0": "UNetLite0",
    "unet": "UNet",
    "deeplabv3plus_resnet101": "DeepLabV3PlusResNet101",
    "sdnet": "SDNet",
}


def network_class(name: str) -> type[nn.Module]:
    """The class of a network.

    Raises:
        InputError: no network has this name.
    """
    if name not in NETWORKS:
        raise InputError(f"There is no network called {name!r}; choose one of {', '.join(NETWORKS)}.")
    return cast(type[nn.Module], getattr(import_module(f"{__name__}.{name}"), NETWORKS[name]))


def build_network(name: str) -> nn.Module:
    """A fresh network with random weights.

    Raises:
        InputError: no network has this name.
    """
    return network_class(name)()


def normalisation(network: nn.Module) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Per-channel mean and deviation of RGB in [0, 1] that the network was made for."""
    described = cast(SegmentationNetwork, network)
    return described.mean, described.std
