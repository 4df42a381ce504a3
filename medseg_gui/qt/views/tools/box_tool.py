"""GrabCut from a box that is drawn around a lesion."""

from __future__ import annotations

import math
from functools import partial

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from medseg_gui.editing.change import Box
from medseg_gui.editing.grabcut import grabcut_box
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch, draw_bright

_LEAST_SIDE_PX = 4


class BoxTool(CanvasTool):
    """Drag from corner to corner."""

    _start: Touch | None = None
    _end: Touch | None = None

    @property
    def hint(self) -> str:
        """What to do."""
        return "Drag a box closely around the lesion"

    def press(self, touch: Touch) -> None:
        """One corner."""
        self._start = self._end = touch if touch.is_left else None

    def drag(self, touch: Touch) -> None:
        """The other."""
        self._end = touch
        self.update_all()

    def release(self, touch: Touch) -> None:
        """Find the lesion in it."""
        start, self._start = self._start, None
        self.update_all()
        frame, correction = self._correction.frame, self._correction
        if start is None or frame is None or correction.base is None:
            return
        (x0, x1), (y0, y1) = sorted((start.x, touch.x)), sorted((start.y, touch.y))
        box = Box(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1)).clipped(frame.size)
        if min(box.shape) >= _LEAST_SIDE_PX:
            target = correction.target
            make = partial(grabcut_box, rgb=frame.rgb, box=box, lesion_id=target, class_id=correction.class_id)
            correction.ask("GrabCut from a box", make, target=target)

    def cancel(self) -> bool:
        """No box."""
        had, self._start = self._start is not None, None
        self.update_all()
        return had

    def paint(self, painter: QPainter) -> None:
        """The box."""
        if self._start is not None and self._end is not None:
            draw_bright(painter, self._draw_box)

    def _draw_box(self, painter: QPainter) -> None:
        if self._start is not None and self._end is not None:
            painter.drawRect(QRectF(self._start.at, self._end.at).normalized())
