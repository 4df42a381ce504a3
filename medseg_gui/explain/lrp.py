"""Layer-wise relevance propagation: one pass forward, then one backward for each thing to be explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from medseg_gui.errors import InputError
from medseg_gui.explain.explained_network import ExplainedNetwork
from medseg_gui.explain.rules import RULES


@dataclass(frozen=True, eq=False)
class RelevanceMaps:
    """Where the relevance of a start went.

    Attributes:
        pixels: (B, H, W) relevance of the input, summed over colours.
        blocks: name -> (B, h, w) relevance of each block's output, summed over channels, in network order.
        skips: block -> what its skip connection carried.
        ledger_error: abs(Σ pixels + Σ bias + Σ stabiliser − Σ start) / Σ abs(start); None where no ledger is kept.
        bias, stabiliser: what these took.
    """

    pixels: Tensor
    blocks: Mapping[str, Tensor]
    skips: Mapping[str, float]
    ledger_error: float | None
    bias: float = 0.0
    stabiliser: float = 0.0


class LrpPass:
    """A network's pass over some pictures, ready to be explained as often as wanted.

    Args:
        explained: the network.
        x: (B, 3, H, W) normalised pictures.
        rule: key of RULES.

    Attributes:
        logits: (B, 1, H, W) what the network says, detached.
        pixels: (B, 3, H, W) the pictures, as the tensor whose gradient is its relevance.

    Raises:
        InputError: no rule has this name.
        NoRuleError: an operation of the network is not covered.
    """

    def __init__(self, explained: ExplainedNetwork, x: Tensor, rule: str = "gamma") -> None:
        if rule not in RULES:
            raise InputError(f"There is no rule called {rule!r}; choose one of {', '.join(RULES)}.")
        with torch.inference_mode(False), torch.enable_grad():
            self.pixels = x.detach().clone().requires_grad_()
            self._mode = explained.watching(self.pixels, RULES[rule])
            with self._mode:
                self._logits = explained.network(self.pixels)
        self.logits = self._logits.detach()

    def explain(self, start: Tensor) -> RelevanceMaps:
        """Follow a start relevance back to the pixels, through every block on the way.

        Args:
            start: (B, 1, H, W), shape of the logits.
        """
        blocks, skips = self._mode.blocks, self._mode.skips
        found = self.follow(start, [self.pixels, *blocks.values(), *skips.values()])
        pixels, inner = found[0], iter(found[1:])
        by_block = {name: next(inner).sum(1) for name in blocks}
        carried = {name: float(next(inner).sum()) for name in skips}
        bias, stabiliser = self._mode.ledger.totals()
        missing = float(pixels.double().sum()) + bias + stabiliser - float(start.double().sum())
        error = abs(missing) / max(float(start.abs().sum()), 1e-30)
        return RelevanceMaps(pixels.sum(1), by_block, carried, error, bias, stabiliser)

    def follow(self, start: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Relevance of each tensor; the ledger holds what was booked between them and the logits."""
        self._mode.ledger.clear()
        found = torch.autograd.grad(
            self._logits, list(tensors), start.to(self._logits.dtype), retain_graph=True, allow_unused=True
        )
        return [torch.zeros_like(t) if r is None else r for t, r in zip(tensors, found, strict=True)]
