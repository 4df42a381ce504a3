"""Layer-wise relevance: what arrived at each block, and which skip connections carried it. From the same one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from medseg_gui.explain.lrp import RelevanceMaps
from medseg_gui.types import LayerRelevance


def layer_relevance(parts: Sequence[RelevanceMaps]) -> tuple[LayerRelevance, ...]:
    """Blocks in network order.

    Args:
        parts: maps of one picture that add up (one a lesion).
    """
    return tuple(_layer(name, [p.blocks[name][0].float().cpu().numpy() for p in parts]) for name in parts[0].blocks)


def skip_shares(parts: Sequence[RelevanceMaps]) -> Mapping[str, float]:
    """Share of the decision that the skip connection from each block carried; the deepest first.

    They may be negative (it spoke against) and need not sum to 1: the rest came through the bottleneck or stayed with
    biases.
    """
    return {name: sum(p.skips[name] for p in parts) for name in parts[0].skips}


def mean_maps(maps: Sequence[RelevanceMaps]) -> RelevanceMaps:
    """The mean of some maps of as many versions of one picture; the largest of their ledger errors."""
    count = len(maps)
    errors = [m.ledger_error for m in maps if m.ledger_error is not None]
    return RelevanceMaps(
        pixels=torch.stack([m.pixels for m in maps]).mean(0),
        blocks={name: torch.stack([m.blocks[name] for m in maps]).mean(0) for name in maps[0].blocks},
        skips={name: sum(m.skips[name] for m in maps) / count for name in maps[0].skips},
        ledger_error=max(errors, default=None),
        bias=sum(m.bias for m in maps) / count,
        stabiliser=sum(m.stabiliser for m in maps) / count,
    )


def _layer(name: str, values: list[np.ndarray]) -> LayerRelevance:
    total = np.asarray(np.sum(values, axis=0), np.float32)
    return LayerRelevance(name, total, float(total.sum(dtype=np.float64)))
