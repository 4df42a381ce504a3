"""Names the blocks of a network, so that a pass through it can be watched without hooks.

A block's output is handed to `mark`. Outside an explanation `mark` gives back what it was given. Inside, it reaches
the `TorchFunctionMode` of that explanation, which is local to its thread: a prediction that runs through the same
network in another thread sees nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function

BOTTLENECK = "bottleneck"


def mark(output: Any, names: tuple[str, ...]) -> Any:
    """Tell a watching mode that blocks have given their outputs; without one, nothing happens.

    Args:
        output: one tensor, or a list of them with the names counted from its end.
        names: of the blocks.
    """
    tensors = _as_tuple(output)
    if has_torch_function(tensors):
        return handle_torch_function(mark, tensors, output, names)
    return output


def named_tensors(output: Any, names: Sequence[str]) -> list[tuple[str, Tensor]]:
    """The pairs that `mark` speaks of, in network order."""
    tensors = _as_tuple(output)
    return list(zip(names, tensors[len(tensors) - len(names) :], strict=True))


def watch_blocks(network: nn.Module) -> None:
    """Let each block of a network mark its output; the network computes what it computed before.

    A network may name them itself (`named_blocks()` gives pairs of a module and the names of its outputs, in network
    order). Three more shapes are known: lists `down` and `up` (the GAN's generator; the last of `up` is the head), an
    `encoder` that gives a list of features beside a `decoder` with `blocks` (segmentation_models_pytorch), and, for any
    other, the children of the network under their own names.
    """
    for module, names in find_blocks(network):
        module.forward = _marking(module.forward, names)


def find_blocks(network: nn.Module) -> Iterable[tuple[nn.Module, tuple[str, ...]]]:
    """Modules and the names of their outputs, in network order; see `watch_blocks`."""
    if hasattr(network, "named_blocks"):
        yield from network.named_blocks()  # type: ignore[operator]  # an nn.Module's attributes pass as tensors
        return
    down, up = getattr(network, "down", None), getattr(network, "up", None)
    if isinstance(down, nn.ModuleList) and isinstance(up, nn.ModuleList):
        stages = [f"encoder {i}" for i in range(1, len(down))]
        yield from ((m, (n,)) for m, n in zip(down, [*stages, BOTTLENECK], strict=True))
        yield from ((m, (f"decoder {i}",)) for i, m in enumerate(list(up)[:-1], start=1))
        return
    encoder, decoder = getattr(network, "encoder", None), getattr(network, "decoder", None)
    blocks = getattr(decoder, "blocks", None)
    if isinstance(encoder, nn.Module) and isinstance(blocks, nn.ModuleList):
        depth = len(encoder.out_channels) - 1  # type: ignore[arg-type]  # the first feature is the picture itself
        yield encoder, (*(f"encoder {i}" for i in range(1, depth)), BOTTLENECK)
        yield from ((m, (f"decoder {i}",)) for i, m in enumerate(blocks, start=1))
        return
    yield from ((module, (name,)) for name, module in network.named_children())


def _marking(forward: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    def marked(*args: Any, **kwargs: Any) -> Any:
        return mark(forward(*args, **kwargs), names)

    return marked


def _as_tuple(output: Any) -> tuple[Tensor, ...]:
    return (output,) if isinstance(output, Tensor) else tuple(output)
