"""Gradients of a network from one block on, without computing any that nobody asks for.

A decoder's convolution sees what came from below, enlarged, beside a skip connection. Autograd computes the gradient of
both, at the larger size. Here that of the skip is left out, and that of the enlarged part is computed at the size it
had before (`pieces`). The gradients are the same, for about half of the operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from medseg_gui.explain.blocks import mark, named_tensors
from medseg_gui.explain.linear_map import Convolution, convolution, transposed_convolution
from medseg_gui.explain.pieces import ON_DOUBLED, Piece, Pieces, folded, is_doubling, takes_doubled


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
        self._pieces = Pieces()

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
        way = kwargs.get("mode", args[3] if len(args) > 3 else "nearest")
        if func is F.interpolate and is_doubling(result, args[0], way):
            self._pieces.note(result, [Piece(args[0], is_doubled=True)])
        elif func is torch.cat and kwargs.get("dim", args[1] if len(args) > 1 else 0) == 1:
            self._pieces.note(result, [piece for part in args[0] for piece in self._pieces.of(part)])
        elif func in _ACTIVATIONS and args[0] in self._pieces and not _writes(args, kwargs):
            pieces = [Piece(func(p.source, *args[1:], **kwargs), p.is_doubled) for p in self._pieces.of(args[0])]
            self._pieces.note(result, pieces)

    def _convolve(self, func: Any, args: Any, kwargs: Any) -> Tensor:
        x = args[0] if args else kwargs["input"]
        result: Tensor
        if not x.requires_grad or x not in self._pieces:
            result = func(*args, **kwargs)
            return result
        linear, _, weight, bias = _CONVOLUTIONS[func](*args, **kwargs)
        if linear.groups > 1:
            result = func(*args, **kwargs)
            return result
        pieces = self._pieces.of(x)
        weights = weight.split([p.channels for p in pieces], dim=0 if linear.transposed else 1)
        wanted = [(p, w) for p, w in zip(pieces, weights, strict=True) if p.source.requires_grad]
        # The input itself is let go: what the gradients need of it is its shape.
        value = linear.apply(x.detach(), weight, bias)
        return _WithGradient.apply(
            value.detach, lambda g: [_gradient(linear, g, p, w) for p, w in wanted], *(p.source for p, _ in wanted)
        )


def _gradient(linear: Convolution, gradient: Tensor, piece: Piece, weight: Tensor) -> Tensor:
    """Of a convolution's input, for some of its channels."""
    if not piece.is_doubled:
        return linear.pull_back(gradient, weight, piece.source.detach())
    if takes_doubled(linear, weight):
        return ON_DOUBLED.pull_back(gradient, folded(weight), piece.source.detach())
    larger = F.interpolate(piece.source.detach(), scale_factor=2, mode="nearest")
    return 4 * F.avg_pool2d(linear.pull_back(gradient, weight, larger), 2)


def _writes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return bool(kwargs.get("inplace")) or args[-1] is True


_CONVOLUTIONS: dict[Any, Callable[..., Any]] = {F.conv2d: convolution, F.conv_transpose2d: transposed_convolution}
_ACTIVATIONS = frozenset({F.relu, F.leaky_relu, F.relu6, F.silu, torch.relu, Tensor.relu})
