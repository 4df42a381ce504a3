"""Deletion and insertion curves of an explanation, beside maps that know nothing of the network's reasons."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from medseg_gui.qt import theme
from medseg_gui.types import MapCheck

# Name -> what a person reads, colour, pen. Dashes tell the baselines apart without colour.
LOOKS = {
    "map": ("this map", theme.ACCENT, Qt.PenStyle.SolidLine),
    "mask": ("mask", "#f2b134", Qt.PenStyle.DashLine),
    "edges": ("edges", "#c08cff", Qt.PenStyle.DotLine),
    "noise": ("noise", "#9aa4b2", Qt.PenStyle.DashDotLine),
}
_HEIGHT_PX = 110


class CheckCurves(QWidget):
    """Two plots side by side: probability over the share of patches that were blurred, and restored."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.maps: tuple[MapCheck, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Deletion and insertion curves")

    def set_maps(self, maps: tuple[MapCheck, ...]) -> None:
        """Draw these."""
        self.maps = maps
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text_px, gap = painter.fontMetrics().height(), 10
        width = (self.width() - gap) / 2
        for column, title in enumerate(("Deletion", "Insertion")):
            plot = QRectF(column * (width + gap), text_px + 2, width, self.height() - text_px - 4)
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(QPointF(plot.left(), text_px - 3), title)
            painter.fillRect(plot, QColor(theme.CANVAS))
            painter.setPen(QColor(theme.BORDER))
            painter.drawRect(plot)
            for checked in reversed(self.maps):  # the map itself last, on top
                curve = checked.deletion if column == 0 else checked.insertion
                _, colour, style = LOOKS[checked.name]
                painter.setPen(QPen(QColor(colour), 2 if checked.name == "map" else 1.5, style))
                painter.drawPolyline(_line(curve, plot))
        painter.end()


def _line(curve: tuple[float, ...], plot: QRectF) -> QPolygonF:
    """Probability 0 at the bottom and 1 at the top."""
    last = max(len(curve) - 1, 1)
    return QPolygonF(
        [QPointF(plot.left() + plot.width() * i / last, plot.bottom() - plot.height() * p) for i, p in enumerate(curve)]
    )
