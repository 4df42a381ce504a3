"""A lane of the timeline as an array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg_gui.qt.views.lanes import column_peaks, lane_picture

CYAN = (0, 229, 255)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_column_is_the_highest_seen_frame_under_it(frames: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lane = rng.random(frames).astype(np.float32)
    lane[rng.random(frames) < 0.3] = np.nan
    peaks = column_peaks(lane, columns)
    for column in range(columns):
        first = column * frames // columns
        end = max((column + 1) * frames // columns, first + 1)
        seen = [v for v in lane[first:end] if not np.isnan(v)]
        assert np.isnan(peaks[column]) if not seen else peaks[column] == max(seen)


def test_one_frame_in_a_long_recording_stays_visible() -> None:
    lane = np.zeros(200_000, np.float32)
    lane[123_456] = 0.9
    assert column_peaks(lane, 800).max() == np.float32(0.9)


def test_nothing_open_is_a_lane_without_anything_seen() -> None:
    assert np.isnan(column_peaks(np.empty(0, np.float32), 10)).all()


def test_picture_shows_height_threshold_and_what_was_not_seen() -> None:
    picture = lane_picture(np.array([np.nan, 0.0, 0.4, 0.8], np.float32), 10, CYAN, threshold=0.5)
    heights = (picture[..., 3] > 0).sum(axis=0)
    assert heights.tolist() == [0, 1, 4, 8]  # a frame in which nothing was found still shows that it was seen
    faint, strong = picture[-1, 2, 3], picture[-1, 3, 3]
    assert strong > 2 * faint > 0
    assert (picture[..., :3] == CYAN).all()


@pytest.mark.parametrize("threshold", [0.3, 0.9])
def test_threshold_decides_what_is_strong(threshold: float) -> None:
    picture = lane_picture(np.array([0.6], np.float32), 10, CYAN, threshold)
    assert (picture[-1, 0, 3] > 200) == (threshold < 0.6)
