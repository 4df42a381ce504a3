"""Brush and eraser: a ring that shows the size, and a stroke while the button is held."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch, draw_bright
from medseg_gui.qt.views.zoom import Zoom

_LEAST_RING_PX = 3.0
_EDGE_PX = 4.0


class BrushTool(CanvasTool):
    """Paints into the chosen lesion; the eraser, or Alt held down, takes away from any."""

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._at: QPointF | None = None
        self._waiting: list[Touch] = []  # drawn before it was known what to start from
        self._is_lifted = False
        correction.options_changed.connect(self.on_options_changed)
        correction.shown_changed.connect(self.on_shown_changed)

    @property
    def cursor(self) -> Qt.CursorShape:
        """The ring says where."""
        is_small = self._radius_px < _LEAST_RING_PX
        return Qt.CursorShape.CrossCursor if is_small else Qt.CursorShape.BlankCursor

    def press(self, touch: Touch) -> None:
        """Put it down."""
        if touch.is_left:
            self._waiting, self._is_lifted = [touch], False
            self.on_shown_changed()
        self._move_ring(touch.at)

    def drag(self, touch: Touch) -> None:
        """Draw on."""
        if self._waiting:
            self._waiting.append(touch)
        else:
            self._correction.extend_stroke(touch.x, touch.y, touch.pressure)
        self._move_ring(touch.at)

    def release(self, touch: Touch) -> None:
        """Lift it."""
        if not self._waiting:
            self._correction.extend_stroke(touch.x, touch.y, touch.pressure)
            self._correction.end_stroke()
        elif touch.is_left:
            self._waiting.append(touch)
            self._is_lifted = True

    def hover(self, touch: Touch) -> None:
        """Show where it would paint, and how large."""
        self._move_ring(touch.at)

    def leave(self) -> None:
        """No ring outside the picture."""
        self._move_ring(None)

    def cancel(self) -> bool:
        """Give up the stroke that is being drawn."""
        was_drawing = self._correction.stroke is not None or bool(self._waiting)
        self._waiting.clear()
        self._correction.cancel()
        return was_drawing

    def on_options_changed(self) -> None:
        """The ring has another size."""
        self.update_all()

    def on_shown_changed(self) -> None:
        """As soon as it is known what to start from, draw what was drawn so far."""
        if not self._waiting or self._correction.base is None:
            return
        waiting, self._waiting = self._waiting, []
        first, *others = waiting
        erases = self.name == "eraser" or first.is_alt
        self._correction.begin_stroke(first.x, first.y, first.pressure, erases)
        for touch in others:
            self._correction.extend_stroke(touch.x, touch.y, touch.pressure)
        if self._is_lifted:
            self._is_lifted = False
            self._correction.end_stroke()

    def paint(self, painter: QPainter) -> None:
        """The ring."""
        if self._at is not None:
            draw_bright(painter, self._draw_ring)

    def _draw_ring(self, painter: QPainter) -> None:
        if self._at is not None:
            painter.drawEllipse(self._at, self._radius_px, self._radius_px)

    @property
    def _radius_px(self) -> float:
        return self._correction.brush_px * self._zoom.scale

    def _move_ring(self, at: QPointF | None) -> None:
        before, self._at = self._at, at
        for place in (before, at):
            if place is not None:
                reach = self._radius_px + _EDGE_PX
                self.changed.emit(QRectF(place.x() - reach, place.y() - reach, 2 * reach, 2 * reach))
