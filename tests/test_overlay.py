"""What is laid over a frame, against plain arithmetic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg_gui.overlay import PALETTES, blend, colour_mask, colour_probability, compose, label_map, lightened, outlines
from medseg_gui.types import BACKGROUND, INSTRUMENT, POLYP, Segmentation


def seen(size: tuple[int, int], **probability: np.ndarray) -> Segmentation:
    classes = {"polyp": POLYP, "instrument": INSTRUMENT}
    return Segmentation(0, "id", size, {classes[k]: v.astype(np.float32) for k, v in probability.items()})


def test_a_pixel_belongs_to_a_class_from_its_threshold_on() -> None:
    probability = np.array([[0.3, 0.5], [0.7, 0.9]])
    labels = label_map(seen((2, 2), polyp=probability), {POLYP: 0.5})
    np.testing.assert_array_equal(labels, [[BACKGROUND, POLYP], [POLYP, POLYP]])


def test_where_two_classes_pass_the_clearer_one_wins() -> None:
    both = seen((1, 3), polyp=np.array([[0.9, 0.6, 0.6]]), instrument=np.array([[0.6, 0.9, 0.2]]))
    np.testing.assert_array_equal(label_map(both, {}), [[POLYP, INSTRUMENT, POLYP]])
    strict = label_map(both, {POLYP: 0.89, INSTRUMENT: 0.3})
    np.testing.assert_array_equal(strict, [[INSTRUMENT, INSTRUMENT, BACKGROUND]])


def test_the_map_has_the_size_of_the_frame() -> None:
    assert label_map(seen((37, 53), polyp=np.ones((8, 8))), {}).shape == (37, 53)


@given(arrays(np.uint8, (12, 15), elements=st.integers(0, 1)))
def test_outlines_enclose_exactly_what_is_marked(mask: np.ndarray) -> None:
    """Filled odd-even, contours of parts of at least 3 points give the mask back."""
    grown = np.kron(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), np.ones((4, 4), np.uint8))
    contours = [np.floor(c).astype(np.int32) for c in outlines(grown * POLYP, POLYP)]
    filled = np.zeros_like(grown)
    cv2.fillPoly(filled, contours, 1)
    np.testing.assert_array_equal(filled, grown)


def test_a_drawn_outline_has_few_points_and_lies_where_the_mask_ends() -> None:
    rows, columns = np.mgrid[:720, :1280]
    disc = (rows - 360) ** 2 + (columns - 640) ** 2 < 200**2
    (light,) = compose(seen((720, 1280), polyp=disc.astype(float)), {POLYP: 0.5}).outlines[POLYP]
    (whole,) = outlines(disc.astype(np.uint8), POLYP)
    assert len(light) < len(whole) / 4
    distance = [abs(cv2.pointPolygonTest(light, point.tolist(), True)) for point in whole]
    assert max(distance) < 1


def test_a_speck_keeps_its_outline() -> None:
    speck = np.array([[1, 0.5], [2, 1.5], [1, 2.5], [0, 1.5]], np.float32)
    np.testing.assert_array_equal(lightened(speck, 50), speck)


def test_compose_counts_pixels_and_keeps_its_frame() -> None:
    probability = np.zeros((8, 8))
    probability[2:6, 2:6] = 1
    overlay = compose(seen((8, 8), polyp=probability), {POLYP: 0.5})
    assert overlay.areas_px == {POLYP: 16}
    assert overlay.source_id == "id"
    assert overlay.probability is None
    assert len(overlay.outlines[POLYP]) == 1


def test_the_probability_shown_is_of_the_likeliest_class() -> None:
    both = seen((1, 2), polyp=np.array([[1.0, 0.0]]), instrument=np.array([[0.0, 1.0]]))
    picture = compose(both, {}, show_probability=True).probability
    assert picture is not None
    np.testing.assert_array_equal(picture[0, 0], picture[0, 1])
    assert compose(seen((1, 1), instrument=np.ones((1, 1))), {}, show_probability=True).probability is not None


def test_the_unlikely_is_clear_and_the_likely_is_not() -> None:
    rgba = colour_probability(np.array([[0.0, 0.25, 1.0]], np.float32), (1, 3))
    assert rgba[0, 0, 3] == 0
    assert 0 < rgba[0, 1, 3] < rgba[0, 2, 3] == 255


@pytest.mark.parametrize("name", list(PALETTES))
def test_palettes_tell_the_classes_apart_in_lightness(name: str) -> None:
    def lightness(rgb: tuple[int, int, int]) -> float:
        pixel = np.array([[rgb]], np.uint8)
        return float(cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0, 0])

    palette = PALETTES[name]
    tissue = lightness((190, 100, 85))
    assert abs(lightness(palette[POLYP]) - lightness(palette[INSTRUMENT])) > 8
    assert all(lightness(c) - tissue > 40 for c in palette.values())


def test_styles_of_a_coloured_mask() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 10:30] = POLYP
    palette = {POLYP: (0, 200, 255)}
    filled, outline, off = (colour_mask(labels, palette, 0.5, s) for s in ("filled", "outline", "off"))
    assert tuple(filled[20, 20]) == (0, 200, 255, 128)
    assert outline[20, 20, 3] == 0
    assert outline[10, 20, 3] == filled[10, 20, 3] == 255
    assert not off.any()


def test_blend_is_the_weighted_mean() -> None:
    rgb, rgba = np.full((1, 1, 3), 100, np.uint8), np.array([[[200, 0, 100, 128]]], np.uint8)
    expected = np.round(100 + (np.array([200, 0, 100]) - 100) * 128 / 255)
    np.testing.assert_allclose(blend(rgb, rgba)[0, 0], expected, atol=1)
