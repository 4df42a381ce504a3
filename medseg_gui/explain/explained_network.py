"""A network made ready to be explained: frozen, its blocks named, its layers read."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from medseg_gui.errors import ExplanationError, NoRuleError
from medseg_gui.explain.blocks import BOTTLENECK, watch_blocks
from medseg_gui.explain.layer_book import LayerBook, read_layers
from medseg_gui.explain.relevance_mode import RelevanceMode
from medseg_gui.explain.rules import RULES, RuleBook

_PARITY = 1e-4


class ExplainedNetwork:
    """Owns a network for explanations; one owner thread.

    Args:
        network: gives logits (B, 1, H, W); taken over: frozen, in eval mode, its blocks watched.
        example: (1, 3, H, W) float, any content, on the network's device.
        low, high: smallest and largest value that a pixel can have after normalisation, broadcastable to
            `example`.

    Raises:
        ExplanationError: the explained network computes something else than the network.
    """

    def __init__(self, network: nn.Module, example: Tensor, low: Tensor, high: Tensor) -> None:
        self.network = network.eval().requires_grad_(False)
        self.low, self.high = low, high
        watch_blocks(network)
        with torch.inference_mode(False):
            self.book: LayerBook = read_layers(network, example)
        self.parity = self._check_parity(example)

    @property
    def block_names(self) -> tuple[str, ...]:
        """Names of the blocks in network order."""
        return self.book.blocks

    @property
    def cam_block_names(self) -> tuple[str, ...]:
        """Blocks that Grad-CAM and HiResCAM can look at: from the encoder's end to the last decoder block."""
        names = self.book.blocks
        return names[names.index(BOTTLENECK) :] if BOTTLENECK in names else names

    def watching(self, pixels: Tensor, rules: RuleBook) -> RelevanceMode:
        """The mode under which the network's gradients are relevances."""
        low, high = (bound.to(pixels.dtype).expand_as(pixels) for bound in (self.low, self.high))
        return RelevanceMode(self.book, rules, pixels, low, high)

    def _check_parity(self, example: Tensor) -> float:
        """Largest difference of the explained logits to the network's own, as a share of the largest logit.

        NaN where an operation has no rule: then there is nothing to compare, and LRP will say so when asked.
        """
        with torch.no_grad():
            plain = self.network(example)
            try:
                with self.watching(example, RULES["epsilon"]):
                    explained = self.network(example)
            except NoRuleError:
                return math.nan
        worst = float((plain - explained).abs().max() / plain.abs().max().clamp(min=1))
        if not worst <= _PARITY:
            raise ExplanationError(
                f"The explained network differs from the network by {worst:.1e}; its explanations would not be true."
            )
        return worst
