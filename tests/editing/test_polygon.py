"""Polygons: exact pixels, holes, vertices."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_gui.editing.change import NOWHERE, Box
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.polygon import (
    Polygon,
    draw_polygon,
    erase_polygon,
    lasso,
    polygon_of,
    rasterise,
    redraw_polygon,
)
from medseg_gui.errors import InputError
from tests.editing.shapes import lesions_of, regions

SHAPE = (17, 23)
points = st.lists(st.tuples(st.floats(-6, 30), st.floats(-6, 24)), min_size=3, max_size=9)
SQUARE = [(2, 2), (10, 2), (10, 10), (2, 10)]
HOLE = [(4, 4), (6, 4), (6, 6), (4, 6)]


def whole(polygon: Polygon, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    box, region = rasterise(polygon, shape)
    drawn = np.zeros(shape, np.bool_)
    drawn[box.slices] = region
    return drawn


def is_inside(x: float, y: float, rings: tuple[np.ndarray, ...]) -> bool:
    """Even-odd rule by hand: count the edges that a ray to the left crosses."""
    crossings = 0
    for ring in rings:
        for (px, py), (qx, qy) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if (py <= y) != (qy <= y) and px + (y - py) * ((qx - px) / (qy - py)) <= x:
                crossings += 1
    return crossings % 2 == 1


@settings(deadline=None)
@given(points, points)
def test_pixels_are_those_whose_centre_is_inside(outer: list[tuple[float, float]], inner: list) -> None:
    polygon = Polygon.of(outer, inner)
    drawn = whole(polygon)
    for row, column in np.ndindex(*SHAPE):
        if _clearance(column + 0.5, row + 0.5, polygon) > 1e-6:
            assert drawn[row, column] == is_inside(column + 0.5, row + 0.5, polygon.rings)


@settings(deadline=None)
@given(st.floats(-5, 28), st.floats(-5, 28), st.floats(0, 17))
def test_two_halves_make_a_whole(top: float, bottom: float, y: float) -> None:
    """A cut shares no pixel and leaves none out, wherever it runs, through pixel centres too."""
    left = whole(Polygon.of([(0, 0), (top, -1), (bottom, 18), (0, 17)]))
    right = whole(Polygon.of([(23, 0), (top, -1), (bottom, 18), (23, 17)]))
    above, below = (
        whole(Polygon.of([(0, 0), (23, 0), (23, y), (0, y)])),
        whole(Polygon.of([(0, y), (23, y), (23, 17), (0, 17)])),
    )
    inner = slice(max(0, 0), 17)
    if 0 <= top <= 23 and 0 <= bottom <= 23:
        np.testing.assert_array_equal(left[inner] ^ right[inner], True)
    np.testing.assert_array_equal(above ^ below, True)


@settings(deadline=None)
@given(regions)
def test_a_region_survives_becoming_a_polygon(region: np.ndarray) -> None:
    box = Box(0, 0, region.shape[1], region.shape[0])
    np.testing.assert_array_equal(whole(polygon_of(region, box), region.shape), region)


def test_a_large_polygon_agrees_with_opencv_but_for_its_rim() -> None:
    rng = np.random.default_rng(0)
    ring = rng.uniform((0, 0), (3840, 2160), (40, 2))
    drawn = whole(Polygon.of(ring), (2160, 3840))
    filled = np.zeros((2160, 3840), np.uint8)
    cv2.fillPoly(filled, [np.round((ring - 0.5) * 16).astype(np.int32)], 1, shift=4)
    rim = np.zeros_like(filled)
    cv2.polylines(rim, [np.round((ring - 0.5) * 16).astype(np.int32)], True, 1, 3, shift=4)
    np.testing.assert_array_equal(drawn[rim == 0], filled[rim == 0] > 0)


def test_a_ring_in_a_ring_is_a_hole() -> None:
    assert whole(Polygon.of(SQUARE)).sum() == 64
    assert whole(Polygon.of(SQUARE, HOLE)).sum() == 60


def test_drawing_and_erasing() -> None:
    lesions = lesions_of(np.full(SHAPE, 2))
    drawn = lesions.edited(draw_polygon(lesions, Polygon.of(SQUARE, HOLE), 1))
    assert drawn.areas_px()[1] == 60
    assert lesions.edited(draw_polygon(lesions, Polygon.of(SQUARE), 1, over=(0,))).areas_px()[1] == 0
    assert drawn.edited(erase_polygon(drawn, Polygon.of(SQUARE))).areas_px()[1] == 0


def test_an_edited_outline_replaces_the_lesion() -> None:
    lesions = Lesions.empty(SHAPE)
    lesions = lesions.edited(draw_polygon(lesions, Polygon.of(SQUARE), 1))
    moved = Polygon.of(SQUARE).move_vertex(0, 2, 2, 10)
    after = lesions.edited(redraw_polygon(lesions, moved, 1))
    np.testing.assert_array_equal(after.region(1), whole(moved))


def test_vertices_are_inserted_moved_and_deleted() -> None:
    square = Polygon.of(SQUARE)
    five = square.insert_vertex(0, 1, 14, 6)
    np.testing.assert_array_equal(five.rings[0][2], (14, 6))
    np.testing.assert_array_equal(five.delete_vertex(0, 2).rings[0], square.rings[0])
    np.testing.assert_array_equal(five.move_vertex(0, 2, 9, 9).rings[0][2], (9, 9))
    assert square.delete_vertex(0, 0).delete_vertex(0, 0).rings == ()
    assert len(five.rings[0]) == len(square.rings[0]) + 1


def test_inserting_after_the_last_vertex_closes_the_ring() -> None:
    np.testing.assert_array_equal(Polygon.of(SQUARE).insert_vertex(0, 3, 2, 6).rings[0][-1], (2, 6))


def test_the_nearest_vertex_and_edge_are_found() -> None:
    polygon = Polygon.of(SQUARE, HOLE)
    assert polygon.nearest_vertex(9.7, 2.4) == (0, 1, pytest.approx(0.5))
    assert polygon.nearest_edge(3, 5) == (1, 3, pytest.approx(1.0)) or polygon.nearest_edge(3, 5)[2] == 1
    assert polygon.nearest_edge(6, 12) == (0, 2, pytest.approx(2.0))
    with pytest.raises(InputError, match="no vertices"):
        Polygon(()).nearest_vertex(0, 0)


def test_a_lasso_loses_jitter_and_keeps_its_shape() -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    line = np.stack([50 + 30 * np.cos(angle), 50 + 30 * np.sin(angle)], 1)
    polygon = lasso([tuple(p) for p in line], 0.75)
    assert len(polygon.rings[0]) < 40
    assert abs(whole(polygon, (100, 100)).sum() / (np.pi * 900) - 1) < 0.03
    assert lasso([(1, 1), (2, 2)]).rings == ()


@pytest.mark.parametrize("ring", [[(0, 0), (1, 1)], [(-9, -9), (-3, -9), (-3, -3)], [(5, 5), (5, 5), (5, 5)]])
def test_what_encloses_nothing_draws_nothing(ring: list[tuple[float, float]]) -> None:
    assert not whole(Polygon.of(ring)).any()
    assert draw_polygon(Lesions.empty(SHAPE), Polygon(()), 1).box == NOWHERE


def test_points_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        Polygon.of([(0, 0), (np.nan, 1), (2, 2)])
    with pytest.raises(InputError, match="finite"):
        Polygon.of([1, 2, 3])


def _clearance(x: float, y: float, polygon: Polygon) -> float:
    return polygon.nearest_edge(x, y)[2]
