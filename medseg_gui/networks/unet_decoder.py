"""The decoder of a U-Net over any encoder: five times twice the size, each time beside the encoder's map of that size.

Tensors are named, and start, as in segmentation_models_pytorch, whose decoder `unet_resnet34` has.

Source: Ronneberger, Fischer & Brox 2015, arXiv 1505.04597, with batch normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = (256, 128, 64, 32, 16)


class UNetDecoder(nn.Module):
    """Five blocks from the bottleneck to the size of the picture.

    Args:
        encoder_channels: channels of the picture and of the encoder's features, from large to small.

    Args of `forward`:
        features: the picture and the encoder's features, each half the size of the one before.

    Returns of `forward`:
        (B, 16, H, W) float.
    """

    def __init__(self, encoder_channels: Sequence[int]) -> None:
        super().__init__()
        *skips, bottleneck = encoder_channels[1:]
        inputs = (bottleneck, *CHANNELS)
        self.blocks = nn.ModuleList(
            DecoderBlock(below + skip, out)
            for below, skip, out in zip_longest(inputs[:-1], reversed(skips), CHANNELS, fillvalue=0)
        )
        self.apply(_initialise)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        *skips, x = features[1:]
        for block, skip in zip_longest(self.blocks, reversed(skips)):
            x = block(x, skip)
        return x


class DecoderBlock(nn.Module):
    """Twice the size, the skip connection beside it, two convolutions."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = _convolution(channels, out_channels)
        self.conv2 = _convolution(out_channels, out_channels)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        if skip is not None:
            x = torch.cat([x, skip], dim=1)
        return self.conv2(self.conv1(x))


def segmentation_head() -> nn.Sequential:
    """From the decoder's last map to one logit a pixel."""
    convolution = nn.Conv2d(CHANNELS[-1], 1, 3, padding=1)
    nn.init.xavier_uniform_(convolution.weight)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # it has one
    return nn.Sequential(convolution)


def _convolution(channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_uniform_(module.weight, mode="fan_in", nonlinearity="relu")
