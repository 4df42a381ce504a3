"""Cuts a lesion in two along a line."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter, QPolygonF

from medseg_gui.editing import Change, Lesions
from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.editing.roles import split_along
from medseg_gui.errors import InputError
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch, draw_bright
from medseg_gui.qt.views.zoom import Zoom

Point = tuple[float, float]


class CutTool(CanvasTool):
    """Draw the cut across a lesion, from rim to rim or beyond."""

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._line: list[Point] = []

    @property
    def hint(self) -> str:
        """What to do."""
        return "Draw a line across a lesion: each side becomes a lesion of its own"

    def press(self, touch: Touch) -> None:
        """Begin the line."""
        self._line = [(touch.x, touch.y)] if touch.is_left else []

    def drag(self, touch: Touch) -> None:
        """Draw on."""
        if self._line:
            self._line.append((touch.x, touch.y))
            self.update_all()

    def release(self, touch: Touch) -> None:
        """Cut."""
        line, self._line = self._line, []
        if len(line) > 1:
            self._correction.ask("cut", partial(cut_crossed, points=line))
        self.update_all()

    def cancel(self) -> bool:
        """No cut."""
        had, self._line = bool(self._line), []
        self.update_all()
        return had

    def paint(self, painter: QPainter) -> None:
        """The line."""
        if len(self._line) > 1:
            draw_bright(painter, self._draw_line)

    def _draw_line(self, painter: QPainter) -> None:
        painter.drawPolyline(QPolygonF([self.to_view(x, y) for x, y in self._line]))


def cut_crossed(lesions: Lesions, points: list[Point]) -> Change:
    """Cut the lesion that most of a line lies in.

    Raises:
        InputError: it lies in none.
    """
    crossed = Counter(lesions.at(x, y) for x, y in _dense(points))
    del crossed[NO_LESION]
    if not crossed:
        raise InputError("This line crosses no lesion; draw it from rim to rim.")
    return split_along(lesions, crossed.most_common(1)[0][0], points)


def _dense(points: list[Point]) -> list[Point]:
    """Points on a line with steps short enough to meet what it crosses."""
    dense = []
    for (ax, ay), (bx, by) in pairwise(points):
        steps = max(int(max(abs(bx - ax), abs(by - ay))), 1)
        dense += [(ax + (bx - ax) * i / steps, ay + (by - ay) * i / steps) for i in range(steps + 1)]
    return dense
