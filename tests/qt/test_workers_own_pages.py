"""Explanations in memory of their own."""

from __future__ import annotations

import numpy as np

from medseg_gui.qt.relevance_cache import maps_of
from medseg_gui.qt.workers.own_pages import in_own_pages
from medseg_gui.types import ExplanationRequest, Frame
from tests.qt.fakes import make_relevance


def test_maps_are_the_same_in_memory_of_their_own() -> None:
    frame = Frame(1, 0.04, "id", np.zeros((48, 64, 3), np.uint8))
    made = make_relevance(frame, ExplanationRequest(), "w@1", outside=0.01)
    kept = in_own_pages(made)
    assert (kept.frame_index, kept.request, kept.trust) == (made.frame_index, made.request, made.trust)
    for mine, theirs in zip(maps_of(kept), maps_of(made), strict=True):
        assert not np.shares_memory(mine, theirs)
        np.testing.assert_array_equal(mine, theirs)
        assert (mine.dtype, mine.flags.writeable) == (theirs.dtype, False)
