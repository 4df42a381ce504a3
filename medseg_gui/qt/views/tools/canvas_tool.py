"""What all tools on the picture share: they hear mouse and pen in pixels of the frame, and paint their traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter

from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.pens import shade_pen, zoomless_pen
from medseg_gui.qt.views.zoom import Zoom

LINE = QColor(255, 255, 255)


@dataclass(frozen=True)
class Touch:
    """Where mouse or pen is, and how.

    Attributes:
        x, y: in pixels of the frame; (0.5, 0.5) is the middle of the first one.
        at: in pixels of the view.
        is_left: whether the left button (or the pen's tip) is meant, else the right one.
        modifiers: keys that are held.
        pressure: of a pen in [0, 1]; 1 for a mouse.
    """

    x: float
    y: float
    at: QPointF
    is_left: bool = True
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    pressure: float = 1.0

    @property
    def is_alt(self) -> bool:
        """Whether Alt is held, which turns adding into taking away."""
        return bool(self.modifiers & Qt.KeyboardModifier.AltModifier)


class CanvasTool(QObject):
    """One gesture. A child overrides what it needs.

    Args:
        name: key of `editing.TOOLS`.
        correction: what is asked to change.
        zoom: where the frame lies in the view.

    Signals:
        changed: this rectangle of the view looks different; an empty one stands for all.
    """

    changed = Signal(QRectF)

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name, self._correction, self._zoom = name, correction, zoom

    @property
    def cursor(self) -> Qt.CursorShape:
        """How the pointer looks over the picture."""
        return Qt.CursorShape.CrossCursor

    @property
    def hint(self) -> str:
        """What to do, in a few words for the edge of the picture; "" when it is plain."""
        return ""

    def press(self, touch: Touch) -> None:
        """A button went down."""

    def drag(self, touch: Touch) -> None:
        """The pointer moves with the button held."""

    def release(self, touch: Touch) -> None:
        """The button went up."""

    def hover(self, touch: Touch) -> None:
        """The pointer moves with no button held."""

    def double_click(self, touch: Touch) -> None:
        """The second press of a double click."""
        self.press(touch)

    def leave(self) -> None:
        """The pointer left the picture."""

    def finish(self) -> bool:
        """Enter; whether that meant anything."""
        return False

    def cancel(self) -> bool:
        """Esc, or another frame; whether something was given up."""
        return False

    def delete(self) -> bool:
        """Backspace or Delete; whether that meant anything."""
        return False

    def paint(self, painter: QPainter) -> None:
        """Traces that are no mask yet, in pixels of the view."""

    def to_view(self, x: float, y: float) -> QPointF:
        """Where a point of the frame lies in the view."""
        return self._zoom.transform.map(QPointF(x, y))

    def update_all(self) -> None:
        """Have the whole view painted again."""
        self.changed.emit(QRectF())


def draw_bright(painter: QPainter, draw: Callable[[QPainter], object], width_px: float = 1.5) -> None:
    """Draw the same lines twice, a dark shade and a bright line on it, to be seen on any tissue.

    Args:
        painter: on the view, antialiased by this.
        draw: called with the painter, once for each.
        width_px: of the bright line.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (shade_pen(width_px + 2), zoomless_pen(LINE, width_px)):
        painter.setPen(pen)
        draw(painter)
