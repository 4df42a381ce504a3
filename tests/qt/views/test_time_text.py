"""Times and places as text."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.views.time_text import duration_s, format_time, place_text, ruler_marks


def source(count: int, rate: float = 25.0, kind: str = "video", start_s: float = 0.0) -> SourceInfo:
    """A source with evenly spaced frames."""
    return SourceInfo("x", kind, "x", "id", start_s + np.arange(count) / rate, rate)


@pytest.mark.parametrize(
    ("time_s", "decimals", "text"),
    [
        (12.48, 3, "00:12.480"),
        (0.0, 3, "00:00.000"),
        (59.9996, 3, "01:00.000"),
        (3723.5, 1, "1:02:03.5"),
        (61.0, 0, "01:01"),
    ],
)
def test_time_is_written_with_minutes_and_seconds(time_s: float, decimals: int, text: str) -> None:
    assert format_time(time_s, decimals) == text


def test_last_frame_counts_towards_the_duration() -> None:
    assert duration_s(source(1450)) == pytest.approx(58.0)
    assert duration_s(source(1)) == 0.0


def test_place_in_a_video_begins_at_zero_wherever_its_clock_begins() -> None:
    assert place_text(source(1450, start_s=1.4), 312) == "00:12.480 / 00:58.000 · frame 312 of 1450"


def test_place_in_a_folder_is_a_number_and_a_name() -> None:
    assert place_text(source(20, kind="folder"), 2, "polyp 3.png") == "image 3 of 20 · polyp 3.png"


@pytest.mark.parametrize("count", [2, 60, 1450, 200_000])
@pytest.mark.parametrize("most", [3, 12])
@pytest.mark.parametrize("kind", ["video", "folder"])
def test_ruler_has_few_round_marks_in_order(count: int, most: int, kind: str) -> None:
    marks = ruler_marks(source(count, kind=kind), most)
    indices = [index for index, _ in marks]
    assert 1 <= len(marks) <= most + 1
    assert indices == sorted(set(indices))
    assert indices[-1] < count
    assert len({text for _, text in marks}) == len(marks)


def test_ruler_marks_stand_at_their_times_when_the_frame_rate_changes() -> None:
    times = np.concatenate([np.arange(0, 10, 0.04), np.arange(10, 20, 0.2)])
    marks = ruler_marks(SourceInfo("x", "video", "x", "id", times, 25.0), most=4)
    assert [text for _, text in marks] == ["00:00", "00:05", "00:10", "00:15"]
    assert [times[round(index)] for index, _ in marks] == pytest.approx([0, 5, 10, 15])


def test_ruler_marks_are_even_though_no_frame_is_at_their_times() -> None:
    times = np.arange(25) / 5
    marks = ruler_marks(SourceInfo("x", "video", "x", "id", times, 5.0), most=10)
    assert [text for _, text in marks][:3] == ["00:00.0", "00:00.5", "00:01.0"]
    assert np.diff([index for index, _ in marks]) == pytest.approx(2.5)
