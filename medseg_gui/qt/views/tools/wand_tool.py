"""The wand: press on tissue, drag to the right for more of it and to the left for less, let go to keep it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.editing.wand import wand
from medseg_gui.qt import theme
from medseg_gui.qt.views.badge import badge_size, paint_badge
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch

_FIRST_TOLERANCE = 6.0  # difference of colour, CIELAB
_MOST_TOLERANCE = 60.0
_PER_PX = 1 / 8  # of the view
_REACH = 0.15  # of the frame's longer side


class WandTool(CanvasTool):
    """Shows what it would take while the button is held; Alt takes away."""

    _start: Touch | None = None
    _tolerance = _FIRST_TOLERANCE
    _at = QPointF()

    @property
    def hint(self) -> str:
        """What to do."""
        return "Press on tissue and drag right for more, left for less · Alt takes away"

    def press(self, touch: Touch) -> None:
        """Begin where the button went down."""
        if touch.is_left:
            self._start, self._tolerance, self._at = touch, _FIRST_TOLERANCE, touch.at
            self._ask(is_preview=True)

    def drag(self, touch: Touch) -> None:
        """The way from there is the tolerance."""
        if self._start is None:
            return
        tolerance = _FIRST_TOLERANCE + (touch.at.x() - self._start.at.x()) * _PER_PX
        self._tolerance, self._at = min(max(tolerance, 0.5), _MOST_TOLERANCE), touch.at
        self._ask(is_preview=True)
        self.update_all()

    def release(self, touch: Touch) -> None:
        """Keep it."""
        if self._start is not None:
            self._ask(is_preview=False)
            self._start = None
            self.update_all()

    def cancel(self) -> bool:
        """Take nothing."""
        had, self._start = self._start is not None, None
        self._correction.cancel()
        return had

    def _ask(self, is_preview: bool) -> None:
        start, frame, correction = self._start, self._correction.frame, self._correction
        if start is None or frame is None or correction.base is None:
            return
        target = NO_LESION if start.is_alt else correction.target
        make = partial(
            wand,
            rgb=frame.rgb,
            x=start.x,
            y=start.y,
            tolerance=self._tolerance,
            radius_px=_REACH * max(frame.size),
            lesion_id=target,
            class_id=correction.class_id,
        )
        correction.ask("wand", make, is_preview, target)

    def paint(self, painter: QPainter) -> None:
        """The tolerance beside the pointer."""
        if self._start is not None:
            text = f"tolerance {self._tolerance:.1f}"
            place: QRectF = badge_size(painter, text).translated(self._at + QPointF(16, 16))
            paint_badge(painter, place, text, theme.TEXT)
