"""Livewire: an outline that clings to the edge in the picture between the points that are clicked."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter

from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.correction_requests import WireRequest
from medseg_gui.qt.views.tools.canvas_tool import Touch, draw_bright
from medseg_gui.qt.views.tools.outline_tool import OutlineTool, Point
from medseg_gui.qt.views.zoom import Zoom


class LivewireTool(OutlineTool):
    """As the polygon, but between two clicks the line follows the edge; the worker finds the way."""

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._wire: list[Point] = []
        self._anchors: list[int] = []  # places in the outline that were clicked
        self._fixing: WireRequest | None = None
        correction.wired.connect(self.on_wired)

    @property
    def hint(self) -> str:
        """What may be done now."""
        if self._points:
            return "Click along the edge · Enter or double click closes · Backspace takes back · Esc cancels"
        return "Click on the edge of a lesion to begin"

    def press(self, touch: Touch) -> None:
        """Fix the wire here; the first click is its start."""
        self._is_alt = touch.is_alt
        if not touch.is_left or self._fixing is not None:
            return
        if not self._points and not self._is_inside(touch):
            return
        if not self._points:
            self._points, self._anchors = [(touch.x, touch.y)], [0]
        elif self._vertex_at(touch) == (0, 0) and len(self._points) >= 3:
            self.finish()
        else:
            self._ask(touch, is_fixed=True)
        self.update_all()

    def drag(self, touch: Touch) -> None:
        """The same as with no button held."""
        self.hover(touch)

    def release(self, touch: Touch) -> None:
        """Nothing more."""

    def hover(self, touch: Touch) -> None:
        """Have the way to the pointer found."""
        if self._points and self._fixing is None:
            self._ask(touch, is_fixed=False)

    def double_click(self, touch: Touch) -> None:
        """Close."""
        self._is_alt = touch.is_alt
        self.finish()

    def delete(self) -> bool:
        """Take back the way to the last click."""
        if not self._anchors:
            return False
        self._anchors.pop()
        self._points = self._points[: self._anchors[-1] + 1] if self._anchors else []
        self._wire = []
        self.update_all()
        return True

    def cancel(self) -> bool:
        """Forget it."""
        self._wire, self._anchors, self._fixing = [], [], None
        return super().cancel()

    def on_wired(self, request: WireRequest, path: list[Point]) -> None:
        """The way to a point is known; it is shown, or fixed when that point was clicked."""
        if not self._points or request.anchor != self._points[-1]:
            return
        self._wire = path
        if request is self._fixing:
            self._points += path[1:]
            self._anchors.append(len(self._points) - 1)
            self._wire, self._fixing = [], None
        self.update_all()

    def _ask(self, touch: Touch, is_fixed: bool) -> None:
        frame = self._correction.frame
        if frame is not None and self._is_inside(touch):
            request = WireRequest(frame, self._points[-1], (touch.x, touch.y))
            self._fixing = request if is_fixed else None
            self._correction.wire_wanted.emit(request)

    def _is_inside(self, touch: Touch) -> bool:
        """Edges are known on the frame only."""
        frame = self._correction.frame
        return frame is not None and 0 <= touch.x < frame.size[1] and 0 <= touch.y < frame.size[0]

    def paint(self, painter: QPainter) -> None:
        """Outline, wire, clicked points."""
        draw_bright(painter, self._draw_wire)
        for place in self._anchors:
            self._paint_vertex(painter, self._points[place])

    def _draw_wire(self, painter: QPainter) -> None:
        painter.drawPolyline(self._in_view([*self._points, *self._wire[1:]]))
