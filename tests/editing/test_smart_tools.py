"""Wand, GrabCut, livewire and smart click on drawn lesions whose true outline is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_gui.editing import TOOLS
from medseg_gui.editing.change import Box
from medseg_gui.editing.geodesic import geodesic_distance
from medseg_gui.editing.grabcut import grabcut_box, grabcut_scribble
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.livewire import Livewire
from medseg_gui.editing.propagation import agreement
from medseg_gui.editing.smart_click import SmartClicks
from medseg_gui.editing.wand import wand, wand_region
from medseg_gui.errors import InputError, ShapeError
from tests.editing.shapes import disc, lesions_of

SHAPE = (120, 160)
TRUTH = disc(SHAPE, 80, 60, 30)


def picture(truth: np.ndarray = TRUTH, noise: float = 4.0) -> np.ndarray:
    """Reddish tissue with a paler lesion."""
    rng = np.random.default_rng(0)
    rgb = np.where(truth[..., None], (225, 160, 130), (170, 80, 70)) + rng.normal(0, noise, (*truth.shape, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8)


def probability(marked: np.ndarray, sure: float = 0.97) -> np.ndarray:
    return np.where(marked, sure, 1 - sure).astype(np.float32)


def test_the_wand_takes_what_looks_alike() -> None:
    lesions = Lesions.empty(SHAPE)
    after = lesions.edited(wand(lesions, picture(), 80, 60, 12, 100, 1))
    assert agreement(after.region(1), TRUTH) > 0.97
    assert after.edited(wand(after, picture(), 80, 60, 12, 100, 0)).areas_px()[1] == 0


@settings(deadline=None, max_examples=20)
@given(st.floats(0, 30), st.floats(0, 30), st.floats(1, 60))
def test_more_tolerance_takes_no_less_and_the_radius_bounds(a: float, b: float, radius: float) -> None:
    low, high = sorted((a, b))
    box, less = wand_region(picture(), 80.5, 60.5, low, radius)
    _, more = wand_region(picture(), 80.5, 60.5, high, radius)
    assert not (less & ~more).any()
    assert not (more & ~disc(SHAPE, 80.5, 60.5, radius + 1e-3)[box.slices]).any()
    assert less[60 - box.y0, 80 - box.x0]


def test_the_wand_spares_other_lesions() -> None:
    other = lesions_of(np.where(disc(SHAPE, 90, 60, 5), 2, 0))
    after = other.edited(wand(other, picture(), 70, 60, 12, 100, 1))
    np.testing.assert_array_equal(after.region(2), other.region(2))


def test_the_wand_outside_the_frame_takes_nothing_and_another_size_is_refused() -> None:
    assert wand(Lesions.empty(SHAPE), picture(), -3, 5, 9, 9, 1).box.is_empty
    with pytest.raises(ShapeError, match="must be equal"):
        wand(Lesions.empty((5, 5)), picture(), 3, 3, 9, 9, 1)


@pytest.mark.parametrize("scale", [1, 5])
def test_grabcut_finds_the_object_in_a_box(scale: int) -> None:
    truth = np.kron(TRUTH, np.ones((scale, scale), np.bool_))
    lesions = Lesions.empty(truth.shape)
    box = Box(45 * scale, 25 * scale, 115 * scale, 95 * scale)
    change = grabcut_box(lesions, picture(truth), box, 1)
    region = lesions.edited(change).region(1)
    assert agreement(region, truth) > 0.95
    assert not region[: 25 * scale].any()


def test_grabcut_obeys_scribbles_and_repeats_itself() -> None:
    inside, outside = np.zeros(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
    inside[58:62, 65:95] = True
    outside[20:24, 40:120] = True
    lesions = Lesions.empty(SHAPE)
    once = lesions.edited(grabcut_scribble(lesions, picture(), inside, outside, 1)).region(1)
    again = lesions.edited(grabcut_scribble(lesions, picture(), inside, outside, 1)).region(1)
    assert agreement(once, TRUTH) > 0.95
    assert once[inside].all()
    assert not once[outside].any()
    np.testing.assert_array_equal(once, again)


def test_grabcut_without_box_or_scribble_says_so() -> None:
    nothing = np.zeros(SHAPE, np.bool_)
    with pytest.raises(InputError, match="outside the frame"):
        grabcut_box(Lesions.empty(SHAPE), picture(), Box(900, 900, 950, 950), 1)
    with pytest.raises(InputError, match="No scribble"):
        grabcut_scribble(Lesions.empty(SHAPE), picture(), nothing, nothing, 1)


def test_the_livewire_runs_along_the_edge() -> None:
    wire = Livewire(picture(noise=0))
    wire.anchor(80, 30)
    path = wire.path_to(110, 60)
    off_edge = np.abs(np.hypot(path[:, 0] - 80, path[:, 1] - 60) - 30)
    assert np.median(off_edge) < 2
    assert len(path) > 20
    np.testing.assert_allclose(path[[0, -1]], [(80, 30), (110, 60)])


def test_the_livewire_needs_an_anchor_in_the_frame() -> None:
    with pytest.raises(InputError, match="no start"):
        Livewire(picture()).path_to(3, 3)
    with pytest.raises(InputError, match="outside"):
        Livewire(picture()).anchor(-1, 3)


def test_the_livewire_stays_within_its_reach() -> None:
    wire = Livewire(picture(), reach_px=20)
    wire.anchor(80, 30)
    path = wire.path_to(159, 119)
    assert path[:, 0].max() <= 101
    assert path[:, 1].max() <= 51


def test_geodesic_distance_without_features_is_that_of_king_moves() -> None:
    start = np.full((9, 13), np.inf, np.float32)
    start[4, 6] = 0
    rows, columns = np.abs(np.arange(9) - 4)[:, None], np.abs(np.arange(13) - 6)[None]
    expected = np.maximum(rows, columns) - np.minimum(rows, columns) + np.sqrt(2) * np.minimum(rows, columns)
    np.testing.assert_allclose(geodesic_distance(start, np.zeros((9, 13, 1), np.float32), 5.0), expected, rtol=1e-5)


def test_geodesic_distance_goes_around_a_wall() -> None:
    wall = np.zeros((11, 11, 1), np.float32)
    wall[:9, 5] = 100
    start = np.full((11, 11), np.inf, np.float32)
    start[0, 0] = 0
    distance = geodesic_distance(start, wall, 1.0)
    assert 16 < distance[0, 10] < 30


def test_one_click_recovers_a_lesion_that_the_network_missed() -> None:
    clicks = SmartClicks(picture(), probability(np.zeros(SHAPE, np.bool_)))
    lesions = Lesions.empty(SHAPE)
    after = lesions.edited(clicks.click(lesions, 80, 60, 1, adds=True))
    assert agreement(after.region(1), TRUTH) > 0.85


def test_one_click_cuts_off_spill() -> None:
    spill = disc(SHAPE, 118, 60, 12) & ~TRUTH
    lesions = lesions_of(TRUTH | spill)
    clicks = SmartClicks(picture(), probability(TRUTH | spill, 0.9))
    after = lesions.edited(clicks.click(lesions, 119, 60, 1, adds=False)).region(1)
    assert (after & spill).sum() < 0.1 * spill.sum()
    assert agreement(after, TRUTH) > agreement(TRUTH | spill, TRUTH) + 0.02


def test_a_right_click_into_a_stray_part_removes_it() -> None:
    stray = disc(SHAPE, 20, 20, 8)
    lesions = lesions_of(TRUTH | stray)
    clicks = SmartClicks(picture(), probability(TRUTH | stray))
    after = lesions.edited(clicks.click(lesions, 20, 20, 1, adds=False)).region(1)
    np.testing.assert_array_equal(after, TRUTH)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 159), st.integers(0, 119), st.booleans())
def test_a_click_never_works_against_its_button_and_spares_others(column: int, row: int, adds: bool) -> None:
    lesions = lesions_of(np.where(TRUTH, 1, np.where(disc(SHAPE, 130, 60, 15), 2, 0)))
    clicks = SmartClicks(picture(), probability(disc(SHAPE, 74, 60, 30), 0.9))
    change = clicks.click(lesions, column + 0.5, row + 0.5, 1, adds)
    after = lesions.edited(change)
    before_region, after_region = lesions.region(1), after.region(1)
    assert not (before_region & ~after_region).any() if adds else not (after_region & ~before_region).any()
    np.testing.assert_array_equal(after.region(2), lesions.region(2))
    np.testing.assert_array_equal(after.edited(change.reversed()).labels, lesions.labels)


@pytest.mark.parametrize(("place", "adds"), [((118, 60), True), ((80, 60), False), ((20, 20), True)])
def test_more_reach_takes_all_that_less_takes_and_more(place: tuple[int, int], adds: bool) -> None:
    lesions = lesions_of(disc(SHAPE, 74, 60, 30))
    taken = []
    for reach in (-4.0, 0.0, 4.0):
        clicks = SmartClicks(picture(), probability(disc(SHAPE, 74, 60, 30), 0.9))
        after = lesions.edited(clicks.click(lesions, *place, 1, adds, reach=reach)).region(1)
        taken.append(after ^ lesions.region(1))
    less, plain, more = taken
    assert not (less & ~plain).any()
    assert not (plain & ~more).any()
    assert 0 < less.sum() < more.sum()


def test_a_later_click_respects_an_earlier_opposite_one() -> None:
    lesions = lesions_of(disc(SHAPE, 70, 60, 30))
    clicks = SmartClicks(picture(), probability(disc(SHAPE, 70, 60, 30), 0.8))
    added = lesions.edited(clicks.click(lesions, 105, 60, 1, adds=True))
    assert added.at(105, 60) == 1
    removed = added.edited(clicks.click(added, 44, 60, 1, adds=False))
    assert removed.at(105, 60) == 1
    assert removed.at(44, 60) == 0


def test_clicks_of_another_size_or_place_are_refused() -> None:
    clicks = SmartClicks(picture(), probability(TRUTH))
    with pytest.raises(ShapeError, match="must be equal"):
        clicks.click(Lesions.empty((9, 9)), 3, 3, 1, adds=True)
    with pytest.raises(InputError, match="outside"):
        clicks.click(Lesions.empty(SHAPE), 160, 3, 1, adds=True)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (40, 1)])
def test_odd_sizes_do_not_break_smart_clicks(shape: tuple[int, int]) -> None:
    clicks = SmartClicks(np.zeros((*shape, 3), np.uint8), np.zeros((4, 4), np.float32))
    lesions = Lesions.empty(shape)
    assert lesions.edited(clicks.click(lesions, 0.5, 0.5, 1, adds=True)).at(0.5, 0.5) == 1


@pytest.mark.parametrize("name", list(TOOLS))
def test_every_tool_says_how_it_is_used(name: str) -> None:
    tool = TOOLS[name]
    assert tool.title
    assert callable(tool.function)


def test_no_two_tools_share_a_key() -> None:
    keys = [t.key for t in TOOLS.values() if t.key]
    assert len(keys) == len(set(keys))
