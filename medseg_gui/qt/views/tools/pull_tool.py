"""Press, pull to the right for more and to the left for less, let go to keep it: what wand and smart click share."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from medseg_gui.qt import theme
from medseg_gui.qt.state.correction_requests import MakeChange
from medseg_gui.qt.views.badge import badge_size, paint_badge
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch


class PullTool(CanvasTool):
    """Shows what it would take while the button is held. A child says what, in `amount`, `amount_text` and `change`.

    Attributes:
        title: of the step that can be undone.
    """

    title: str
    _start: Touch | None = None
    _pulled_px = 0.0
    _at = QPointF()

    def begins(self, touch: Touch) -> bool:
        """Whether this press means something."""
        return touch.is_left

    def amount(self, pulled_px: float) -> float:
        """How much that is.

        Args:
            pulled_px: how far the pointer went to the right, in pixels of the view; below 0 to the left.
        """
        raise NotImplementedError

    def amount_text(self, amount: float) -> str:
        """What stands beside the pointer; "" for nothing."""
        raise NotImplementedError

    def change(self, start: Touch, amount: float, is_preview: bool) -> tuple[MakeChange, int] | None:
        """What to do, and to which lesion; None for nothing."""
        raise NotImplementedError

    def press(self, touch: Touch) -> None:
        """Begin where the button went down."""
        if self.begins(touch):
            self._start, self._pulled_px, self._at = touch, 0.0, touch.at
            self._ask(is_preview=True)

    def drag(self, touch: Touch) -> None:
        """The way from there says how much."""
        if self._start is not None:
            self._pulled_px, self._at = touch.at.x() - self._start.at.x(), touch.at
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
        if self._start is None or self._correction.frame is None or self._correction.base is None:
            return
        asked = self.change(self._start, self.amount(self._pulled_px), is_preview)
        if asked is not None:
            make, target = asked
            self._correction.ask(self.title, make, is_preview, target)

    def paint(self, painter: QPainter) -> None:
        """The amount beside the pointer."""
        text = self.amount_text(self.amount(self._pulled_px)) if self._start is not None else ""
        if text:
            place = badge_size(painter, text).translated(self._at + QPointF(16, 16))
            paint_badge(painter, place, text, theme.TEXT)
