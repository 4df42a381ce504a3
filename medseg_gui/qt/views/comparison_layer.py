"""Both readers' outlines on the frame, and where only one of them marked something."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform

from medseg_gui.qt.images import outline_path
from medseg_gui.qt.state.review import Comparison, ReviewState
from medseg_gui.types import Frame

READER_COLOURS = {1: "#f0e442", 2: "#56b4e9"}  # after Okabe & Ito: told apart without red or green
_SHADE = QColor(255, 255, 255, 90)
_RIM_PX, _GROUND_PX = 2.5, 4.5
_DASHES = [3.5, 3.5]


class ComparisonLayer(QObject):
    """Paints the comparison of `review` over a frame.

    The difference is what an odd number of the two masks covers: both outlines in one path, filled odd-even.
    """

    changed = Signal()

    def __init__(self, review: ReviewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._comparison: Comparison | None = None
        self._paths: dict[int, QPainterPath] = {}
        self._difference = QPainterPath()
        review.comparison_changed.connect(self.on_comparison_changed)

    def on_comparison_changed(self) -> None:
        """Other outlines, or none."""
        found = self._comparison = self._review.comparison
        self._paths = {reader: outline_path(c) for reader, c in found.contours.items()} if found else {}
        self._difference = QPainterPath()
        for path in self._paths.values():
            self._difference.addPath(path)
        self.changed.emit()

    def is_shown_on(self, frame: Frame | None) -> bool:
        """Whether this frame is compared right now."""
        key = self._comparison.key if self._comparison is not None else None
        return frame is not None and key is not None and (key.source_hash, key.index) == (frame.source_id, frame.index)

    def paint(self, painter: QPainter, transform: QTransform, ratio: float) -> None:
        """Paint it; `transform` leads from the frame to the view, `ratio` is the screen's device pixel ratio."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(transform, True)
        painter.fillPath(self._difference, _SHADE)
        for path in self._paths.values():
            painter.strokePath(path, _pen(QColor(0, 0, 0, 150), _GROUND_PX * ratio))
        for reader, path in self._paths.items():
            pen = _pen(QColor(READER_COLOURS[reader]), _RIM_PX * ratio)
            if reader == 2:  # dashes: where both run together, both colours are to be seen
                pen.setDashPattern(_DASHES)
            painter.strokePath(path, pen)
        painter.restore()


def _pen(colour: QColor, width_px: float) -> QPen:
    pen = QPen(colour, width_px)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
