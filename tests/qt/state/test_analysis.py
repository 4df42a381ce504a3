"""Lanes of lesion probability, and the way from lesion to lesion."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_gui.overlay import Overlay
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.types import INSTRUMENT, POLYP, Segmentation


@pytest.fixture
def analysis(qapp: object) -> AnalysisState:
    """Of a source with twelve frames."""
    state = AnalysisState()
    state.reset(12)
    return state


def test_lanes_begin_unseen(analysis: AnalysisState) -> None:
    assert set(analysis.lanes) == {POLYP, INSTRUMENT}
    assert all(np.isnan(lane).all() and len(lane) == 12 for lane in analysis.lanes.values())


def test_a_segmentation_is_noted_on_the_lanes(analysis: AnalysisState) -> None:
    probability = np.array([[0.1, 0.7]], np.float32)
    analysis.set_segmentation(Segmentation(4, "id", (10, 10), {POLYP: probability}))
    assert analysis.lanes[POLYP][4] == pytest.approx(0.7)
    assert np.isnan(analysis.lanes[INSTRUMENT]).all()


def test_many_frames_are_noted_with_one_signal(analysis: AnalysisState) -> None:
    told = []
    analysis.lanes_changed.connect(lambda: told.append(1))
    analysis.note_many({1: {POLYP: 0.5}, 2: {POLYP: 0.25, INSTRUMENT: 1.0}, 99: {POLYP: 1.0}})
    assert np.flatnonzero(~np.isnan(analysis.lanes[POLYP])).tolist() == [1, 2]
    assert analysis.lanes[INSTRUMENT][2] == 1.0
    assert told == [1]


def test_other_weights_begin_their_lane_anew(analysis: AnalysisState) -> None:
    analysis.note_many({1: {POLYP: 0.5, INSTRUMENT: 0.5}})
    analysis.forget_class(POLYP)
    assert np.isnan(analysis.lanes[POLYP]).all()
    assert analysis.lanes[INSTRUMENT][1] == 0.5


def test_forgetting_clears_what_is_drawn(analysis: AnalysisState) -> None:
    analysis.set_overlay(Overlay(0, "id", {}, None, {}))
    analysis.set_late(3)
    analysis.forget_segmentation()
    assert (analysis.segmentation, analysis.overlay, analysis.late_by) == (None, None, 0)


@pytest.mark.parametrize(
    ("start", "forward", "found"),
    [(0, True, 2), (2, True, 11), (8, True, 11), (11, True, None), (11, False, 2), (5, False, 2), (2, False, None)],
)
def test_from_lesion_to_lesion(analysis: AnalysisState, start: int, forward: bool, found: int | None) -> None:
    """Frames 2 to 4 and 11 show a polyp, 6 and 7 an instrument, which is no lesion."""
    analysis.note_many({i: {POLYP: 0.9} for i in (2, 3, 4, 11)})
    analysis.note_many({i: {INSTRUMENT: 0.9, POLYP: 0.1} for i in (6, 7)})
    analysis.note_many({i: {POLYP: 0.1} for i in (0, 1, 5, 8)})
    assert analysis.next_lesion(start, 0.5, forward) == found


def test_unseen_frames_do_not_cut_a_lesion_in_two(analysis: AnalysisState) -> None:
    """A scan looks at every eighth frame first."""
    analysis.note_many({i: {POLYP: p} for i, p in ((0, 0.1), (2, 0.9), (4, 0.9), (6, 0.9), (8, 0.1), (10, 0.9))})
    assert analysis.next_lesion(0, 0.5) == 2
    assert analysis.next_lesion(2, 0.5) == 10


def test_far_apart_frames_with_nothing_seen_between_are_two_lesions(qapp: object) -> None:
    analysis = AnalysisState()
    analysis.reset(100)
    analysis.note_many({i: {POLYP: 0.9} for i in (20, 28, 60)})
    assert analysis.next_lesion(0, 0.5) == 20
    assert analysis.next_lesion(20, 0.5) == 60


def test_a_camera_has_no_lanes_to_fill(qapp: object) -> None:
    state = AnalysisState()
    state.reset(0)
    state.note_many({3: {POLYP: 0.9}})
    assert state.next_lesion(0, 0.5) is None
