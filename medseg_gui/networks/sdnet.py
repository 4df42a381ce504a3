"""SDNet: tells where things are (anatomy) from how the picture looks (modality), and marks lesions on the former."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import handle_torch_function, has_torch_function_unary

from medseg_gui.networks.unet import double_convolution

_CHANNELS = (64, 128, 256, 512)
_FACTORS = 8  # channels of the anatomy
_STYLE = 8  # length of the modality vector
_SLOPE = 0.03  # of LeakyReLU, in modality encoder and decoder


@dataclass(frozen=True, eq=False)
class Disentangled:
    """Everything that the losses need of one pass.

    Attributes:
        logits: (B, 1, H, W).
        anatomy: (B, 8, H, W) one-hot over channels.
        mean, log_variance: (B, 8) of the modality.
        style: (B, 8) drawn from them.
        reconstruction: (B, 3, H, W) in [-1, 1].
        mean_again: (B, 8) of the modality of the reconstruction.
    """

    logits: Tensor
    anatomy: Tensor
    mean: Tensor
    log_variance: Tensor
    style: Tensor
    reconstruction: Tensor
    mean_again: Tensor


class SDNet(nn.Module):
    """Anatomy encoder and segmentor; a modality encoder and a decoder beside them, which only training needs.

    Args of `forward`:
        x: (B, 3, H, W) float, each channel normalised with mean 0.5 and deviation 0.5, H and W multiples of 16.
        keep: (B, 1, H, W) factor for the anatomy (interpretability-guided augmentation), None for all.

    Returns of `forward`:
        (B, 1, H, W) float logits.

    Source: Chartsias et al. 2019, Medical Image Analysis 58, as Corbetta 2023 uses it.
    """

    input_size = 256
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__()
        self.anatomy_encoder = AnatomyEncoder()
        self.modality_encoder = ModalityEncoder()
        self.decoder = Decoder()
        self.segmentor = double_convolution(_FACTORS, 64, 64)
        self.head = nn.Conv2d(64, 1, 1)

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        return self._segment(self.anatomy_encoder(x), keep)

    def disentangle(self, x: Tensor, keep: Tensor | None = None) -> Disentangled:
        """One pass with everything that the losses need; arguments as `forward`."""
        anatomy = self.anatomy_encoder(x)
        mean, log_variance = self.modality_encoder(anatomy, x)
        style = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance) if self.training else mean
        reconstruction = self.decoder(anatomy, style)
        mean_again, _ = self.modality_encoder(anatomy, reconstruction)
        return Disentangled(
            self._segment(anatomy, keep), anatomy, mean, log_variance, style, reconstruction, mean_again
        )

    def _segment(self, anatomy: Tensor, keep: Tensor | None) -> Tensor:
        return self.head(self.segmentor(anatomy if keep is None else anatomy * keep))

    def named_blocks(self) -> list[tuple[nn.Module, tuple[str, ...]]]:
        """Blocks in network order, for explanations."""
        inside = self.anatomy_encoder
        encoder = [(module, (f"encoder {i}",)) for i, module in enumerate(inside.down, start=1)]
        decoder = [(module, (f"decoder {i}",)) for i, module in enumerate(inside.up, start=1)]
        tail = [(inside, ("anatomy",)), (self.segmentor, ("segmentor",))]
        return [*encoder, (inside.bottleneck, ("bottleneck",)), *decoder, *tail]

    def vgg_stages(self) -> list[nn.Module]:
        """What `vgg13_bn` has too, in its order."""
        return list(self.anatomy_encoder.down)


class AnatomyEncoder(nn.Module):
    """U-Net with a residual bottleneck that assigns each pixel to one of eight factors.

    Args of `forward`:
        x: (B, 3, H, W) float.

    Returns of `forward`:
        (B, 8, H, W) one-hot over channels.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *_CHANNELS)
        self.down = nn.ModuleList(double_convolution(a, b, b) for a, b in itertools.pairwise(widths))
        self.bottleneck = _Residual(_CHANNELS[-1])
        above = (*reversed(_CHANNELS),)
        below = (_CHANNELS[-1], *above[:-1])
        self.up = nn.ModuleList(_Up(under, out) for under, out in zip(below, above, strict=True))
        self.factors = nn.Conv2d(_CHANNELS[0], _FACTORS, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottleneck(x)
        for stage in self.up:
            x = stage(x, skips.pop())
        return hard_assignment(self.factors(x), draw=self.training)


class ModalityEncoder(nn.Module):
    """What the anatomy leaves open: light, colour, texture, as a normal distribution of eight numbers.

    Args of `forward`:
        anatomy: (B, 8, H, W).
        x: (B, 3, H, W) picture in [-1, 1], of any size.

    Returns of `forward`:
        mean and log variance, each (B, 8).
    """

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        widths = (_FACTORS + 3, 16, 32, 64, 128)
        for inside, outside in itertools.pairwise(widths):
            conv = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
            stages += [conv, nn.BatchNorm2d(outside), nn.LeakyReLU(_SLOPE)]
        self.convolutions = nn.Sequential(*stages)
        # The published layer is tied to pictures of one size; pooling to 4×4 is not.
        self.summary = nn.Sequential(
            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128 * 16, 32), nn.LeakyReLU(_SLOPE)
        )
        self.mean = nn.Linear(32, _STYLE)
        self.log_variance = nn.Linear(32, _STYLE)

    def forward(self, anatomy: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        summary = self.summary(self.convolutions(torch.cat([anatomy, x], dim=1)))
        return self.mean(summary), self.log_variance(summary)


class Decoder(nn.Module):
    """Paints the picture again: anatomy says where, the modality says how.

    Args of `forward`:
        anatomy: (B, 8, H, W).
        style: (B, 8).

    Returns of `forward`:
        (B, 3, H, W) in [-1, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (_FACTORS, 128, 64, 32, 3)
        pairs = list(itertools.pairwise(widths))
        self.styles = nn.ModuleList(nn.Linear(_STYLE, 2 * inside) for inside, _ in pairs)
        self.convolutions = nn.ModuleList(nn.Conv2d(inside, outside, 3, padding=1) for inside, outside in pairs)

    def forward(self, anatomy: Tensor, style: Tensor) -> Tensor:
        x = anatomy
        for i, (affine, convolution) in enumerate(zip(self.styles, self.convolutions, strict=True)):
            x = convolution(_restyle(x, affine(style)))
            x = F.leaky_relu(x, _SLOPE) if i < len(self.convolutions) - 1 else torch.tanh(x)
        return x


class _Residual(nn.Module):
    """Two convolutions and what they were given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolutions = double_convolution(channels, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.convolutions(x)


class _Up(nn.Module):
    """Enlarge by copying, narrow, join the skip, two convolutions."""

    def __init__(self, under: int, outside: int) -> None:
        super().__init__()
        self.enlarge = nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(under, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside)
        )
        self.convolutions = double_convolution(2 * outside, outside, outside)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convolutions(torch.cat([skip, F.relu(self.enlarge(x))], dim=1))


def hard_assignment(scores: Tensor, draw: bool) -> Tensor:
    """Each pixel to one channel: the largest, or one drawn in proportion (Gumbel-softmax, temperature 1).

    Gradients go as if it were a softmax (straight-through). Relevance goes to the winner, unchanged.

    Args:
        scores: (B, C, H, W) logits.
        draw: draw, as in training.

    Returns:
        (B, C, H, W) one-hot over channels.

    Source: Jang et al. 2017, arXiv 1611.01144, section 2.2.
    """
    if has_torch_function_unary(scores):
        return handle_torch_function(hard_assignment, (scores,), scores, draw)
    if draw:
        return F.gumbel_softmax(scores, hard=True, dim=1)
    winners = torch.zeros_like(scores).scatter_(1, scores.argmax(1, keepdim=True), 1.0)
    if not scores.requires_grad:
        return winners
    soft = scores.softmax(1)
    return winners + (soft - soft.detach())


# Read by the relevance engine, which knows no network: a one-hot value is the winner's alone.
hard_assignment.relevance_passes = True  # type: ignore[attr-defined]


def _restyle(x: Tensor, style: Tensor) -> Tensor:
    """AdaIN: each channel to mean 0 and deviation 1, then scaled and shifted. Huang & Belongie 2017, eq. 8."""
    scale, shift = style[:, :, None, None].chunk(2, dim=1)
    return F.instance_norm(x) * (1 + scale) + shift
