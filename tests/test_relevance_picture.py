"""Relevance as colours: signs, strength, clipping, and what is never painted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg_gui.errors import MedsegError
from medseg_gui.relevance_picture import colour_ramp, colour_relevance, full_scale, shown_values
from medseg_gui.types import ExplanationRequest, Relevance, Trust


def ramp() -> np.ndarray:
    """From -1 to 1, zero in the middle."""
    return np.linspace(-1, 1, 101, dtype=np.float32)[None]


def relevance(*lesions: np.ndarray) -> Relevance:
    values = np.sum(lesions, axis=0, dtype=np.float32)
    trust = Trust("sound", "It adds up.", 0.0, 1.0, 0.0, 0.0)
    numbers = np.zeros(values.shape, np.uint8)
    return Relevance(0, "id", (8, 8), "w@0", ExplanationRequest(), values, lesions, numbers, (), trust)


def test_red_speaks_for_blue_against_and_nothing_is_clear() -> None:
    rgba = colour_relevance(ramp(), signed=True, clip=1.0).rgba[0].astype(int)
    red, _, blue, alpha = rgba.T
    assert (red[51:] >= blue[51:]).all()
    assert (blue[:50] >= red[:50]).all()
    assert (red[100] > 200, blue[100] < 60, red[0] < 60, blue[0] > 200) == (True,) * 4
    assert rgba[50].tolist() == [255, 255, 255, 0]
    assert alpha[0] == alpha[100] == 255
    assert (np.diff(alpha[50:]) >= 0).all()


def test_both_signs_have_the_same_scale() -> None:
    picture = colour_relevance(np.array([[-1.0, 0.25]], np.float32), signed=True, clip=1.0)
    assert picture.scale == 1.0
    assert picture.rgba[0, 1, 3] < 255 / 2  # a quarter of what speaks against is not shown as if it were as strong


def test_unsigned_map_grows_lighter_and_more_opaque() -> None:
    rgba = colour_relevance(np.linspace(0, 1, 64, dtype=np.float32)[None], signed=False, clip=1.0).rgba[0]
    lightness = rgba[:, :3].astype(float) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > -1).all()
    assert lightness[-1] - lightness[0] > 150
    assert rgba[0, 3] == 0
    assert rgba[-1, 3] == 255


def test_clip_keeps_one_strong_pixel_from_hiding_the_rest() -> None:
    values = np.full((20, 20), 0.1, np.float32)
    values[3, 3] = 1000.0
    assert full_scale(values, 0.99) == pytest.approx(0.1)
    assert full_scale(values, 1.0) == 1000.0
    assert colour_relevance(values, signed=True, clip=0.99).rgba[10, 10, 3] == 255
    assert colour_relevance(values, signed=True, clip=1.0).rgba[10, 10, 3] < 5


def test_a_few_relevant_pixels_are_not_clipped_away() -> None:
    values = np.zeros((100, 100), np.float32)
    values[5, 5] = -0.5
    picture = colour_relevance(values, signed=True, clip=0.9)
    assert picture.scale == 0.5
    assert picture.rgba[5, 5, 3] == 255


def test_no_relevance_at_all_is_clear_and_not_stretched() -> None:
    for signed in (True, False):
        picture = colour_relevance(np.zeros((4, 4), np.float32), signed)
        assert picture.scale == 0.0
        assert (picture.rgba[..., 3] == 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_painted(bad: float) -> None:
    values = np.zeros((4, 4), np.float32)
    values[2, 1] = bad
    with pytest.raises(MedsegError, match="not finite"):
        colour_relevance(values, signed=True)


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 1.0), st.floats(1e-6, 1e6))
def test_colours_do_not_depend_on_the_unit(seed: int, clip: float, unit: float) -> None:
    values = np.random.default_rng(seed).normal(size=(9, 9)).astype(np.float32)
    one = colour_relevance(values, True, clip).rgba.astype(int)
    other = colour_relevance((values * np.float32(unit)).astype(np.float32), True, clip).rgba.astype(int)
    assert np.abs(one - other).max() <= 1


def test_ramp_is_what_the_map_is_painted_with() -> None:
    for signed in (True, False):
        low = -1 if signed else 0
        values = np.linspace(low, 1, 256, dtype=np.float32)[None]
        assert np.array_equal(colour_ramp(signed), colour_relevance(values, signed, 1.0).rgba[0, :, :3])


def test_lesions_add_up_and_can_be_left_out() -> None:
    one, two = np.full((8, 8), 0.25, np.float32), np.full((8, 8), -1.0, np.float32)
    both = relevance(one, two)
    assert shown_values(both) is both.values
    assert np.array_equal(shown_values(both, frozenset({2})), one)
    assert np.array_equal(shown_values(both, frozenset({1, 7})), two)
    assert not shown_values(both, frozenset({1, 2})).any()
