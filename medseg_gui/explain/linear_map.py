"""Convolutions and matrix products as what they are to a relevance rule: a linear map and its transpose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class LinearMap(Protocol):
    """x -> W x, and the way back."""

    def apply(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """W x + b."""
        ...

    def pull_back(self, s: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        """Wᵀ s, of the shape of `x`."""
        ...


@dataclass(frozen=True)
class Convolution:
    """Any convolution: grouped, depthwise, dilated, transposed. Arguments as in `torch.nn.functional`."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    transposed: bool = False
    output_padding: tuple[int, ...] = (0, 0)

    def apply(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return torch.ops.aten.convolution(
            x,
            weight,
            bias,
            self.stride,
            self.padding,
            self.dilation,
            self.transposed,
            self.output_padding,
            self.groups,
        )

    def pull_back(self, s: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return torch.ops.aten.convolution_backward(
            s,
            x,
            weight,
            None,
            self.stride,
            self.padding,
            self.dilation,
            self.transposed,
            self.output_padding,
            self.groups,
            (True, False, False),
        )[0]


class MatrixProduct:
    """A fully connected layer."""

    def apply(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.linear(x, weight, bias)

    def pull_back(self, s: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return s @ weight


@dataclass(eq=False)
class LayerWeights:
    """Weights of one layer with BatchNorm already in them; the parts that rules need are made once.

    Attributes:
        weight: as the layer's own.
        bias: (C,) or None.
        name: of the layer in the network, for messages.
        is_head: whether it comes after the last block, next to the logits.
    """

    weight: Tensor
    bias: Tensor | None
    name: str = ""
    is_head: bool = False

    @cached_property
    def positive(self) -> Tensor:
        return self.weight.clamp(min=0)

    @cached_property
    def negative(self) -> Tensor:
        return self.weight.clamp(max=0)

    @cached_property
    def absolute(self) -> Tensor:
        return self.weight.abs()


def as_channels(bias: Tensor, like: Tensor) -> Tensor:
    """A (C,) vector in a shape that adds to the channels of `like`: second axis of pictures, last of matrices."""
    return bias.view(1, -1, *[1] * (like.dim() - 2)) if like.dim() > 2 else bias
