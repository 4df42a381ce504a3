"""Polygons with holes: made from a lasso or from a lesion, edited vertex by vertex, rasterised exactly.

Points are in pixels of the frame, x to the right and y down; (0.5, 0.5) is the middle of the first pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from medseg_gui.editing.change import NOWHERE, Box, Change
from medseg_gui.editing.lesions import NO_LESION, Lesions
from medseg_gui.errors import InputError
from medseg_gui.types import BoolArray

Ring = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Polygon:
    """Closed rings; what lies inside an odd number of them belongs to it, so a ring in a ring is a hole.

    Attributes:
        rings: each (N, 2) float64 x, y in pixels, the last point joined to the first; read-only.
    """

    rings: tuple[Ring, ...]

    def __post_init__(self) -> None:
        for ring in self.rings:
            ring.setflags(write=False)

    @classmethod
    def of(cls, *rings: ArrayLike) -> Polygon:
        """From any sequences of points.

        Raises:
            InputError: a ring is not made of finite x, y pairs.
        """
        arrays = [np.array(r, np.float64) for r in rings]
        if not all(a.ndim == 2 and a.shape[1] == 2 and np.isfinite(a).all() for a in arrays):
            raise InputError("A polygon is made of points with a finite x and y; draw it again.")
        return cls(tuple(arrays))

    def insert_vertex(self, ring: int, after: int, x: float, y: float) -> Polygon:
        """With a new vertex between vertex `after` of a ring and its follower."""
        return self._with(ring, np.insert(self.rings[ring], after + 1, (x, y), axis=0))

    def move_vertex(self, ring: int, vertex: int, x: float, y: float) -> Polygon:
        """With a vertex somewhere else."""
        moved = self.rings[ring].copy()
        moved[vertex] = x, y
        return self._with(ring, moved)

    def delete_vertex(self, ring: int, vertex: int) -> Polygon:
        """Without a vertex; a ring left with fewer than three goes altogether."""
        return self._with(ring, np.delete(self.rings[ring], vertex, axis=0))

    def nearest_vertex(self, x: float, y: float) -> tuple[int, int, float]:
        """(ring, vertex, distance in pixels) of the vertex nearest to a point.

        Raises:
            InputError: the polygon has no vertex.
        """
        return self._nearest([np.hypot(*(r - (x, y)).T) for r in self.rings])

    def nearest_edge(self, x: float, y: float) -> tuple[int, int, float]:
        """(ring, vertex that the edge starts from, distance in pixels) of the edge nearest to a point.

        Raises:
            InputError: the polygon has no edge.
        """
        return self._nearest([_distances_to_edges(r, x, y) for r in self.rings])

    def simplified(self, tolerance_px: float) -> Polygon:
        """With as few vertices as stay within a distance of the old outline.

        Source: Douglas & Peucker 1973.
        """
        rings = [cv2.approxPolyDP(r.astype(np.float32)[:, None], tolerance_px, True)[:, 0] for r in self.rings]
        return Polygon(tuple(r.astype(np.float64) for r in rings if len(r) >= 3))

    def _with(self, ring: int, points: Ring) -> Polygon:
        rings = [points if i == ring else r for i, r in enumerate(self.rings)]
        return Polygon(tuple(r for r in rings if len(r) >= 3))

    def _nearest(self, distances: list[NDArray[np.float64]]) -> tuple[int, int, float]:
        found = [(float(d.min()), ring, int(d.argmin())) for ring, d in enumerate(distances) if d.size]
        if not found:
            raise InputError("This polygon has no vertices; draw it first.")
        distance, ring, vertex = min(found)
        return ring, vertex, distance


def lasso(points: Sequence[tuple[float, float]], tolerance_px: float = 0.75) -> Polygon:
    """The polygon of a freehand line, closed, without the pointer's jitter.

    Args:
        points: x, y in pixels, in the order drawn.
        tolerance_px: how far the outline may stray from the line.

    Returns:
        A polygon with one ring; with none when the line encloses nothing.
    """
    return Polygon.of(points).simplified(tolerance_px) if len(points) >= 3 else Polygon(())


def rasterise(polygon: Polygon, shape: tuple[int, int]) -> tuple[Box, BoolArray]:
    """All pixels whose centre lies inside, exactly, by the even-odd rule.

    Each edge toggles, in every row whose centre it crosses, all pixels to the right of it. Rows and columns are
    half open, so two polygons that share an edge share no pixel and leave none out.

    Args:
        polygon: any, self-crossing too.
        shape: (height, width) of the frame; what lies outside is cut off.

    Returns:
        The box around it, and its pixels as (h, w) bool.
    """
    rings = [r for r in polygon.rings if len(r) >= 3]
    if not rings:
        return NOWHERE, np.zeros((0, 0), np.bool_)
    points = np.concatenate(rings)
    (x0, y0), (x1, y1) = np.clip(points.min(axis=0), -2, 2**24), np.clip(points.max(axis=0), -2, 2**24)
    box = Box(int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1)), int(np.ceil(y1))).clipped(shape)
    height, width = box.shape
    toggles = np.zeros((height, width + 1), np.uint8)
    for ring in rings:
        for (px, py), (qx, qy) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            _toggle(toggles, px - box.x0, py - box.y0, qx - box.x0, qy - box.y0)
    return box, np.bitwise_xor.accumulate(toggles, axis=1)[:, :-1].astype(np.bool_)


def draw_polygon(
    lesions: Lesions, polygon: Polygon, lesion_id: int, class_id: int | None = None, over: tuple[int, ...] | None = None
) -> Change:
    """Give all inside a polygon to a lesion (0 erases); arguments as `Lesions.paint`."""
    box, region = rasterise(polygon, lesions.shape)
    return lesions.paint(region, box, lesion_id, class_id, over)


def redraw_polygon(lesions: Lesions, polygon: Polygon, lesion_id: int) -> Change:
    """Make a lesion exactly what a polygon encloses, after its vertices were edited; other lesions are spared."""
    inside, region = rasterise(polygon, lesions.shape)
    whole = np.zeros(lesions.shape, np.bool_)
    whole[inside.slices] = region
    return lesions.replace(whole, Box.whole(lesions.shape), lesion_id)


def polygon_of(region: BoolArray, box: Box) -> Polygon:
    """The polygon around a region; rasterised, it gives exactly that region again, holes and all.

    On a grid twice as fine, contours run a quarter of a pixel inside the rim of the region (and outside of holes),
    so they never touch the middle of a pixel.

    Args:
        region: (h, w) bool.
        box: where it stands in the frame.
    """
    fine = cv2.resize(region.astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0] if region.any() else []
    corner = np.array([box.x0, box.y0])
    return Polygon(tuple((c[:, 0, :] + 0.5) / 2 + corner for c in contours))


def erase_polygon(lesions: Lesions, polygon: Polygon) -> Change:
    """Take all inside a polygon from whatever lesion it belongs to."""
    return draw_polygon(lesions, polygon, NO_LESION)


def _toggle(toggles: NDArray[np.uint8], px: float, py: float, qx: float, qy: float) -> None:
    """Flip, in each row whose centre the edge crosses, the first pixel whose centre is not left of it."""
    if py > qy:
        px, py, qx, qy = qx, qy, px, py
    first, last = (min(max(int(np.ceil(y - 0.5)), 0), len(toggles)) for y in (py, qy))
    if first >= last:
        return
    rows = np.arange(first, last)
    x = px + (rows + 0.5 - py) * ((qx - px) / (qy - py))
    columns = np.clip(np.ceil(x - 0.5), 0, toggles.shape[1] - 1).astype(np.intp)
    toggles[rows, columns] ^= 1


def _distances_to_edges(ring: Ring, x: float, y: float) -> NDArray[np.float64]:
    ends = np.roll(ring, -1, axis=0) - ring
    to_point = np.array([x, y]) - ring
    squares = (ends**2).sum(axis=1)
    along = np.divide((to_point * ends).sum(axis=1), squares, out=np.zeros(len(ring)), where=squares > 0)
    return np.hypot(*(to_point - np.clip(along, 0, 1)[:, None] * ends).T)
