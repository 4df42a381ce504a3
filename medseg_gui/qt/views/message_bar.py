"""The bar above the picture: errors with their details, offers with a button, notices that go by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.errors import MedsegError
from medseg_gui.qt import theme
from medseg_gui.qt.state.session import SessionState

_NOTICE_MS = 6000
_MOST_LINES = 8


class MessageBar(QFrame):
    """One message at a time; a newer one takes its place.

    Args:
        session: whose failures, offers and notices are shown.
        notice_ms: how long a notice stands.
        actions: the window's actions by name, for offers.
    """

    def __init__(
        self,
        session: SessionState,
        notice_ms: int = _NOTICE_MS,
        actions: Mapping[str, QAction] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._actions = actions or {}
        self._offered: QAction | None = None
        self.offer_button = QPushButton()
        self.offer_button.setDefault(True)
        self.offer_button.clicked.connect(self._on_offer_taken)
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details_button = QToolButton()
        self.details_button.setText("Details")
        self.details_button.setCheckable(True)
        self.details_button.setToolTip("What happened, in the computer's words")
        self.close_button = QToolButton()
        self.close_button.setIcon(theme.icon("close"))
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("Close this message")
        self.details = QPlainTextEdit(readOnly=True)
        self._sign = QLabel()
        self._timer = QTimer(self, singleShot=True, interval=notice_ms)
        self._arrange()
        self._connect(session)
        self.hide()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 8, 8)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._sign)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.offer_button)
        row.addWidget(self.details_button)
        row.addWidget(self.close_button)
        column.addLayout(row)
        column.addWidget(self.details)

    def _connect(self, session: SessionState) -> None:
        self._timer.timeout.connect(self.hide)
        self.close_button.clicked.connect(self.hide)
        self.details_button.toggled.connect(self.details.setVisible)
        session.failed.connect(self.show_error)
        session.noticed.connect(self.show_notice)
        session.offered.connect(self.show_offer)
        session.opening_changed.connect(self._on_opening_changed)

    def show_error(self, error: MedsegError) -> None:
        """An error stands until it is closed, replaced, or something else is opened."""
        self._timer.stop()
        self._show(str(error), error.details, "error", theme.ERROR, "warning")

    def show_notice(self, text: str) -> None:
        """A notice goes by itself."""
        self._show(text, "", "notice", theme.ACCENT, "info")
        self._timer.start()

    def show_offer(self, text: str, action: str) -> None:
        """Something is wrong, and there is something to do: it stands like an error."""
        self._timer.stop()
        self._show(text, "", "error", theme.ERROR, "warning")
        self._offered = self._actions[action]
        self.offer_button.setText(self._offered.text().replace("&", ""))
        self.offer_button.setToolTip(self._offered.toolTip())
        self.offer_button.show()

    def _on_offer_taken(self) -> None:
        self.hide()
        if self._offered is not None:
            self._offered.trigger()

    def _show(self, text: str, details: str, kind: str, colour: str, icon: str) -> None:
        self._offered = None
        self.offer_button.hide()
        self.setProperty("kind", kind)
        self.style().polish(self)
        self._sign.setPixmap(theme.icon_pixmap(icon, 20, colour, self.devicePixelRatioF()))
        self.sentence.setText(text)
        self.details.setPlainText(details)
        lines = min(details.count("\n") + 1, _MOST_LINES)
        self.details.setFixedHeight(self.fontMetrics().lineSpacing() * lines + 16)
        self.details_button.setChecked(False)
        self.details_button.setVisible(bool(details))
        self.details.hide()
        self.show()

    def _on_opening_changed(self, opening: bool) -> None:
        if opening:
            self.hide()
