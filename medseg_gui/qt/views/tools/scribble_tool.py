"""GrabCut from scribbles: left over the lesion, right over what is not of it, as often as it takes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from medseg_gui.editing import Change, Lesions
from medseg_gui.editing.brush import line_region
from medseg_gui.editing.grabcut import grabcut_scribble
from medseg_gui.qt import theme
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.pens import shade_pen, zoomless_pen
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch
from medseg_gui.qt.views.zoom import Zoom
from medseg_gui.types import UInt8Array

Line = list[tuple[float, float]]
_WIDTH = 0.004  # radius of a scribble in longer sides of the frame


@dataclass(frozen=True, eq=False)
class Scribbles:
    """Some scribbles on a frame; called with lesions, what GrabCut makes of them."""

    rgb: UInt8Array
    inside: tuple[Line, ...]
    outside: tuple[Line, ...]
    lesion_id: int
    class_id: int

    def __call__(self, lesions: Lesions) -> Change:
        """The change; errors as `grabcut_scribble`."""
        radius = max(_WIDTH * max(lesions.shape), 1.0)
        inside, outside = (line_region(lines, radius, lesions.shape) for lines in (self.inside, self.outside))
        return grabcut_scribble(lesions, self.rgb, inside, outside, self.lesion_id, self.class_id)


class ScribbleTool(CanvasTool):
    """After each scribble it shows what it finds; Enter keeps that, Esc forgets it."""

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._lines: dict[bool, list[Line]] = {True: [], False: []}  # inside, outside
        self._is_inside = True

    @property
    def hint(self) -> str:
        """What to do."""
        if self._lines[True]:
            return "Right drag marks what is not of it · Enter keeps the mask · Esc forgets it"
        return "Drag over the lesion; right drag over what is not of it"

    def press(self, touch: Touch) -> None:
        """Begin a scribble; Alt stands in for the right button."""
        self._is_inside = touch.is_left and not touch.is_alt
        self._lines[self._is_inside].append([(touch.x, touch.y)])

    def drag(self, touch: Touch) -> None:
        """Draw on."""
        if lines := self._lines[self._is_inside]:
            lines[-1].append((touch.x, touch.y))
            self.update_all()

    def release(self, touch: Touch) -> None:
        """Show what is found."""
        self._ask(is_preview=True)
        self.update_all()

    def finish(self) -> bool:
        """Keep it."""
        had = bool(self._lines[True])
        self._ask(is_preview=False)
        self._forget()
        return had

    def cancel(self) -> bool:
        """Forget it."""
        had = any(self._lines.values())
        self._forget()
        self._correction.cancel()
        return had

    def _forget(self) -> None:
        self._lines = {True: [], False: []}
        self.update_all()

    def _ask(self, is_preview: bool) -> None:
        frame, correction = self._correction.frame, self._correction
        if frame is not None and self._lines[True] and correction.base is not None:
            inside, outside = (tuple(list(line) for line in self._lines[k]) for k in (True, False))
            target = correction.target
            make = Scribbles(frame.rgb, inside, outside, target, correction.class_id)
            correction.ask("GrabCut from scribbles", make, is_preview, target)

    def paint(self, painter: QPainter) -> None:
        """The scribbles."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for is_inside, colour in ((True, theme.TEXT), (False, theme.ERROR)):
            rim = zoomless_pen(QColor(colour), 3.0)
            rim.setCapStyle(Qt.PenCapStyle.RoundCap)
            for line in self._lines[is_inside]:
                points = QPolygonF([self.to_view(x, y) for x, y in line])
                for pen in (shade_pen(6.0), rim):
                    painter.setPen(pen)
                    painter.drawPolyline(points)
