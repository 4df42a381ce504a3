"""Explanations that were made already, within a bound of memory: going back to a frame costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from medseg_gui.types import ExplanationRequest, Relevance

MOST_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class CacheKey:
    """What an explanation belongs to: two equal keys have one result."""

    weights_id: str
    source_id: str
    frame_index: int
    request: ExplanationRequest


class RelevanceCache:
    """The least recently used goes first when there is no more room.

    Args:
        most_bytes: what all maps together may take.

    Attributes:
        hits: how often an explanation was found.
        used_bytes: what the maps take now.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[CacheKey, Relevance] = OrderedDict()
        self.hits = 0
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: CacheKey) -> Relevance | None:
        """The explanation, also one whose stability was measured in addition; None when there is none."""
        measured = replace(key, request=replace(key.request, with_stability=True))
        for k in (measured, key):
            if k in self._kept:
                self._kept.move_to_end(k)
                self.hits += 1
                return self._kept[k]
        return None

    def put(self, key: CacheKey, relevance: Relevance) -> None:
        """Keep one; it may push out others, or be too large itself."""
        self._drop(key)
        self._kept[key] = relevance
        self.used_bytes += size_bytes(relevance)
        while self.used_bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def outside_shares(self, weights_id: str, source_id: str, request: ExplanationRequest) -> dict[int, float]:
        """Frame index -> relevance outside the mask, for all frames of one question that are kept."""
        plain = replace(request, with_stability=False)
        return {
            k.frame_index: r.trust.outside
            for k, r in self._kept.items()
            if (k.weights_id, k.source_id) == (weights_id, source_id)
            and replace(k.request, with_stability=False) == plain
        }

    def _drop(self, key: CacheKey) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self.used_bytes -= size_bytes(gone)


def size_bytes(relevance: Relevance) -> int:
    """Memory of its maps."""
    return sum(m.nbytes for m in maps_of(relevance))


def maps_of(relevance: Relevance) -> tuple[NDArray[Any], ...]:
    """All arrays that it is made of."""
    return relevance.values, relevance.lesion_numbers, *relevance.lesions, *(y.values for y in relevance.layers)
