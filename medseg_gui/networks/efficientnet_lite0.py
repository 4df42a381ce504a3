"""EfficientNet-Lite0 as an encoder: five feature maps from half to a thirty-second of the size.

Written out because the library that has it (timm) brings torchvision with it, and both together take 1.7 s to import,
longer than everything else between the start and the first mask. Tensors are named as timm names them, so that
published weights and those of earlier versions load; a test holds the outputs against timm's.

Source: Tan & Le 2019, arXiv 1905.11946; the Lite variant (no squeeze-and-excitation, ReLU6): Google, TPU models, 2020.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Kernel, stride, expansion, output channels, repeats of each stage (paper, table 1; Lite0 has width and depth 1).
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM_CHANNELS = 32
# The last stage of each size: what is handed on to the decoder.
_FEATURE_STAGES = (0, 1, 2, 4, 6)
_EPS = 1e-3  # of TensorFlow, where the published weights were trained


class EfficientNetLite0(nn.Module):
    """The encoder of `unet_lite0`, 3.4 M parameters.

    Args of `forward`:
        x: (B, 3, H, W) float, H and W multiples of 32.

    Returns of `forward`:
        The input, then 16, 24, 40, 112 and 320 channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of its size.
    """

    out_channels = (3, *(_STAGES[i][3] for i in _FEATURE_STAGES))

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.ModuleDict(
            {
                "conv_stem": SamePaddedConv(3, _STEM_CHANNELS, 3, stride=2),
                "bn1": nn.BatchNorm2d(_STEM_CHANNELS, _EPS),
                "act1": nn.ReLU6(inplace=True),
                "blocks": nn.ModuleList(_stages()),
            }
        )
        self.apply(_initialise)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [x]
        x = self.model["act1"](self.model["bn1"](self.model["conv_stem"](x)))
        for i, stage in enumerate(self.model["blocks"].children()):
            x = stage(x)
            if i in _FEATURE_STAGES:
                features.append(x)
        return features


class SamePaddedConv(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow does: with stride 2, the odd pixel goes right and below."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        # An odd kernel at stride 1 needs the same on both sides, which the convolution does by itself.
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(channels, out_channels, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            return super().forward(x)
        before = (self.kernel_size[0] - self.stride[0]) // 2
        after = self.kernel_size[0] - self.stride[0] - before
        return super().forward(F.pad(x, (before, after, before, after)))


class SeparableBlock(nn.Module):
    """Depthwise convolution, then a linear one over the channels (the first stage, which does not expand)."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = SamePaddedConv(channels, channels, kernel, stride, groups=channels)
        self.bn1 = nn.BatchNorm2d(channels, _EPS)
        self.act1 = nn.ReLU6(inplace=True)
        self.conv_pw = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels, _EPS)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv_dw(x)))
        return self.bn2(self.conv_pw(x))


class InvertedResidual(nn.Module):
    """Expand, depthwise convolution, project; added to its input where the shapes agree (MobileNetV2)."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inside = channels * expansion
        self.conv_pw = nn.Conv2d(channels, inside, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inside, _EPS)
        self.act1 = nn.ReLU6(inplace=True)
        self.conv_dw = SamePaddedConv(inside, inside, kernel, stride, groups=inside)
        self.bn2 = nn.BatchNorm2d(inside, _EPS)
        self.act2 = nn.ReLU6(inplace=True)
        self.conv_pwl = nn.Conv2d(inside, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels, _EPS)
        self.is_residual = stride == 1 and channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.bn1(self.conv_pw(x)))
        y = self.act2(self.bn2(self.conv_dw(y)))
        y = self.bn3(self.conv_pwl(y))
        return y + x if self.is_residual else y


def _stages() -> list[nn.Module]:
    stages: list[nn.Module] = []
    channels = _STEM_CHANNELS
    for kernel, stride, expansion, out_channels, repeats in _STAGES:
        blocks: list[nn.Module] = []
        for i in range(repeats):
            shape = (channels, out_channels, kernel, stride if i == 0 else 1)
            blocks.append(InvertedResidual(*shape, expansion) if expansion > 1 else SeparableBlock(*shape))
            channels = out_channels
        stages.append(nn.Sequential(*blocks))
    return stages


@torch.no_grad()
def _initialise(module: nn.Module) -> None:
    """He's normal initialisation over the outputs that each input reaches."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.out_channels // module.groups * math.prod(module.kernel_size)
        module.weight.normal_(0, math.sqrt(2 / fan_out))
