"""A dock with a title in the window's own style."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QScrollArea, QToolButton, QWidget

from medseg_gui.qt import theme

_NARROWEST_PX = 280


class Panel(QDockWidget):
    """A closable, movable panel; the View menu brings it back.

    Args:
        title: shown on it; also the name under which its place is remembered.
        widget: what it holds.
    """

    def __init__(self, title: str, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(title)
        self.setWidget(_in_scroll_area(widget))
        self.setMinimumWidth(_NARROWEST_PX)
        self.setTitleBarWidget(self._build_title(title))

    def _build_title(self, title: str) -> QWidget:
        bar = QWidget()
        bar.setProperty("paneltitle", True)
        name = QLabel(title)
        name.setProperty("heading", True)
        close = QToolButton()
        close.setIcon(theme.icon("close"))
        close.setToolTip("Close this panel; View > Panels shows it again")
        close.setAccessibleName(f"Close {title}")
        close.clicked.connect(self.close)
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 4, 8, 4)
        row.addWidget(name)
        row.addStretch(1)
        row.addWidget(close)
        return bar


def _in_scroll_area(widget: QWidget) -> QScrollArea:
    """On a small screen a panel is scrolled, not cut off."""
    area = QScrollArea(widgetResizable=True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(widget)
    return area
