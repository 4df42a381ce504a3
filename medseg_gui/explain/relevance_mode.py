"""Runs an untouched network so that the gradient of any of its tensors is that tensor's relevance.

A `TorchFunctionMode` sees every function that the network calls and is local to its thread. Values are, up to rounding,
what they ever were; only the way back is another one: each function becomes an autograd function whose backward is a
relevance rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode, resolve_name

from medseg_gui.errors import NoRuleError
from medseg_gui.explain.blocks import mark, named_tensors
from medseg_gui.explain.layer_book import LayerBook, norm_affine
from medseg_gui.explain.linear_map import (
    Convolution,
    LayerWeights,
    LinearMap,
    MatrixProduct,
    as_channels,
    convolution,
    transposed_convolution,
)
from medseg_gui.explain.pieces import ON_DOUBLED, Piece, Pieces, is_doubling, split_weights, takes_doubled
from medseg_gui.explain.rules import LayerCall, Ledger, RuleBook, Term, box, output_of

_Backward = Callable[[Tensor], Sequence[Tensor | None]]


class _WithRule(torch.autograd.Function):
    """Gives a value that was computed elsewhere, and relevance instead of a gradient."""

    @staticmethod
    def forward(ctx: Any, value: Callable[[], Tensor], share: _Backward, *inputs: Tensor) -> Tensor:
        ctx.share = share
        return value()

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor) -> Any:
        return (None, None, *ctx.share(relevance[0]))


class RelevanceMode(TorchFunctionMode):
    """The network's functions with rules.

    Args:
        book: the network's layers.
        rules: which rule holds where.
        pixels: the network's input, requiring grad.
        low, high: smallest and largest value of each pixel, shape of `pixels`.

    Attributes:
        ledger: filled by each backward pass.
        blocks: name -> output of each block that was passed.
        skips: name -> what a concatenation took of that block's output.
        pieces: what was enlarged, and what was put beside it.
    """

    def __init__(self, book: LayerBook, rules: RuleBook, pixels: Tensor, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.book = book
        self.rules = rules
        self.ledger = Ledger()
        self.blocks: dict[str, Tensor] = {}
        self.skips: dict[str, Tensor] = {}
        self.pieces = Pieces()
        # Bounds go along with the pixels through a padding. The tensors are kept so that their ids stay theirs.
        self._bounds: dict[int, tuple[Tensor, Tensor, Tensor]] = {id(pixels): (pixels, low, high)}
        self._last_layer = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _HANDLERS:
            return _HANDLERS[func](self, *args, **kwargs)
        if getattr(func, "relevance_passes", False):  # a network's own function says so
            return _activation(func)(self, *args, **kwargs)
        result = func(*args, **kwargs)
        if func not in _PASSING and _needs_grad(result):
            name = resolve_name(func) or getattr(func, "__name__", str(func))
            where = f" after {self._last_layer}" if self._last_layer else ""
            raise NoRuleError(
                f"Relevance has no rule for {name}{where} in this network; choose Grad-CAM or HiResCAM instead."
            )
        return result

    def layer(self, linear: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """A convolution or matrix product under the rule of its place."""
        weights = self.book.layers.get(id(weight)) or LayerWeights(weight.detach(), bias)
        self._last_layer = weights.name
        pieces = self.pieces.of(x) if isinstance(linear, Convolution) and takes_doubled(linear, weight) else [Piece(x)]
        terms = [
            Term(ON_DOUBLED if piece.is_doubled else linear, part, piece.source.detach())
            for piece, part in zip(pieces, split_weights(weights, pieces), strict=True)
        ]
        z = output_of(terms, weights.bias)
        if not x.requires_grad:
            return z
        call = LayerCall(terms, weights.bias, z, self.ledger)
        if self.rules.box_at_pixels and id(x) in self._bounds:
            share = box(call, *self._bounds[id(x)][1:])
        else:
            share = (self.rules.head if weights.is_head else self.rules.body)(call)
        return self.with_rule(z, share, *(piece.source for piece in pieces))

    def with_rule(self, value: Tensor, share: _Backward, *inputs: Tensor) -> Tensor:
        """`value` as a function of `inputs` whose way back is `share`."""
        # `detach` keeps the memory format, which a view would lose, and makes a tensor that `share` does not hold:
        # else output and rule would hold each other for ever.
        return _WithRule.apply(value.detach, share, *inputs)

    def proportional(self, *summands: Tensor) -> Tensor:
        """A sum whose relevance is split in proportion to the summands."""
        parts = [s.detach() for s in summands]
        z = parts[0] + parts[1]
        ledger = self.ledger  # a rule that held the mode would hold its blocks, and they the rule, for ever

        def share(relevance: Tensor) -> list[Tensor | None]:
            s = ledger.divide(relevance, z)
            for part in constant:
                ledger.book_constant(s, part.expand_as(s))
            return [_fit(p * s, p.shape) if v.requires_grad else None for p, v in zip(parts, summands, strict=True)]

        constant = [s.detach() for s in summands if not s.requires_grad]
        return self.with_rule(z, share, *summands)

    def carry_bounds(self, x: Tensor, result: Tensor, function: Callable[[Tensor], Tensor]) -> None:
        """Let the bounds of pixels follow a function that only moves them."""
        if id(x) in self._bounds:
            _, low, high = self._bounds[id(x)]
            self._bounds[id(result)] = (result, function(low), function(high))

    def note_skips(self, pieces: Sequence[Tensor]) -> list[Tensor]:
        """Give what a concatenation takes names of their own, so that each one's relevance can be asked for."""
        owners = {id(tensor): name for name, tensor in self.blocks.items() if name.startswith(("encoder", "skip"))}
        own = []
        for piece in pieces:
            alias = self.with_rule(piece, lambda r: (_dense(r),), piece) if piece.requires_grad else piece
            if id(piece) in owners:
                self.skips[owners[id(piece)]] = alias
            own.append(alias)
        return own


