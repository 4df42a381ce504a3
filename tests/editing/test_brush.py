"""Brush strokes, against a slow and plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_gui.editing.brush import Dab, Stroke, capsule, erase_stroke, paint_stroke
from medseg_gui.editing.change import NOWHERE
from medseg_gui.editing.lesions import Lesions
from tests.editing.shapes import disc, lesions_of

SHAPE = (40, 50)
dabs = st.builds(Dab, st.floats(-10, 60), st.floats(-10, 50), st.floats(0.5, 15))


def hull_by_sampling(a: Dab, b: Dab, slack_px: float) -> np.ndarray:
    """Discs at many places between the two cover their convex hull, but for a sliver."""
    region = np.zeros(SHAPE, np.bool_)
    for t in np.linspace(0, 1, 400):
        r = a.radius_px + (b.radius_px - a.radius_px) * t + slack_px
        if r > 0:
            region |= disc(SHAPE, a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, r)
    return region


@settings(max_examples=60, deadline=None)
@given(dabs, dabs)
def test_a_capsule_is_the_hull_of_its_discs(a: Dab, b: Dab) -> None:
    box, region = capsule(a, b, SHAPE)
    drawn = np.zeros(SHAPE, np.bool_)
    drawn[box.slices] = region
    assert not (hull_by_sampling(a, b, -0.05) & ~drawn).any()
    assert not (drawn & ~hull_by_sampling(a, b, 0.05)).any()


def test_one_point_is_one_disc() -> None:
    lesions = Lesions.empty(SHAPE)
    after = lesions.edited(paint_stroke(lesions, np.array([[20.25, 15.5]]), 3, 7.0))
    np.testing.assert_array_equal(after.region(3), disc(SHAPE, 20.25, 15.5, 7))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 55), st.floats(-5, 45), st.floats(0, 1)), min_size=1, max_size=6))
def test_what_a_stroke_reports_is_what_it_changes(points: list[tuple[float, float, float]]) -> None:
    lesions = lesions_of(np.indices(SHAPE)[1] // 13)
    stroke = Stroke(lesions, 1, 4.0)
    reported = np.zeros(SHAPE, np.bool_)
    shown = lesions.to_mask()
    for point in points:
        box = stroke.add(*point)
        reported[box.slices] = True
        shown[box.slices] = stroke.tile(box)
    before_end = lesions.edited(stroke.finish())
    changed = before_end.labels != lesions.labels
    last_half = disc(SHAPE, *points[-1][:2], 60)  # the last half step is drawn by `finish`
    assert not (changed & ~reported & ~last_half).any()
    np.testing.assert_array_equal(shown[reported & ~changed], lesions.to_mask()[reported & ~changed])
    restored = before_end.edited(stroke.finish().reversed())
    np.testing.assert_array_equal(restored.labels, lesions.labels)


def test_a_stroke_ends_where_the_pointer_was() -> None:
    lesions = Lesions.empty(SHAPE)
    change = paint_stroke(lesions, np.array([[5, 5], [20, 5], [45, 30]]), 1, 1.0)
    assert lesions.edited(change).at(44.9, 30) == 1


def test_a_curve_has_no_corner() -> None:
    lesions = Lesions.empty((100, 100))
    change = paint_stroke(lesions, np.array([[10, 90], [10, 10], [90, 10]]), 1, 1.0)
    after = lesions.edited(change)
    assert after.at(10.5, 10.5) == 0, "the corner is rounded"
    assert after.at(10.5, 89) == after.at(89, 10.5) == 1


def test_pressure_makes_the_line_thinner() -> None:
    lesions = Lesions.empty(SHAPE)
    areas = [
        int(lesions.edited(paint_stroke(lesions, np.array([[20, 20, p]]), 1, 10)).region(1).sum())
        for p in (0.0, 0.5, 1.0)
    ]
    assert 0 < areas[0] < areas[1] < areas[2]


def test_the_eraser_takes_from_all_lesions() -> None:
    lesions = lesions_of(np.indices(SHAPE)[1] // 20)
    after = lesions.edited(erase_stroke(lesions, np.array([[0, 20], [50, 20]]), 5))
    assert not after.labels[15:25].any()
    np.testing.assert_array_equal(after.labels[:14], lesions.labels[:14])


def test_a_stroke_may_spare_other_lesions() -> None:
    lesions = lesions_of(np.indices(SHAPE)[1] // 20)
    stroke = Stroke(lesions, 1, 30, over=(0, 1))
    stroke.add(20, 20)
    after = lesions.edited(stroke.finish())
    np.testing.assert_array_equal(after.region(2), lesions.region(2))


def test_outside_the_frame_nothing_happens() -> None:
    lesions = Lesions.empty(SHAPE)
    stroke = Stroke(lesions, 1, 3)
    assert stroke.add(500, 500) == NOWHERE
    assert stroke.add(-500, 500) == NOWHERE
    assert not Stroke(lesions, 0, 3).finish().classes_after
    assert not lesions.edited(stroke.finish()).labels.any()


@pytest.mark.parametrize("radius_px", [1, 40, 400])
def test_a_4k_segment_touches_only_its_surroundings(radius_px: float) -> None:
    """The cost is that of the box, which is what keeps a stroke quick on a frame of any size."""
    stroke = Stroke(Lesions.empty((2160, 3840)), 1, radius_px)
    stroke.add(1000, 1000)
    stroke.add(1020, 1010)
    box = stroke.add(1040, 1000)
    height, width = box.shape
    assert height <= 2 * radius_px + 12
    assert width <= 2 * radius_px + 24
