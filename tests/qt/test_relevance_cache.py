"""What is kept of earlier explanations, and what goes when there is no more room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_gui.qt.relevance_cache import CacheKey, RelevanceCache, size_bytes
from medseg_gui.types import ExplanationRequest, Frame, Relevance, Target
from tests.qt.fakes import make_relevance

LRP = ExplanationRequest()


def key(index: int, request: ExplanationRequest = LRP, weights_id: str = "w@1", source_id: str = "id") -> CacheKey:
    return CacheKey(weights_id, source_id, index, request)


def relevance(index: int, request: ExplanationRequest = LRP) -> Relevance:
    frame = Frame(index, index / 25, "id", np.zeros((48, 64, 3), np.uint8))
    return make_relevance(frame, request, "w@1", outside=index / 100)


def test_size_counts_every_map() -> None:
    assert size_bytes(relevance(0)) == 3 * 32 * 32 * 4 + 32 * 32 + 4 * (16 * 16 * 2 + 8 * 8 * 2 + 4 * 4)


def test_least_recently_used_goes_first_and_the_bound_holds() -> None:
    size = size_bytes(relevance(0))
    cache = RelevanceCache(most_bytes=3 * size)
    for index in range(3):
        cache.put(key(index), relevance(index))
    assert cache.get(key(0)) is not None  # used again
    cache.put(key(3), relevance(3))
    assert cache.get(key(1)) is None
    assert [cache.get(key(i)).frame_index for i in (0, 2, 3)] == [0, 2, 3]
    assert (len(cache), cache.used_bytes) == (3, 3 * size)


def test_the_same_twice_is_kept_once() -> None:
    cache = RelevanceCache()
    for _ in range(5):
        cache.put(key(1), relevance(1))
    assert (len(cache), cache.used_bytes) == (1, size_bytes(relevance(1)))


def test_one_that_is_larger_than_all_room_is_not_kept() -> None:
    cache = RelevanceCache(most_bytes=100)
    cache.put(key(1), relevance(1))
    assert (len(cache), cache.used_bytes) == (0, 0)


@pytest.mark.parametrize(
    "other",
    [
        key(2),
        key(1, weights_id="w@2"),
        key(1, source_id="other"),
        key(1, replace(LRP, rule="zplus")),
        key(1, replace(LRP, threshold=0.51)),
        key(1, replace(LRP, smooth=True)),
        key(1, replace(LRP, target=Target("pixel", 3, 4))),
    ],
    ids=lambda k: str(k.request.target.kind) + k.weights_id,
)
def test_whatever_differs_is_another_explanation(other: CacheKey) -> None:
    cache = RelevanceCache()
    cache.put(key(1), relevance(1))
    assert cache.get(other) is None
    assert cache.hits == 0


def test_one_with_its_stability_measured_answers_both_questions() -> None:
    measured = replace(LRP, with_stability=True)
    cache = RelevanceCache()
    cache.put(key(1), relevance(1))
    assert cache.get(key(1, measured)) is None
    cache.put(key(1, measured), relevance(1, measured))
    assert cache.get(key(1)).trust.stability is not None


def test_shares_outside_are_those_of_one_question() -> None:
    cache = RelevanceCache()
    for index in (3, 7):
        cache.put(key(index), relevance(index))
    cache.put(key(9, replace(LRP, rule="zplus")), relevance(9))
    assert cache.outside_shares("w@1", "id", LRP) == {3: 0.03, 7: 0.07}
    assert cache.outside_shares("w@2", "id", LRP) == {}
