"""The classic U-Net, the baseline of Corbetta 2023."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_CHANNELS = (64, 128, 256, 512)


class UNet(nn.Module):
    """Five sizes of 64–128–256–512–512 channels, a skip at each but the last, no ImageNet weights of its own.

    Its encoder is the convolutional part of torchvision's `vgg13_bn`, so that such weights can start it.

    Args:
        bilinear: enlarge by interpolation (17.3 M parameters) instead of a transposed convolution (31.0 M, with 1024
            channels at the bottom).

    Args of `forward`:
        x: (B, 3, H, W) float, ImageNet normalisation, H and W multiples of 16.

    Returns of `forward`:
        (B, 1, H, W) float logits.

    Source: Ronneberger et al. 2015; padded, with batch norm, as Corbetta 2023 uses it.
    """

    input_size = 256
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)

    def __init__(self, bilinear: bool = True) -> None:
        super().__init__()
        deepest = _CHANNELS[-1] if bilinear else 2 * _CHANNELS[-1]
        widths = (3, *_CHANNELS, deepest)
        self.down = nn.ModuleList(double_convolution(a, b, b) for a, b in itertools.pairwise(widths))
        above = (*reversed(_CHANNELS),)
        # By interpolation the channels are halved by the convolutions of the stage, else by the one that enlarges.
        below = (deepest, *(c // 2 for c in above[:-1])) if bilinear else (deepest, *above[:-1])
        after = (*(c // 2 for c in above[:-1]), above[-1]) if bilinear else above
        self.up = nn.ModuleList(
            _Up(under, skip, out, bilinear) for under, skip, out in zip(below, above, after, strict=True)
        )
        self.head = nn.Conv2d(_CHANNELS[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = [self.down[0](x)]
        for stage in self.down[1:]:
            skips.append(stage(F.max_pool2d(skips[-1], 2)))
        x = skips.pop()
        for stage in self.up:
            x = stage(x, skips.pop())
        return self.head(x)

    def named_blocks(self) -> list[tuple[nn.Module, tuple[str, ...]]]:
        """Blocks in network order, for explanations."""
        names = (*(f"encoder {i}" for i in range(1, len(self.down))), "bottleneck")
        encoder = [(module, (name,)) for module, name in zip(self.down, names, strict=True)]
        return [*encoder, *((module, (f"decoder {i}",)) for i, module in enumerate(self.up, start=1))]

    def vgg_stages(self) -> list[nn.Module]:
        """What `vgg13_bn` has too, in its order."""
        return list(self.down)


class _Up(nn.Module):
    """Enlarge twice, join the skip, two convolutions."""

    def __init__(self, under: int, skip: int, outside: int, bilinear: bool) -> None:
        super().__init__()
        self.enlarge: nn.Module = (
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            if bilinear
            else nn.ConvTranspose2d(under, under // 2, 2, stride=2)
        )
        joined = skip + (under if bilinear else under // 2)
        self.convolutions = double_convolution(joined, joined // 2 if bilinear else outside, outside)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convolutions(torch.cat([skip, self.enlarge(x)], dim=1))


def double_convolution(inside: int, middle: int, outside: int) -> nn.Sequential:
    """Two [conv 3×3, batch norm, ReLU]."""
    return nn.Sequential(
        nn.Conv2d(inside, middle, 3, padding=1, bias=False),
        nn.BatchNorm2d(middle),
        nn.ReLU(),
        nn.Conv2d(middle, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    )