def _mark(run: RelevanceMode, /, output: Any, names: tuple[str, ...]) -> Any:
    named = dict(named_tensors(output, names))
    for block in named.values():
        run.pieces.forget(block)  # else its relevance would go around it
    run.blocks |= named
    return output


def _convolution(run: RelevanceMode, /, *args: Any, **kwargs: Any) -> Tensor:
    return run.layer(*convolution(*args, **kwargs))


def _transposed_convolution(run: RelevanceMode, /, *args: Any, **kwargs: Any) -> Tensor:
    return run.layer(*transposed_convolution(*args, **kwargs))


def _linear(run: RelevanceMode, /, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002
    return run.layer(MatrixProduct(), input, weight, bias)


def _batch_norm(
    run: RelevanceMode,
    /,
    input: Tensor,  # noqa: A002
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Merged: nothing left to do. Otherwise an affine map of each value, its shift a bias."""
    if id(running_mean) in run.book.merged_norms:
        return input
    affine = norm_affine(running_mean, running_var, weight, bias, eps)
    if affine is None or training:
        raise NoRuleError("Relevance needs a BatchNorm with running statistics in eval mode; load trained weights.")
    scale, shift = affine
    scaled = input.detach() * as_channels(scale, input)
    z = scaled + as_channels(shift, input)
    ledger = run.ledger
    return run.with_rule(z, lambda r: (scaled * ledger.divide(r, z, shift),), input)


def _activation(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Relevance passes through an activation unchanged."""

    def passing(run: RelevanceMode, /, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:  # noqa: A002
        # In place it would write over what rules below still need.
        if args and args[-1] is True:  # where torch has `inplace`
            args = (*args[:-1], False)
        if "inplace" in kwargs:
            kwargs["inplace"] = False
        return run.with_rule(function(input.detach(), *args, **kwargs), lambda r: (r,), input)

    return passing


def _add(run: RelevanceMode, /, input: Any, other: Any, *, alpha: float = 1) -> Tensor:  # noqa: A002
    tensor = input if isinstance(input, Tensor) else other
    both = [v if isinstance(v, Tensor) else torch.full_like(tensor, float(v)) for v in (input, other)]
    return run.proportional(both[0], both[1] if alpha == 1 else both[1] * alpha)


def _subtract(run: RelevanceMode, /, input: Any, other: Any, *, alpha: float = 1) -> Tensor:  # noqa: A002
    if not isinstance(other, Tensor):
        return _add(run, input, -alpha * other)
    return _add(run, input, run.with_rule(other.detach() * -alpha, lambda r: (r,), other))


def _multiply(run: RelevanceMode, /, input: Any, other: Any) -> Tensor:  # noqa: A002
    """A constant factor changes values, not who is responsible for them."""
    varying = [v for v in (input, other) if isinstance(v, Tensor) and v.requires_grad]
    if not varying:
        return input * other
    if len(varying) > 1:
        raise NoRuleError("Relevance has no rule for a product of two features; choose Grad-CAM or HiResCAM instead.")
    constant = other if varying[0] is input else input
    value = varying[0].detach() * constant
    return run.with_rule(value, lambda r: (_fit(r, varying[0].shape),), varying[0])


def _divide(run: RelevanceMode, /, input: Any, other: Any) -> Tensor:  # noqa: A002
    if isinstance(other, Tensor) and other.requires_grad:
        raise NoRuleError("Relevance has no rule for a quotient of two features; choose Grad-CAM or HiResCAM instead.")
    return _multiply(run, input, 1 / other)


def _averaging(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A linear function without weights: what it sums is shared in proportion."""

    def shared(run: RelevanceMode, /, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:  # noqa: A002
        with torch.enable_grad():
            leaf = input.detach().requires_grad_()
            linear = function(leaf, *args, **kwargs)
        z, ledger = linear.detach(), run.ledger

        def share(relevance: Tensor) -> list[Tensor]:
            s = ledger.divide(relevance, z)
            return [leaf.detach() * torch.autograd.grad(linear, leaf, s, retain_graph=True)[0]]

        return run.with_rule(z, share, input)

    return shared


def _interpolate(run: RelevanceMode, /, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:  # noqa: A002
    way = kwargs.get("mode", args[2] if len(args) > 2 else "nearest")
    if way.startswith("nearest"):
        result = F.interpolate(input, *args, **kwargs)  # copies: autograd gathers their relevance
        if is_doubling(result, input, way):
            run.pieces.note(result, [Piece(input, is_doubled=True)])
        return result
    if way == "bicubic":
        raise NoRuleError("Relevance has no rule for bicubic interpolation; choose Grad-CAM or HiResCAM instead.")
    return _averaging(F.interpolate)(run, input, *args, **kwargs)


def _pad(run: RelevanceMode, /, input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:  # noqa: A002
    if mode == "constant" and value:
        raise NoRuleError("Relevance has no rule for padding with a value; choose Grad-CAM or HiResCAM instead.")
    result = F.pad(input, pad, mode)
    run.carry_bounds(input, result, lambda bound: F.pad(bound, pad, mode))
    return result


def _cat(run: RelevanceMode, /, tensors: Sequence[Tensor], *args: Any, **kwargs: Any) -> Tensor:
    own = run.note_skips(tensors)
    result = torch.cat(own, *args, **kwargs)
    if kwargs.get("dim", args[0] if args else 0) == 1 and any(t in run.pieces for t in tensors):
        pieces = [
            run.pieces.of(t) if t in run.pieces else [Piece(alias)] for t, alias in zip(tensors, own, strict=True)
        ]
        run.pieces.note(result, list(itertools.chain(*pieces)))
    return result


def _fit(relevance: Tensor, shape: torch.Size) -> Tensor:
    return relevance.sum_to_size(shape) if relevance.shape != shape else relevance


def _dense(relevance: Tensor) -> Tensor:
    """A slice of channels in memory of its own: layers below are faster on it."""
    last = relevance.dim() == 4 and relevance.stride(1) == 1
    return relevance.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def _needs_grad(result: Any) -> bool:
    if isinstance(result, list | tuple):
        return any(_needs_grad(r) for r in result)
    return isinstance(result, Tensor) and result.requires_grad


_ACTIVATIONS = (
    F.relu, F.relu6, F.hardtanh, F.leaky_relu, F.elu, F.celu, F.selu, F.silu, F.gelu, F.mish, F.hardswish, F.softplus,
    F.rrelu, F.tanh, F.sigmoid, F.logsigmoid, F.hardsigmoid, torch.relu, torch.tanh, torch.sigmoid,
    Tensor.relu, Tensor.tanh, Tensor.sigmoid, Tensor.clamp, torch.clamp,
)  # fmt: skip
_AVERAGES = (F.avg_pool2d, F.adaptive_avg_pool2d, F.upsample)
# Autograd's own way back is the rule: a maximum's winner takes all, a copy's relevance is gathered, a view moves it.
_PASSING = {
    F.max_pool2d, torch.max_pool2d, F.adaptive_max_pool2d, F.dropout, F.dropout2d, F.alpha_dropout,
    F.pixel_shuffle, F.pixel_unshuffle, F.channel_shuffle,
    torch.flatten, torch.reshape, torch.permute, torch.squeeze, torch.unsqueeze, torch.chunk, torch.split,
    torch.transpose, torch.stack, torch.clone, torch.narrow, torch.flip,
    Tensor.flatten, Tensor.reshape, Tensor.view, Tensor.view_as, Tensor.permute, Tensor.squeeze, Tensor.unsqueeze,
    Tensor.chunk, Tensor.split, Tensor.transpose, Tensor.contiguous, Tensor.clone, Tensor.narrow, Tensor.flip,
    Tensor.expand, Tensor.repeat, Tensor.to, Tensor.float, Tensor.double, Tensor.__getitem__,
}  # fmt: skip
_HANDLERS: dict[Any, Callable[..., Any]] = {
    mark: _mark,
    F.conv1d: _convolution,
    F.conv2d: _convolution,
    F.conv_transpose1d: _transposed_convolution,
    F.conv_transpose2d: _transposed_convolution,
    F.linear: _linear,
    F.batch_norm: _batch_norm,
    F.interpolate: _interpolate,
    F.pad: _pad,
    torch.cat: _cat,
    torch.concat: _cat,
    **{f: _activation(f) for f in _ACTIVATIONS},
    **dict.fromkeys((torch.relu_, Tensor.relu_), _activation(torch.relu)),
    **{f: _averaging(f) for f in _AVERAGES},
    **dict.fromkeys((torch.add, Tensor.add, Tensor.add_, Tensor.__add__, Tensor.__iadd__, Tensor.__radd__), _add),
    **dict.fromkeys((torch.sub, Tensor.sub, Tensor.sub_, Tensor.__sub__), _subtract),
    **dict.fromkeys((torch.mul, Tensor.mul, Tensor.mul_, Tensor.__mul__, Tensor.__rmul__), _multiply),
    **dict.fromkeys((torch.div, Tensor.div, Tensor.__truediv__), _divide),
}
