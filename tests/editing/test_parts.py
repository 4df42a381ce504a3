"""Parts, holes, growth and roles of lesions, on shapes that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_gui.editing import parts, roles, shape
from medseg_gui.editing.lesions import Lesions
from medseg_gui.errors import InputError
from medseg_gui.types import INSTRUMENT, POLYP
from tests.editing.shapes import disc, labels, lesions_of, regions

TOOLS = [
    lambda s: parts.fill_holes(s, 1),
    lambda s: parts.keep_largest_part(s, 1),
    lambda s: parts.delete_small_parts(s, 1, 4),
    lambda s: parts.delete_part(s, 3.0, 3.0),
    lambda s: parts.fill_hole_at(s, 1, 3.0, 3.0),
    lambda s: roles.delete_lesion(s, 1),
    lambda s: roles.merge(s, [1, 2]),
    lambda s: roles.split_parts(s, 1),
]
BRACKET = """
.........
.11111.2.
.1...1.2.
.1.3.1.2.
.1...1...
.11111.1.
.........
"""


def drawing(text: str) -> Lesions:
    return lesions_of([[0 if c == "." else int(c) for c in line] for line in text.split()])


@settings(deadline=None)
@given(labels, st.sampled_from(range(len(TOOLS))))
def test_every_tool_is_undone_exactly(array: np.ndarray, number: int) -> None:
    lesions = lesions_of(array)
    change = TOOLS[number](lesions)
    back = lesions.edited(change).edited(change.reversed())
    np.testing.assert_array_equal(back.labels, array)
    assert back.classes == lesions.classes


@settings(deadline=None)
@given(labels, st.sampled_from([0, 1, 2]))
def test_tools_that_clean_up_find_nothing_the_second_time(array: np.ndarray, number: int) -> None:
    lesions = lesions_of(array)
    once = lesions.edited(TOOLS[number](lesions))
    assert TOOLS[number](once).is_empty


def test_filling_spares_a_lesion_in_the_hole() -> None:
    lesions = drawing(BRACKET)
    after = lesions.edited(parts.fill_holes(lesions, 1))
    assert after.areas_px() == {1: 25, 2: 3, 3: 1}


def test_small_holes_alone_are_filled() -> None:
    lesions = drawing("1111111 1.11..1 1111..1 1111111")
    assert lesions.edited(parts.fill_holes(lesions, 1, largest_px=1)).areas_px()[1] == 24
    assert lesions.edited(parts.fill_hole_at(lesions, 1, 4.5, 1.5)).areas_px()[1] == 27
    assert parts.fill_hole_at(lesions, 1, 0.5, 0.5).is_empty


def test_an_opening_at_a_corner_closes_no_hole_but_an_edge_does() -> None:
    cornered = drawing("11.. 1.1. 11..  ....")
    assert cornered.edited(parts.fill_holes(cornered, 1)).areas_px()[1] == 7
    opened = drawing("11.. 1... 11.. ....")
    assert parts.fill_holes(opened, 1).is_empty


def test_a_hole_at_the_edge_of_the_frame_is_open() -> None:
    assert parts.fill_holes(drawing("1.1 1.1 111"), 1).is_empty


def test_the_largest_part_stays() -> None:
    lesions = drawing(BRACKET)
    after = lesions.edited(parts.keep_largest_part(lesions, 1))
    assert after.areas_px() == {1: 16, 2: 3, 3: 1}
    assert parts.keep_largest_part(lesions_of(np.zeros((4, 4))), 1).is_empty


def test_a_part_is_deleted_where_one_points() -> None:
    lesions = drawing(BRACKET)
    assert lesions.edited(parts.delete_part(lesions, 7.5, 5.5)).areas_px() == {1: 16, 2: 3, 3: 1}
    assert parts.delete_part(lesions, 0, 0).is_empty
    assert parts.delete_part(lesions, -5, 900).is_empty


@settings(deadline=None)
@given(st.integers(-12, 12), st.integers(-12, 12))
def test_a_part_moves_by_whole_pixels(dx: int, dy: int) -> None:
    array = np.zeros((10, 11), np.uint16)
    array[3:6, 4:8] = 1
    array[0, 0] = 1
    array[9, 10] = 2
    lesions = lesions_of(array)
    after = lesions.edited(parts.move_part(lesions, 4.5, 3.5, dx, dy)).labels
    expected = np.where(array == 1, 0, array)
    expected[0, 0] = 1
    for row, column in np.add(np.argwhere(array[3:6, 4:8]), (3 + dy, 4 + dx)):
        if 0 <= row < 10 and 0 <= column < 11 and expected[row, column] != 2:
            expected[row, column] = 1
    np.testing.assert_array_equal(after, expected)


@settings(deadline=None)
@given(regions, st.floats(0.5, 4))
def test_growing_is_by_distance_between_centres(region: np.ndarray, distance: float) -> None:
    lesions = lesions_of(region)
    after = lesions.edited(shape.grow(lesions, 1, distance)).region(1)
    set_pixels = np.argwhere(region)
    for pixel in np.ndindex(*region.shape):
        nearest = np.sqrt(((set_pixels - pixel) ** 2).sum(axis=1)).min() if len(set_pixels) else np.inf
        if abs(nearest - distance) > 1e-3:
            assert after[pixel] == (nearest < distance)


@settings(deadline=None)
@given(regions, st.floats(0.5, 3))
def test_shrinking_is_growing_of_the_rest(region: np.ndarray, distance: float) -> None:
    lesions, rest = lesions_of(region), lesions_of(~region)
    shrunk = lesions.edited(shape.shrink(lesions, 1, distance)).region(1)
    grown_rest = rest.edited(shape.grow(rest, 1, distance)).region(1)
    np.testing.assert_array_equal(shrunk, ~grown_rest)


def test_smoothing_removes_a_spike_and_keeps_the_body() -> None:
    body = disc((60, 60), 30, 30, 15)
    spiky = body.copy()
    spiky[30, 44:58] = True
    lesions = lesions_of(spiky)
    after = lesions.edited(shape.smooth(lesions, 1, 2.0)).region(1)
    assert not after[30, 49:].any()
    assert abs(int(after.sum()) - int(body.sum())) < 0.05 * body.sum()
    assert shape.smooth(lesions, 1, 0).is_empty


@pytest.mark.parametrize("tool", [shape.grow, shape.shrink, shape.smooth])
def test_a_lesion_without_pixels_stays_so(tool) -> None:  # type: ignore[no-untyped-def]
    assert tool(lesions_of(np.zeros((5, 5))), 1, 2.0).is_empty


def test_signed_distance_is_half_a_pixel_at_the_rim() -> None:
    distance = shape.signed_distance(np.array([[False, False, True, True, False]]))
    np.testing.assert_allclose(distance, [[1.5, 0.5, -0.5, -0.5, 0.5]])


def test_a_class_changes_without_touching_a_pixel() -> None:
    lesions = drawing(BRACKET)
    change = roles.change_class(lesions, 1, INSTRUMENT)
    after = lesions.edited(change)
    assert (after.classes[1], lesions.classes[1]) == (INSTRUMENT, POLYP)
    assert after.to_mask()[1, 1] == INSTRUMENT
    assert not change.is_empty
    with pytest.raises(InputError, match="choose a lesion"):
        roles.change_class(lesions, 9, POLYP)


def test_merging_keeps_the_first_number() -> None:
    lesions = drawing(BRACKET)
    after = lesions.edited(roles.merge(lesions, [2, 1, 3]))
    assert after.areas_px() == {2: 21}
    assert after.classes == {2: INSTRUMENT}
    with pytest.raises(InputError, match="no lesion 7"):
        roles.merge(lesions, [1, 7])
    with pytest.raises(InputError, match="No lesions"):
        roles.merge(lesions, [])


def test_parts_become_lesions() -> None:
    lesions = drawing(BRACKET)
    after = lesions.edited(roles.split_parts(lesions, 1))
    assert after.areas_px() == {1: 16, 2: 3, 3: 1, 4: 1}
    assert after.classes[4] == lesions.classes[1]


def test_a_cut_loses_no_pixel() -> None:
    lesions = lesions_of(disc((60, 60), 30, 30, 20))
    after = lesions.edited(roles.split_along(lesions, 1, [(40, -5), (38, 30), (40, 70)]))
    np.testing.assert_array_equal(after.labels > 0, lesions.labels > 0)
    assert set(np.unique(after.labels)) == {0, 1, 4}
    assert after.areas_px()[1] > after.areas_px()[4] > 100
    assert after.at(45, 30) == 4
    assert roles.split_along(lesions, 1, [(0, 0), (5, 5)]).is_empty


def test_one_frame_becomes_another_and_back() -> None:
    one, other = drawing(BRACKET), Lesions.empty((7, 9))
    change = roles.whole_frame(one, other)
    assert not one.edited(change).labels.any()
    np.testing.assert_array_equal(other.edited(change.reversed()).labels, one.labels)
