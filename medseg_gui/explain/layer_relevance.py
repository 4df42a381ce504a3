"""Layer-wise relevance: what arrived at each block, and which skip connections carried it. From the same one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medseg_gui.explain.lrp import RelevanceMaps
from medseg_gui.types import LayerRelevance


def layer_relevance(parts: Sequence[RelevanceMaps]) -> tuple[LayerRelevance, ...]:
    """Blocks in network order.

    Args:
        parts: maps that add up (one a lesion); several pictures in a map are averaged.
    """
    return tuple(
        _layer(name, [p.blocks[name].mean(0).float().cpu().numpy() for p in parts]) for name in parts[0].blocks
    )


def skip_shares(parts: Sequence[RelevanceMaps]) -> Mapping[str, float]:
    """Share of the decision that the skip connection from each block carried; the deepest first.

    They may be negative (it spoke against) and need not sum to 1: the rest came through the bottleneck or stayed with
    biases.
    """
    return {name: sum(p.skips[name] for p in parts) for name in parts[0].skips}


def _layer(name: str, values: list[np.ndarray]) -> LayerRelevance:
    total = np.asarray(np.sum(values, axis=0), np.float32)
    return LayerRelevance(name, total, float(total.sum(dtype=np.float64)))
