"""What is explained: lesions, pixels, rims and near misses."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_gui.errors import ExplanationError, InputError, NothingPredictedError
from medseg_gui.explain.targets import MAX_LESIONS, NEAREST_MISS_PX, lesion_numbers, rim_px, start_relevance
from medseg_gui.types import Target

SIZE = (128, 256)  # of the frame; logits are 64 × 64


@pytest.fixture
def logits() -> np.ndarray:
    """A large lesion, a small one with stronger logits, and a speck."""
    values = np.full((64, 64), -4.0)
    values[5:35, 5:35] = 2.0
    values[40:50, 40:50] = 6.0
    values[60, 60] = 1.0
    return values


def test_lesions_share_the_start_and_add_up_to_one(logits: np.ndarray) -> None:
    starts = start_relevance(logits, Target("mask"), 0.5, SIZE)
    assert len(starts.parts) == 2
    assert sum(float(p.sum()) for p in starts.parts) == pytest.approx(1, abs=1e-6)
    assert float(starts.parts[0].sum()) == pytest.approx(900 * 2 / (900 * 2 + 100 * 6), abs=1e-6)
    assert starts.numbers[10, 10] == 1
    assert starts.numbers[45, 45] == 2
    assert starts.numbers[60, 60] == 0
    assert starts.mask[60, 60]


def test_a_speck_counts_where_there_is_nothing_else(logits: np.ndarray) -> None:
    logits[:55, :55] = -4
    starts = start_relevance(logits, Target("mask"), 0.5, SIZE)
    assert [int(np.count_nonzero(p)) for p in starts.parts] == [1]


def test_a_lesion_is_chosen_by_number_or_by_a_click(logits: np.ndarray) -> None:
    by_number = start_relevance(logits, Target("lesion", number=2), 0.5, SIZE).parts
    clicked = start_relevance(logits, Target("lesion", x=45 * 4, y=45 * 2), 0.5, SIZE).parts
    assert len(by_number) == 1
    np.testing.assert_array_equal(by_number[0], clicked[0])
    assert float(clicked[0].sum()) == pytest.approx(1)
    assert np.count_nonzero(clicked[0]) == 100


def test_a_pixel_below_the_threshold_starts_negative(logits: np.ndarray) -> None:
    (marked,) = start_relevance(logits, Target("pixel", x=40, y=20), 0.5, SIZE).parts
    (unmarked,) = start_relevance(logits, Target("pixel", x=255, y=0), 0.5, SIZE).parts
    assert marked[10, 10] == 1
    assert unmarked[0, 63] == -1
    assert np.count_nonzero(unmarked) == 1


def test_the_rim_is_the_inner_border(logits: np.ndarray) -> None:
    (rim,) = start_relevance(logits, Target("rim"), 0.5, SIZE).parts
    assert rim_px(64) == 1
    assert np.count_nonzero(rim) == 30 * 30 - 28 * 28 + 10 * 10 - 8 * 8
    assert rim[20, 20] == 0


def test_the_nearest_miss_is_what_came_closest(logits: np.ndarray) -> None:
    missed = np.where(logits > 5, -0.5, -4.0)
    starts = start_relevance(missed, Target("nearest_miss"), 0.5, SIZE)
    (part,) = starts.parts
    assert np.count_nonzero(part) == NEAREST_MISS_PX
    assert part.sum() == pytest.approx(-1)
    assert not part[:40].any()
    assert starts.mask.sum() == NEAREST_MISS_PX
    with pytest.raises(NothingPredictedError, match="missed"):
        start_relevance(np.ones((64, 64)), Target("nearest_miss"), 0.5, SIZE)


def test_an_empty_prediction_is_told_with_the_way_out() -> None:
    for kind in ("mask", "rim", "lesion"):
        with pytest.raises(NothingPredictedError, match=r"Nothing is predicted here.*nearest miss"):
            start_relevance(np.full((64, 64), -1.0), Target(kind, number=1), 0.5, SIZE)


def test_a_low_threshold_marks_negative_logits() -> None:
    starts = start_relevance(np.full((64, 64), -0.1), Target("mask"), 0.4, SIZE)
    assert float(starts.parts[0].sum()) == pytest.approx(-1, abs=1e-5)


def test_logits_of_zero_count_alike() -> None:
    starts = start_relevance(np.zeros((8, 8)), Target("mask"), 0.5, SIZE)
    np.testing.assert_allclose(starts.parts[0], 1 / 64)


@pytest.mark.parametrize(
    "target",
    [Target("moon"), Target("pixel"), Target("pixel", x=256, y=0), Target("pixel", x=0, y=-1), Target("lesion")],
)
def test_targets_that_make_no_sense(logits: np.ndarray, target: Target) -> None:
    with pytest.raises(InputError):
        start_relevance(logits, target, 0.5, SIZE)


@pytest.mark.parametrize("target", [Target("lesion", number=3), Target("lesion", number=0), Target("lesion", x=0, y=0)])
def test_lesions_that_are_not_there(logits: np.ndarray, target: Target) -> None:
    with pytest.raises(NothingPredictedError, match="no lesion"):
        start_relevance(logits, target, 0.5, SIZE)


def test_logits_that_are_not_finite_are_told(logits: np.ndarray) -> None:
    logits[0, 0] = np.nan
    with pytest.raises(ExplanationError, match="not finite"):
        start_relevance(logits, Target(), 0.5, SIZE)


def test_many_lesions_are_gathered_in_the_last() -> None:
    marked = np.zeros((256, 256), bool)
    for i in range(12):
        marked[20 * i : 20 * i + 8 + i % 3, 10:20] = True
    numbers = lesion_numbers(marked)
    assert numbers.max() == MAX_LESIONS
    assert np.array_equal(numbers > 0, marked)
