"""Convolutions and matrix products as what they are to a relevance rule: a linear map and its transpose."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from medseg_gui.errors import NoRuleError


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


def convolution(
    input: Tensor,  # noqa: A002  torch's own names, which callers use
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Convolution, Tensor, Tensor, Tensor | None]:
    """A call of `torch.nn.functional.conv1d` or `conv2d` -> (linear map, input, weight, bias).

    Raises:
        NoRuleError: "same" padding of an even kernel, which is not the same on both sides.
    """
    n = weight.dim() - 2
    dilations = _as_tuple(dilation, n)
    if isinstance(padding, str):
        padding = _padding_by_name(padding, tuple(weight.shape[2:]), dilations)
    linear = Convolution(_as_tuple(stride, n), _as_tuple(padding, n), dilations, groups, False, (0,) * n)
    return linear, input, weight, bias


def transposed_convolution(
    input: Tensor,  # noqa: A002
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> tuple[Convolution, Tensor, Tensor, Tensor | None]:
    """A call of `torch.nn.functional.conv_transpose1d` or `conv_transpose2d`, likewise."""
    n = weight.dim() - 2
    strides, paddings, dilations, added = (_as_tuple(v, n) for v in (stride, padding, dilation, output_padding))
    return Convolution(strides, paddings, dilations, groups, True, added), input, weight, bias


class MatrixProduct:
    """A fully connected layer."""

    def apply(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.linear(x, weight, bias)

    def pull_back(self, s: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return s @ weight


def _as_it_is(weight: Tensor) -> Tensor:
    return weight


@dataclass(eq=False)
class TermWeights:
    """Weights of a layer for some of its input channels; the forms that rules need are made once.

    Attributes:
        own: in the layer's own shape.
        arrange: gives them the shape that the linear map takes.
    """

    own: Tensor
    arrange: Callable[[Tensor], Tensor] = _as_it_is

    @cached_property
    def all(self) -> Tensor:
        return self.arrange(self.own)

    @cached_property
    def positive(self) -> Tensor:
        return self.arrange(self.own.clamp(min=0))

    @cached_property
    def negative(self) -> Tensor:
        return self.arrange(self.own.clamp(max=0))

    @cached_property
    def absolute(self) -> Tensor:
        return self.arrange(self.own.abs())


@dataclass(eq=False)
class LayerWeights:
    """Weights of one layer with BatchNorm already in them.

    Attributes:
        weight: as the layer's own.
        bias: (C,) or None.
        name: of the layer in the network, for messages.
        is_head: whether it comes after the last block, next to the logits.
        of_terms: weights by the pieces of the input that they were split for.
    """

    weight: Tensor
    bias: Tensor | None
    name: str = ""
    is_head: bool = False
    of_terms: dict[Hashable, list[TermWeights]] = field(default_factory=dict)


def as_channels(bias: Tensor, like: Tensor) -> Tensor:
    """A (C,) vector in a shape that adds to the channels of `like`: second axis of pictures, last of matrices."""
    return bias.view(1, -1, *[1] * (like.dim() - 2)) if like.dim() > 2 else bias


def _padding_by_name(name: str, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    if name == "valid":
        return (0,) * len(kernel)
    if any(k % 2 == 0 for k in kernel):
        raise NoRuleError("Relevance has no rule for 'same' padding of an even kernel; choose Grad-CAM or HiResCAM.")
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))


def _as_tuple(value: Any, n: int) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    return values * n if len(values) == 1 else values
