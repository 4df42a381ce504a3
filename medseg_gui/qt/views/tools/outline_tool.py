"""Polygon and lasso: an outline is drawn, or that of a lesion taken, and mended vertex by vertex."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QColor, QPainter, QPolygonF

from medseg_gui.editing.change import box_of
from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.editing.polygon import Polygon, draw_polygon, erase_polygon, lasso, polygon_of, redraw_polygon
from medseg_gui.qt import theme
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.pens import zoomless_pen
from medseg_gui.qt.views.tools.canvas_tool import LINE, CanvasTool, Touch, draw_bright
from medseg_gui.qt.views.zoom import Zoom

Point = tuple[float, float]
_NEAR_PX = 9.0  # view pixels within which a vertex or an edge is meant
_VERTEX_PX = 3.5
_FREEHAND_PX = 3.0  # view pixels between two points of a freehand line
_MENDED_TOLERANCE = 0.0015  # of the frame's longer side: how far the vertices of a lesion may stray from its outline
_MOST_VERTICES = 400  # more cannot be told apart; a lesion's outline is simplified until it has fewer


class OutlineTool(CanvasTool):
    """Click sets a vertex, drag draws freehand; Enter, a double click or a click on the first vertex closes.

    Vertices can be dragged; a press on an edge puts one in between; Backspace or a right click takes one away. A
    double click into a lesion takes its outline, to be mended; Enter then redraws the lesion. Alt while closing erases.
    """

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._points: list[Point] = []
        self._mended: Polygon | None = None
        self._mended_id = NO_LESION
        self._grabbed: tuple[int, int] | None = None
        self._freehand: list[Point] = []
        self._pointer: Point | None = None
        self._is_alt = False

    @property
    def hint(self) -> str:
        """What may be done now."""
        if self._mended is not None:
            return "Drag vertices; press on an edge to add one, right click to delete one · Enter redraws · Esc cancels"
        if self._points:
            return "Click or draw on · Enter or double click closes · Backspace takes back · Esc cancels"
        return "Click for vertices or draw freehand · double click into a lesion to mend its outline"

    # Mouse

    def press(self, touch: Touch) -> None:
        """Set a vertex, grab one, put one on an edge, or take one away."""
        self._is_alt = touch.is_alt
        vertex = self._vertex_at(touch)
        if not touch.is_left:
            self._delete_at(vertex)
        elif self._mended is None and vertex == (0, 0) and len(self._points) >= 3:
            self.finish()
        elif vertex is not None:
            self._grabbed = vertex
        elif (edge := self._edge_at(touch)) is not None:
            self._insert(edge, touch)
            self._grabbed = edge[0], edge[1] + 1
        elif self._mended is None:
            self._set_vertex((touch.x, touch.y))
            self._freehand = [(touch.x, touch.y)]
        self.update_all()

    def drag(self, touch: Touch) -> None:
        """Move the vertex, or draw freehand."""
        if self._grabbed is not None:
            self._move(self._grabbed, touch)
        elif self._freehand:
            x, y = self._freehand[-1]
            if math.hypot(touch.x - x, touch.y - y) * self._zoom.scale >= _FREEHAND_PX:
                self._freehand.append((touch.x, touch.y))
        self.update_all()

    def release(self, touch: Touch) -> None:
        """Let go; a freehand line becomes vertices."""
        if len(self._freehand) > 1:
            self._points += _without_jitter(self._freehand, 1.0 / self._zoom.scale)[1:]
        self._grabbed, self._freehand = None, []
        self.update_all()

    def hover(self, touch: Touch) -> None:
        """The line to the next vertex follows."""
        self._pointer = touch.x, touch.y
        if self._points:
            self.update_all()

    def double_click(self, touch: Touch) -> None:
        """Close what is drawn, or take the outline of a lesion."""
        self._is_alt = touch.is_alt
        if self._points and not self.finish():
            self._points.clear()  # the first click of the two set a vertex
        if not self._points and self._mended is None:
            self._take_outline(touch)
        self.update_all()

    # Keys

    def finish(self) -> bool:
        """Make it a mask."""
        if self._mended is not None:
            polygon, lesion_id = self._mended, self._mended_id
            self._correction.ask(
                "mend outline", partial(redraw_polygon, polygon=polygon, lesion_id=lesion_id), target=lesion_id
            )
        elif len(self._points) >= 3:
            self._close(Polygon.of(self._points))
        else:
            return False
        self.cancel()
        return True

    def cancel(self) -> bool:
        """Forget it."""
        had = bool(self._points) or self._mended is not None
        self._points, self._mended, self._freehand, self._grabbed = [], None, [], None
        self.update_all()
        return had

    def delete(self) -> bool:
        """Take the last vertex back."""
        if self._points:
            self._points.pop()
            self.update_all()
            return True
        return False

    def _close(self, polygon: Polygon) -> None:
        if self._is_alt:
            self._correction.ask(f"erase by {self.name}", partial(erase_polygon, polygon=polygon))
            return
        target = self._correction.target
        make = partial(
            draw_polygon,
            polygon=polygon,
            lesion_id=target,
            class_id=self._correction.class_id,
            over=(NO_LESION, target),
        )
        self._correction.ask(self.name, make, target=target)

    def _set_vertex(self, point: Point) -> None:
        self._points.append(point)

    def _take_outline(self, touch: Touch) -> None:
        base, lesion_id = self._correction.base, self._correction.choose_at(touch.x, touch.y)
        if base is None or not lesion_id:
            return
        region = base.region(lesion_id)
        box = box_of(region)
        polygon, tolerance = polygon_of(region[box.slices], box), max(_MENDED_TOLERANCE * max(base.shape), 0.75)
        simple = polygon.simplified(tolerance)
        while sum(len(r) for r in simple.rings) > _MOST_VERTICES:
            tolerance *= 1.5
            simple = polygon.simplified(tolerance)
        self._mended, self._mended_id = simple, lesion_id

    # Vertices and edges, of what is drawn or mended

    @property
    def _rings(self) -> list[np.ndarray]:
        if self._mended is not None:
            return list(self._mended.rings)
        return [np.array(self._points, np.float64).reshape(-1, 2)] if self._points else []

    def _vertex_at(self, touch: Touch) -> tuple[int, int] | None:
        rings = [r for r in self._rings if len(r)]
        if not rings:
            return None
        ring, vertex, distance = Polygon(tuple(rings)).nearest_vertex(touch.x, touch.y)
        return (ring, vertex) if distance * self._zoom.scale <= _NEAR_PX else None

    def _edge_at(self, touch: Touch) -> tuple[int, int] | None:
        rings = [r for r in self._rings if len(r) >= 2]
        if not rings:
            return None
        ring, vertex, distance = Polygon(tuple(rings)).nearest_edge(touch.x, touch.y)
        is_open_end = self._mended is None and vertex == len(rings[ring]) - 1  # not drawn yet
        return None if is_open_end or distance * self._zoom.scale > _NEAR_PX else (ring, vertex)

    def _move(self, place: tuple[int, int], touch: Touch) -> None:
        if self._mended is not None:
            self._mended = self._mended.move_vertex(*place, touch.x, touch.y)
        else:
            self._points[place[1]] = touch.x, touch.y

    def _insert(self, edge: tuple[int, int], touch: Touch) -> None:
        if self._mended is not None:
            self._mended = self._mended.insert_vertex(*edge, touch.x, touch.y)
        else:
            self._points.insert(edge[1] + 1, (touch.x, touch.y))

    def _delete_at(self, place: tuple[int, int] | None) -> None:
        if place is None:
            return
        if self._mended is not None:
            self._mended = self._mended.delete_vertex(*place)
        else:
            del self._points[place[1]]

    # Painting

    def paint(self, painter: QPainter) -> None:
        """Lines and vertices."""
        draw_bright(painter, self._draw_lines)
        for ring in self._rings:
            for x, y in ring.tolist():
                self._paint_vertex(painter, (x, y))

    def _paint_vertex(self, painter: QPainter, point: Point) -> None:
        at = self.to_view(*point)
        painter.setPen(zoomless_pen(QColor(theme.CANVAS), 1.0))
        painter.setBrush(LINE)
        painter.drawRect(QRectF(at.x() - _VERTEX_PX, at.y() - _VERTEX_PX, 2 * _VERTEX_PX, 2 * _VERTEX_PX))

    def _draw_lines(self, painter: QPainter) -> None:
        if self._mended is not None:
            for ring in self._mended.rings:
                painter.drawPolygon(self._in_view([(x, y) for x, y in ring.tolist()]))
            return
        ahead = self._freehand[1:] or ([self._pointer] if self._pointer and self._points else [])
        painter.drawPolyline(self._in_view([*self._points, *ahead]))

    def _in_view(self, points: list[Point]) -> QPolygonF:
        return QPolygonF([self.to_view(x, y) for x, y in points])


def _without_jitter(points: list[Point], tolerance_px: float) -> list[Point]:
    """A freehand line with as few points as stay within a tolerance; both its ends stay."""
    rings = lasso(points, tolerance_px).rings
    return [(float(x), float(y)) for x, y in rings[0]] if rings else [points[0], points[-1]]
