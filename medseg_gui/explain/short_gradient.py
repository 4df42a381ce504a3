"""Gradients of a network from one block on, without computing any that nobody asks for.

A decoder's convolution sees what came from below, enlarged, beside a skip connection. Autograd computes the gradient of
both, at the larger size. Here that of the skip is left out, and that of the enlarged part is computed at the size it
had before: a 3×3 convolution after doubling is a 4×4 one of stride 2 on the way back, with 16 products a pixel instead
of 36. The gradients are the same, for about half of the operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from medseg_gui.explain.blocks import mark, named_tensors
from medseg_gui.explain.linear_map import Convolution, convolution, transposed_convolution


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some channels of a tensor: `source`, or each of its pixels four times."""

    source: Tensor
    is_doubled: bool = False

    @property
    def channels(self) -> int:
        return self.source.shape[1]


class _WithGradient(torch.autograd.Function):
    """A value computed elsewhere with a gradient of our own."""

    @staticmethod
    def forward(ctx: Any, value: Callable[[], Tensor], gradients: Callable[[Tensor], Any], *sources: Tensor) -> Tensor:
        ctx.gradients = gradients
        return value()

    @staticmethod
    def backward(ctx: Any, *gradient: Tensor) -> Any:
        return (None, None, *ctx.gradients(gradient[0]))


class GradientsFrom(TorchFunctionMode):
    """Cuts the graph at one block, whose output becomes a leaf; local to its thread, as all such modes.

    Args:
        block: name of the block.

    Attributes:
        leaf: its output, once the network has run.
    """

    def __init__(self, block: str) -> None:
        super().__init__()
        self._block = block
        self.leaf: Tensor
        # The tensors are kept so that their ids stay theirs.
        self._pieces: dict[int, tuple[Tensor, list[_Piece]]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is mark:
            return self._cut(func(*args, **kwargs), named_tensors(*args))
        if func in _CONVOLUTIONS:
            return self._convolve(func, args, kwargs)
        result = func(*args, **kwargs)
        if isinstance(result, Tensor) and result.requires_grad and result.dim() == 4:
            self._note(func, args, kwargs, result)
        return result

    def _cut(self, result: Any, named: list[tuple[str, Tensor]]) -> Any:
        found = dict(named).get(self._block)
        if found is None:
            return result
        self.leaf = found.detach().requires_grad_()
        return self.leaf if isinstance(result, Tensor) else [self.leaf if r is found else r for r in result]

    def _note(self, func: Any, args: Any, kwargs: Any, result: Tensor) -> None:
        """Remember what a tensor was put together from."""
        if func is F.interpolate and _is_doubling(result, args, kwargs):
            self._pieces[id(result)] = (result, [_Piece(args[0], is_doubled=True)])
        elif func is torch.cat and kwargs.get("dim", args[1] if len(args) > 1 else 0) == 1:
            self._pieces[id(result)] = (result, [piece for part in args[0] for piece in self._pieces_of(part)])
        elif func in _ACTIVATIONS and id(args[0]) in self._pieces and not _writes(args, kwargs):
            pieces = [_Piece(func(p.source, *args[1:], **kwargs), p.is_doubled) for p in self._pieces_of(args[0])]
            self._pieces[id(result)] = (result, pieces)

    def _pieces_of(self, x: Tensor) -> list[_Piece]:
        return self._pieces.get(id(x), (x, [_Piece(x)]))[1]

    def _convolve(self, func: Any, args: Any, kwargs: Any) -> Tensor:
        x = args[0] if args else kwargs["input"]
        result: Tensor
        if not x.requires_grad or id(x) not in self._pieces:
            result = func(*args, **kwargs)
            return result
        linear, _, weight, bias = _CONVOLUTIONS[func](*args, **kwargs)
        if linear.groups > 1:
            result = func(*args, **kwargs)
            return result
        pieces = self._pieces_of(x)
        weights = weight.split([p.channels for p in pieces], dim=0 if linear.transposed else 1)
        wanted = [(p, w) for p, w in zip(pieces, weights, strict=True) if p.source.requires_grad]
        # The input itself is let go: what the gradients need of it is its shape.
        value = linear.apply(x.detach(), weight, bias)
        return _WithGradient.apply(
            value.detach, lambda g: [_gradient(linear, g, p, w) for p, w in wanted], *(p.source for p, _ in wanted)
        )


def _gradient(linear: Convolution, gradient: Tensor, piece: _Piece, weight: Tensor) -> Tensor:
    """Of a convolution's input, for some of its channels."""
    if not piece.is_doubled:
        return linear.pull_back(gradient, weight, piece.source.detach())
    if not linear.transposed and _keeps_size(linear, weight):
        return F.conv2d(gradient, _folded(weight), stride=2, padding=1)
    larger = F.interpolate(piece.source.detach(), scale_factor=2, mode="nearest")
    return 4 * F.avg_pool2d(linear.pull_back(gradient, weight, larger), 2)


def _folded(weight: Tensor) -> Tensor:
    """(out, in, 3, 3) weights after a doubling -> (in, out, 4, 4) weights of the gradient before it.

    A small pixel is four large ones; each of them reaches 3×3 outputs, together 4×4, with the sums of their weights.
    """
    turned = weight.flip(2, 3).transpose(0, 1)
    sums: Tensor = F.pad(turned, (1, 0, 0, 0)) + F.pad(turned, (0, 1, 0, 0))
    sums = F.pad(sums, (0, 0, 1, 0)) + F.pad(sums, (0, 0, 0, 1))
    return sums.contiguous(memory_format=torch.channels_last)


def _keeps_size(linear: Convolution, weight: Tensor) -> bool:
    plain = linear.stride == (1, 1) and linear.dilation == (1, 1) and linear.padding == (1, 1)
    return plain and tuple(weight.shape[2:]) == (3, 3)


def _is_doubling(result: Tensor, args: Any, kwargs: Any) -> bool:
    way = kwargs.get("mode", args[3] if len(args) > 3 else "nearest")
    height, width = args[0].shape[2:]
    return way == "nearest" and tuple(result.shape[2:]) == (2 * height, 2 * width)


def _writes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return bool(kwargs.get("inplace")) or args[-1] is True


_CONVOLUTIONS: dict[Any, Callable[..., Any]] = {F.conv2d: convolution, F.conv_transpose2d: transposed_convolution}
_ACTIVATIONS = frozenset({F.relu, F.leaky_relu, F.relu6, F.silu, torch.relu, Tensor.relu})
