"""Shares as short bars with their numbers."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.relevance_words import percent_text


class ShareBars(QWidget):
    """One line for each share: name, bar, number.

    Args:
        colour: of the bars.
    """

    def __init__(self, colour: str = theme.ACCENT, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour
        self.shares: dict[str, float] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._lines: list[tuple[QLabel, _Bar, QLabel]] = []

    def set_shares(self, shares: Mapping[str, float]) -> None:
        """Show these, in their order; a negative share is written but has no bar."""
        self.shares = dict(shares)
        while len(self._lines) < len(shares):
            self._add_line()
        for row, line in enumerate(self._lines):
            for widget in line:
                widget.setVisible(row < len(shares))
        for (name, share), (label, bar, number) in zip(shares.items(), self._lines, strict=False):
            label.setText(name)
            bar.set_part(share)
            number.setText(percent_text(share))

    def _add_line(self) -> None:
        label, bar, number = QLabel(), _Bar(self._colour), QLabel()
        number.setFont(theme.tabular(self.font()))
        row = len(self._lines)
        for column, widget in enumerate((label, bar, number)):
            self._grid.addWidget(widget, row, column)
        self._lines.append((label, bar, number))


class _Bar(QWidget):
    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour, self._part = colour, 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_part(self, part: float) -> None:
        self._part = min(max(part, 0.0), 1.0)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(48, 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        groove = QRectF(0, (self.height() - 8) / 2, self.width(), 8)
        painter.fillRect(groove, QColor(theme.BORDER))
        groove.setWidth(groove.width() * self._part)
        painter.fillRect(groove, QColor(self._colour))
        painter.end()
