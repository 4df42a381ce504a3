"""What LRP must know of a network before it runs: its layers in the order of the data, BatchNorm merged into them.

The network itself stays as it is. A dry run follows the data, not the order of modules (half of a pix2pix network would
go wrong by that), and each merged weight is kept beside the one it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from medseg_gui.explain.blocks import mark, named_tensors
from medseg_gui.explain.linear_map import LayerWeights

_TRANSPOSED = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
_LAYERS = (F.conv1d, F.conv2d, F.conv3d, F.linear, *_TRANSPOSED)


@dataclass
class LayerBook:
    """Weights as the rules use them.

    Attributes:
        layers: id of a layer's own weight -> the weights with BatchNorm in them.
        merged_norms: ids of the running means of every BatchNorm that is in them.
        norms_left: BatchNorms that stay layers of their own (before a padded convolution, after a sum).
        blocks: names of the network's blocks, in network order.
    """

    layers: dict[int, LayerWeights] = field(default_factory=dict)
    merged_norms: set[int] = field(default_factory=set)
    norms_left: int = 0
    blocks: tuple[str, ...] = ()


@dataclass
class _Call:
    """One call of the dry run: which function, on what, giving what."""

    function: Any
    inputs: list[Tensor]
    output: Tensor
    arguments: dict[str, Any]
    blocks_before: int


def read_layers(network: nn.Module, example: Tensor) -> LayerBook:
    """Run a network once and merge its BatchNorms along the data flow.

    Args:
        network: in eval mode, its blocks watched (`blocks.watch_blocks`).
        example: (1, 3, H, W) float input of any content.
    """
    with torch.no_grad(), _DryRun() as run:
        network(example)
    names = {id(p): name.rpartition(".")[0] for name, p in network.named_parameters()}
    book = LayerBook(blocks=tuple(run.blocks))
    layers = [call for call in run.calls if call.function in _LAYERS]
    for call in layers:
        weight, bias = call.arguments["weight"], call.arguments["bias"]
        is_head = call.blocks_before == len(run.blocks) or call is layers[-1]
        book.layers[id(weight)] = LayerWeights(weight, bias, names.get(id(weight), ""), is_head)
    _merge_norms(book, run.calls)
    return book


class _DryRun(TorchFunctionMode):
    """Writes down every call that gives a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self.blocks: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is mark:
            self.blocks += [name for name, _ in named_tensors(*args)]
        elif isinstance(result, Tensor):
            arguments = _layer_arguments(*args, **(kwargs or {})) if func in _LAYERS else {}
            if func is F.batch_norm:
                arguments = _norm_arguments(*args, **(kwargs or {}))
            inputs = [a for a in (*args, *(kwargs or {}).values()) if isinstance(a, Tensor)]
            for group in args:
                inputs += [a for a in group if isinstance(a, Tensor)] if isinstance(group, list | tuple) else []
            self.calls.append(_Call(func, inputs, result, arguments, len(self.blocks)))
        return result


def _layer_arguments(input: Tensor, weight: Tensor, bias: Tensor | None = None, *args: Any, **kwargs: Any) -> dict:  # noqa: A002
    return {"input": input, "weight": weight, "bias": bias, "rest": (args, kwargs)}


def _norm_arguments(
    input: Tensor,  # noqa: A002
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> dict[str, Any]:
    return {"input": input, "mean": running_mean, "affine": norm_affine(running_mean, running_var, weight, bias, eps)}


def norm_affine(
    mean: Tensor | None, var: Tensor | None, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor] | None:
    """BatchNorm in eval mode as x · scale + shift, each (C,); None without running statistics."""
    if mean is None or var is None:
        return None
    scale = torch.rsqrt(var + eps) if weight is None else weight * torch.rsqrt(var + eps)
    shift = -mean * scale if bias is None else bias - mean * scale
    return scale, shift


def _merge_norms(book: LayerBook, calls: list[_Call]) -> None:
    users: dict[int, list[_Call]] = {}
    for call in calls:
        for tensor in call.inputs:
            users.setdefault(id(tensor), []).append(call)
    makers = {id(call.output): call for call in calls}
    for norm in (c for c in calls if c.function is F.batch_norm):
        if norm.arguments["affine"] is None or len(users[id(norm.arguments["mean"])]) > 1:
            book.norms_left += 1
            continue
        before = makers.get(id(norm.arguments["input"]))
        after = users.get(id(norm.output), [])
        if before is not None and _is_lone_layer(before, users) and len(users[id(before.output)]) == 1:
            _merge_after(book.layers[id(before.arguments["weight"])], norm, before.function in _TRANSPOSED)
        elif len(after) == 1 and _is_lone_layer(after[0], users) and _sees_no_border(after[0]):
            _merge_before(book.layers[id(after[0].arguments["weight"])], norm)
        else:
            book.norms_left += 1
            continue
        book.merged_norms.add(id(norm.arguments["mean"]))


def _is_lone_layer(call: _Call, users: dict[int, list[_Call]]) -> bool:
    """A layer whose weight is used once: another use would meet a BatchNorm that is not its own."""
    return call.function in _LAYERS and len(users[id(call.arguments["weight"])]) == 1


def _sees_no_border(call: _Call) -> bool:
    """Whether a shift before the layer is the same everywhere: padding with zeros would differ at the border."""
    args, kwargs = call.arguments["rest"]
    padding = kwargs.get("padding", args[1] if len(args) > 1 else 0)
    groups = kwargs.get("groups", args[3] if len(args) > 3 else 1)
    plain = call.function in (F.conv1d, F.conv2d, F.conv3d)
    return call.function is F.linear or (plain and groups == 1 and padding in (0, (0,), (0, 0), (0, 0, 0)))


def _merge_after(layer: LayerWeights, norm: _Call, transposed: bool) -> None:
    """norm(W x + b) = (scale·W) x + (scale·b + shift)."""
    scale, shift = norm.arguments["affine"]
    if transposed:
        # (inputs, outputs / groups, …): the channels of all groups stand one after the other.
        inputs, outputs = layer.weight.shape[:2]
        groups = scale.numel() // outputs
        by_group = scale.view(groups, 1, outputs).expand(groups, inputs // groups, outputs)
        factor = by_group.reshape(inputs, outputs, *[1] * (layer.weight.dim() - 2))
    else:
        factor = scale.view(-1, *[1] * (layer.weight.dim() - 1))
    layer.weight = layer.weight * factor
    layer.bias = shift if layer.bias is None else layer.bias * scale + shift


def _merge_before(layer: LayerWeights, norm: _Call) -> None:
    """W (scale·x + shift) + b = (W·scale) x + (W shift + b)."""
    scale, shift = norm.arguments["affine"]
    shape = (1, -1, *[1] * (layer.weight.dim() - 2))
    added = (layer.weight * shift.view(shape)).flatten(1).sum(1)
    layer.weight = layer.weight * scale.view(shape)
    layer.bias = added if layer.bias is None else layer.bias + added
