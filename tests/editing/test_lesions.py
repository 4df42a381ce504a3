"""The lesions of a frame and their changes, against plain array arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg_gui.editing.change import NOWHERE, Box, box_of
from medseg_gui.editing.lesions import Lesions, lesion_outlines
from medseg_gui.errors import InputError, ShapeError
from medseg_gui.types import INSTRUMENT, POLYP
from tests.editing.shapes import labels, lesions_of


@given(arrays(np.uint8, (9, 11), elements=st.integers(0, 2)))
def test_a_mask_survives_becoming_lesions(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(Lesions.from_mask(mask).to_mask(), mask)


def test_parts_are_numbered_by_size_within_their_class() -> None:
    mask = np.zeros((10, 20), np.uint8)
    mask[0, 0] = POLYP
    mask[3:6, 3:6] = POLYP
    mask[3:9, 10:18] = INSTRUMENT
    lesions = Lesions.from_mask(mask)
    assert dict(lesions.classes) == {1: POLYP, 2: POLYP, 3: INSTRUMENT}
    assert lesions.areas_px() == {1: 9, 2: 1, 3: 48}
    assert (lesions.at(0.5, 0.5), lesions.at(4, 4), lesions.at(12.0, 5.0), lesions.at(-0.1, 3)) == (2, 1, 3, 0)


def test_parts_that_touch_at_a_corner_are_one() -> None:
    assert len(Lesions.from_mask(np.eye(5, dtype=np.uint8)).classes) == 1


@given(labels, st.data())
def test_a_change_taken_back_restores_exactly(array: np.ndarray, data: st.DataObject) -> None:
    lesions = lesions_of(array)
    region = data.draw(arrays(np.bool_, array.shape))
    lesion_id = data.draw(st.integers(0, 5))
    change = lesions.paint(region, Box.whole(array.shape), lesion_id)
    after = lesions.edited(change)
    np.testing.assert_array_equal(after.labels, np.where(region, lesion_id, array))
    back = after.edited(change.reversed())
    np.testing.assert_array_equal(back.labels, array)
    assert back.classes == lesions.classes


@given(labels, st.data())
def test_painting_twice_is_painting_once(array: np.ndarray, data: st.DataObject) -> None:
    region = data.draw(arrays(np.bool_, array.shape))
    once = lesions_of(array).edited(lesions_of(array).paint(region, Box.whole(array.shape), 2))
    assert once.paint(region, Box.whole(array.shape), 2).is_empty


@given(labels, st.data())
def test_replacing_spares_other_lesions(array: np.ndarray, data: st.DataObject) -> None:
    region = data.draw(arrays(np.bool_, array.shape))
    lesions = lesions_of(array)
    after = lesions.edited(lesions.replace(region, Box.whole(array.shape), 1)).labels
    others = array > 1
    np.testing.assert_array_equal(after[others], array[others])
    np.testing.assert_array_equal(after[~others] == 1, region[~others])


def test_a_change_holds_no_more_than_what_differs() -> None:
    lesions = Lesions.empty((2160, 3840))
    region = np.zeros((2160, 3840), np.bool_)
    region[700:710, 800:830] = True
    change = lesions.paint(region, Box.whole(lesions.shape), 1)
    assert change.box == Box(800, 700, 830, 710)
    assert change.after.base is None, "a view would keep the whole frame alive"
    assert lesions.edited(change).areas_px() == {1: 300}


def test_the_mask_of_a_box_is_the_box_of_the_mask() -> None:
    lesions = lesions_of(np.arange(20).reshape(4, 5) % 4)
    box = Box(1, 1, 4, 3)
    np.testing.assert_array_equal(lesions.to_mask(box), lesions.to_mask()[box.slices])


def test_lesions_cannot_be_changed_in_place() -> None:
    lesions = Lesions.empty((4, 4))
    with pytest.raises(ValueError, match="read-only"):
        lesions.labels[0, 0] = 1
    with pytest.raises(TypeError):
        lesions.classes[1] = POLYP  # type: ignore[index]


def test_a_region_that_does_not_fill_its_box_is_refused() -> None:
    with pytest.raises(ShapeError, match="does not fill"):
        Lesions.empty((9, 9)).paint(np.ones((2, 2), np.bool_), Box(0, 0, 3, 2), 1)


def test_a_change_of_another_frame_size_is_refused() -> None:
    change = Lesions.empty((9, 9)).paint(np.ones((9, 9), np.bool_), Box(0, 0, 9, 9), 1)
    with pytest.raises(ShapeError, match="does not fit"):
        Lesions.empty((8, 8)).edited(change)


def test_ids_run_out_in_a_sentence() -> None:
    with pytest.raises(InputError, match="no lesion number left"):
        Lesions(np.zeros((1, 1), np.uint16), {65535: POLYP}).new_id()


def test_an_empty_frame_is_no_trouble() -> None:
    lesions = Lesions.from_mask(np.zeros((0, 0), np.uint8))
    assert dict(lesions.classes) == {}
    assert lesions.paint(np.zeros((0, 0), np.bool_), NOWHERE, 0).is_empty
    assert box_of(np.zeros((0, 5), np.bool_)) == NOWHERE


def test_outlines_are_those_of_each_lesion_alone() -> None:
    array = np.zeros((12, 12))
    array[2:8, 2:8] = 1
    array[4:6, 4:6] = 0
    array[9:11, 9:11] = 2
    drawn = lesion_outlines(lesions_of(array))
    assert [len(drawn[i]) for i in (1, 2, 3)] == [2, 1, 0]
    assert drawn[2][0].min() == 9.5
    assert drawn[2][0].max() == 10.5
