"""What a tensor was put together from: pieces side by side, each as it was or with each of its pixels four times.

A decoder's convolution sees what came from below, enlarged, beside a skip connection. Looked at piece by piece, the
enlarged part need not be enlarged: a 3×3 convolution after doubling is a transposed 4×4 one of stride 2 before it, with
16 products a pixel instead of 36. The values are the same up to rounding, and so is the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from medseg_gui.explain.linear_map import Convolution, LayerWeights, TermWeights

ON_DOUBLED = Convolution(stride=(2, 2), padding=(1, 1), dilation=(1, 1), groups=1, transposed=True)
"""What a convolution is to a tensor that was doubled for it; its weights are `folded`."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some channels of a tensor: `source`, or each of its pixels four times."""

    source: Tensor
    is_doubled: bool = False

    @property
    def channels(self) -> int:
        return self.source.shape[1]


class Pieces:
    """Remembers, during one pass, which tensors were put together from pieces along the channels."""

    def __init__(self) -> None:
        # The tensors are kept so that their ids stay theirs.
        self._known: dict[int, tuple[Tensor, list[Piece]]] = {}

    def __contains__(self, x: Tensor) -> bool:
        return id(x) in self._known

    def note(self, x: Tensor, pieces: Sequence[Piece]) -> None:
        """Remember what `x` was put together from."""
        self._known[id(x)] = (x, list(pieces))

    def forget(self, x: Tensor) -> None:
        """Take `x` as it is from now on."""
        self._known.pop(id(x), None)

    def of(self, x: Tensor) -> list[Piece]:
        """Its pieces; `x` itself where nothing is known."""
        return self._known.get(id(x), (x, [Piece(x)]))[1]


def is_doubling(result: Tensor, source: Tensor, mode: str) -> bool:
    """Whether an interpolation copied each pixel four times."""
    height, width = source.shape[2:] if source.dim() == 4 else (0, 0)
    return mode == "nearest" and tuple(result.shape[2:]) == (2 * height, 2 * width)


def takes_doubled(linear: Convolution, weight: Tensor) -> bool:
    """Whether it is a convolution of the kind that `folded` is for."""
    plain = not linear.transposed and linear.groups == 1
    at_each_pixel = linear.stride == (1, 1) and linear.dilation == (1, 1) and linear.padding == (1, 1)
    return plain and at_each_pixel and tuple(weight.shape[2:]) == (3, 3)


def split_weights(weights: LayerWeights, pieces: Sequence[Piece]) -> list[TermWeights]:
    """A layer's weights for each piece of its input, those for doubled ones `folded`."""
    layout = tuple((p.channels, p.is_doubled) for p in pieces)
    if layout not in weights.of_terms:
        own = [weights.weight]  # one piece takes them in whatever shape: grouped and transposed ones do not split
        if len(pieces) > 1:
            own = [_dense(part) for part in weights.weight.split([p.channels for p in pieces], dim=1)]
        weights.of_terms[layout] = [
            TermWeights(part, folded) if p.is_doubled else TermWeights(part)
            for part, p in zip(own, pieces, strict=True)
        ]
    return weights.of_terms[layout]


def folded(weight: Tensor) -> Tensor:
    """(out, in, 3, 3) weights after a doubling -> (in, out, 4, 4) weights of `ON_DOUBLED` before it.

    A small pixel is four large ones; each of them reaches 3×3 outputs, together 4×4, with the sums of their weights.
    """
    turned = weight.flip(2, 3).transpose(0, 1)
    sums: Tensor = F.pad(turned, (1, 0, 0, 0)) + F.pad(turned, (0, 1, 0, 0))
    sums = F.pad(sums, (0, 0, 1, 0)) + F.pad(sums, (0, 0, 0, 1))
    return _dense(sums)


def _dense(weight: Tensor) -> Tensor:
    return weight.contiguous(memory_format=torch.channels_last)
