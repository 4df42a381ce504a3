"""Propagation, interpolation, flicker and the clipboard on a textured frame that moves by known amounts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from medseg_gui.editing.clipboard import copy, paste
from medseg_gui.editing.flicker import flicker, mean_entropy
from medseg_gui.editing.flow import motion
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.propagation import agreement, interpolate, propagate, propagate_run
from medseg_gui.errors import ShapeError
from medseg_gui.types import INSTRUMENT, POLYP
from tests.editing.shapes import disc, labels, lesions_of

SHAPE = (144, 192)
LESION = disc(SHAPE, 80, 70, 28)


def texture(seed: int = 0) -> np.ndarray:
    """Blobs of several sizes, as vessels and folds give; nothing repeats."""
    noise = np.random.default_rng(seed).normal(0, 1, (*SHAPE, 3)).astype(np.float32)
    mixed = sum(cv2.GaussianBlur(noise, (0, 0), s) * s for s in (2, 5, 11))
    return np.clip(130 + 40 * mixed, 0, 255).astype(np.uint8)


def moved(array: np.ndarray, dx: int, dy: int) -> np.ndarray:
    return np.roll(array, (dy, dx), axis=(0, 1))


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (6, 0), (-5, 4), (3, -7)])
def test_a_mask_follows_the_tissue(dx: int, dy: int) -> None:
    rgb, lesions = texture(), lesions_of(LESION)
    carried = propagate(lesions, rgb, moved(rgb, dx, dy))
    assert agreement(carried.lesions.region(1), moved(LESION, dx, dy)) > 0.95
    assert carried.confidence > 0.7


def test_another_scene_is_not_followed() -> None:
    lesions = lesions_of(LESION)
    assert propagate(lesions, texture(), texture(1)).confidence < 0.5
    frames = [(moved(texture(), 2, 0), None), (texture(1), None), (texture(), None)]
    assert len(list(propagate_run(lesions, texture(), frames))) == 1


def test_the_network_mends_what_was_carried() -> None:
    rgb = texture()
    truth = disc(SHAPE, 84, 72, 28)
    alone = propagate(lesions_of(LESION), rgb, rgb)
    helped = propagate(lesions_of(LESION), rgb, rgb, {POLYP: truth.astype(np.float32)})
    assert agreement(helped.lesions.region(1), truth) > agreement(alone.lesions.region(1), truth)


def test_a_network_that_sees_something_else_changes_nothing_but_the_confidence() -> None:
    rgb, elsewhere = texture(), disc(SHAPE, 170, 120, 12).astype(np.float32)
    alone = propagate(lesions_of(LESION), rgb, rgb)
    helped = propagate(lesions_of(LESION), rgb, rgb, {POLYP: elsewhere})
    np.testing.assert_array_equal(helped.lesions.labels, alone.lesions.labels)
    assert helped.confidence < alone.confidence


def soft(region: np.ndarray) -> dict[int, np.ndarray]:
    """What a network that marks this region gives."""
    return {POLYP: cv2.GaussianBlur(np.where(region, 0.98, 0.02).astype(np.float32), (0, 0), 1.0)}


def test_a_lesion_that_the_network_misses_stays() -> None:
    rgb, elsewhere = texture(), soft(disc(SHAPE, 165, 25, 14))
    frames = [(moved(rgb, 3 * k, 0), elsewhere) for k in (1, 2, 3)]
    steps = list(propagate_run(lesions_of(LESION), rgb, frames, probability=elsewhere))
    assert len(steps) == 3
    assert agreement(steps[-1].lesions.region(1), moved(LESION, 9, 0)) > 0.93


def test_a_correction_travels_with_the_tissue() -> None:
    """The person cut off the half that the network wrongly marks, in both frames."""
    rgb, left = texture(), LESION & (np.arange(SHAPE[1]) < 80)
    step = propagate(lesions_of(left), rgb, moved(rgb, 6, 0), soft(moved(LESION, 6, 0)), soft(LESION))
    wanted = moved(left, 6, 0)
    assert agreement(step.lesions.region(1), wanted) > agreement(moved(LESION, 6, 0), wanted) + 0.05


def test_a_lesion_that_motion_lost_is_found_again_by_the_network() -> None:
    rgb, there = texture(), disc(SHAPE, 140, 60, 30)
    step = propagate(lesions_of(LESION), rgb, texture(1), soft(there), soft(LESION))
    assert agreement(step.lesions.region(1), there) > 0.9
    assert step.confidence > 0.5
    unknown = propagate(lesions_of(LESION), rgb, texture(1), soft(there), soft(there))
    assert unknown.confidence < 0.5


def test_a_part_that_is_rather_another_lesions_is_not_taken() -> None:
    rgb, other = texture(), disc(SHAPE, 160, 100, 18)
    both = Lesions((LESION + 3 * other).astype(np.uint16), {1: POLYP, 3: POLYP})
    step = propagate(both, rgb, rgb, soft(other), soft(LESION | other))
    assert agreement(step.lesions.region(3), other) > 0.9
    assert step.confidence_of[1] < step.confidence_of[3]


def test_ids_and_classes_travel_and_nothing_is_no_trouble() -> None:
    rgb = texture()
    both = lesions_of(np.where(LESION, 1, np.where(disc(SHAPE, 150, 40, 15), 2, 0)))
    carried = propagate(both, rgb, moved(rgb, 4, 0))
    assert carried.lesions.classes == both.classes
    assert set(carried.confidence_of) == {1, 2}
    assert agreement(carried.lesions.region(2), moved(both.region(2), 4, 0)) > 0.9
    assert propagate(Lesions.empty(SHAPE), rgb, rgb).confidence == 1.0
    assert list(propagate_run(Lesions.empty(SHAPE), rgb, [(rgb, None)])) == []


def test_frames_of_two_sizes_share_no_motion() -> None:
    with pytest.raises(ShapeError, match="share no motion"):
        motion(texture(), texture()[:100])


def test_interpolation_meets_both_ends_and_the_middle() -> None:
    first, last = lesions_of(disc(SHAPE, 60, 70, 20)), lesions_of(disc(SHAPE, 100, 80, 30))
    np.testing.assert_array_equal(interpolate(first, last, 0.0).labels, first.labels)
    np.testing.assert_array_equal(interpolate(first, last, 1.0).labels, last.labels)
    assert agreement(interpolate(first, last, 0.5).region(1), disc(SHAPE, 80, 75, 25)) > 0.97


@settings(deadline=None, max_examples=20)
@given(labels)
def test_interpolating_a_frame_with_itself_changes_nothing(array: np.ndarray) -> None:
    lesions = lesions_of(array)
    np.testing.assert_array_equal(interpolate(lesions, lesions, 0.5).labels, lesions.labels)


def test_a_lesion_of_one_frame_alone_stays_away() -> None:
    first, last = lesions_of(np.where(LESION, 1, 0)), lesions_of(np.where(LESION, 2, 0))
    assert not interpolate(first, last, 0.5).labels.any()


def test_flicker_is_low_for_moving_tissue_and_high_for_a_jumping_mask() -> None:
    rgb, mask = texture(), LESION.astype(np.uint8)
    follows = flicker(moved(mask, 5, 0), moved(rgb, 5, 0), mask, rgb)
    jumps = flicker(moved(mask, 90, 0), moved(rgb, 5, 0), mask, rgb)
    assert follows < 0.15
    assert jumps > 0.95
    assert flicker(np.zeros_like(mask), rgb, np.zeros_like(mask), rgb) == 0.0
    assert flicker(np.zeros_like(mask), rgb, mask, rgb) == 1.0


def test_entropy_is_one_bit_where_views_contradict() -> None:
    sure = np.zeros((3, 4), np.float32)
    assert mean_entropy([sure, 1 - sure]) == pytest.approx(1.0)
    assert mean_entropy([sure, sure]) == pytest.approx(0.0, abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(labels)
def test_paste_gives_back_what_was_copied(array: np.ndarray) -> None:
    lesions, empty = lesions_of(array), Lesions.empty(array.shape)
    np.testing.assert_array_equal(empty.edited(paste(empty, copy(lesions))).labels, array)
    only = empty.edited(paste(empty, copy(lesions, [2, 99])))
    np.testing.assert_array_equal(only.labels, np.where(array == 2, 2, 0))


def test_a_number_in_use_for_another_class_is_changed() -> None:
    target, source = lesions_of([[1, 0]]), Lesions(np.array([[0, 1]], np.uint16), {1: INSTRUMENT})
    after = target.edited(paste(target, source))
    np.testing.assert_array_equal(after.labels, [[1, 4]])
    assert after.classes[4] == INSTRUMENT


def test_pasting_into_another_size_stretches() -> None:
    small, large = lesions_of([[1, 0], [0, 2]]), Lesions.empty((4, 6))
    after = large.edited(paste(large, small))
    np.testing.assert_array_equal(after.labels, np.kron(small.labels, np.ones((2, 3), np.uint16)))
