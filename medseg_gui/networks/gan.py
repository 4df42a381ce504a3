"""The image-to-mask GAN of Ahmed & Ali 2021: a U-shaped generator and the PatchGAN discriminator that trains it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_ENCODER = (64, 128, 256, 512, 512, 512, 512, 512)
_DECODER = (512, 512, 512, 512, 256, 128, 64, 1)
_DROPOUT_STAGES = 3


class _Down(nn.Module):
    """LeakyReLU, a convolution that halves the size, batch norm; either end may go without."""

    def __init__(self, inside: int, outside: int, activate: bool = True, norm: bool = True) -> None:
        super().__init__()
        self.activation = nn.LeakyReLU(0.2) if activate else nn.Identity()
        self.conv = nn.Conv2d(inside, outside, 4, stride=2, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(outside) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(self.activation(x)))


class _Up(nn.Module):
    """ReLU, a transposed convolution that doubles the size, batch norm, dropout."""

    def __init__(self, inside: int, outside: int, norm: bool = True, dropout: bool = False) -> None:
        super().__init__()
        self.activation = nn.ReLU()
        self.conv = nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(outside) if norm else nn.Identity()
        self.dropout = nn.Dropout(0.5) if dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.norm(self.conv(self.activation(x))))


class GanGenerator(nn.Module):
    """Generator: eight halvings to a 1×1 bottleneck, eight doublings back, a skip at every size.

    The published network ends in Tanh, whose output t in [-1, 1] is a mask. Here it returns twice the
    value before that Tanh, because sigmoid(2a) = (tanh(a) + 1) / 2: the same mask, as a logit.

    Args of `forward`:
        x: (B, 3, 256, 256) float, each channel normalised with mean 0.5 and deviation 0.5.

    Returns of `forward`:
        (B, 1, 256, 256) float logits.

    Source: Ahmed & Ali 2021, tables 1 and 2; one output channel as in the paper's table.
    """

    input_size = 256
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *_ENCODER[:-1])
        last = len(_ENCODER) - 1
        self.down = nn.ModuleList(
            _Down(a, b, activate=i > 0, norm=0 < i < last)
            for i, (a, b) in enumerate(zip(inputs, _ENCODER, strict=True))
        )
        skips = (0, *_ENCODER[-2::-1])
        before = (_ENCODER[-1], *_DECODER[:-1])
        self.up = nn.ModuleList(
            _Up(a + skip, b, norm=i < last, dropout=i < _DROPOUT_STAGES)
            for i, (a, skip, b) in enumerate(zip(before, skips, _DECODER, strict=True))
        )
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        x = self.up[0](skips.pop())
        for stage in self.up[1:]:
            x = stage(torch.cat([x, skips.pop()], dim=1))
        return 2 * x


class PatchDiscriminator(nn.Module):
    """Tells a true mask from a made one, patch by patch, knowing the image.

    Args of `forward`:
        image: (B, 3, H, W) float, normalised as for the generator.
        mask: (B, 1, H, W) float in [-1, 1].

    Returns of `forward`:
        (B, 1, H/8 - 2, W/8 - 2) float logits, high for "true".

    Source: Ahmed & Ali 2021; Isola et al. 2017 (pix2pix), 70×70 PatchGAN.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_patch_stage(4, 64, stride=2, norm=False),
            *_patch_stage(64, 128, stride=2),
            *_patch_stage(128, 256, stride=2),
            *_patch_stage(256, 512, stride=1),
            nn.Conv2d(512, 1, 4, stride=1, padding=1),
        )
        self.apply(_initialise)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return self.layers(torch.cat([image, mask], dim=1))


def _patch_stage(inside: int, outside: int, stride: int, norm: bool = True) -> list[nn.Module]:
    conv = nn.Conv2d(inside, outside, 4, stride=stride, padding=1, bias=not norm)
    return [conv, *([nn.BatchNorm2d(outside)] if norm else []), nn.LeakyReLU(0.2)]


def _initialise(module: nn.Module) -> None:
    """Weights ~ N(0, 0.02), as in pix2pix."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
