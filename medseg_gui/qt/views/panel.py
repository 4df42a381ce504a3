"""A dock with a title in the window's own style."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
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
        self.setWidget(_Scrolled(widget))
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


class _Scrolled(QScrollArea):
    """On a small screen a panel is scrolled up and down; it is never narrower than what it holds."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widgetResizable=True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = widget
        self.setWidget(widget)

    def minimumSizeHint(self) -> QSize:
        """Wide enough for the widget and the scroll bar beside it."""
        needed = self._content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(max(_NARROWEST_PX, needed), super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another method or a larger font changes how much room the widget needs."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
