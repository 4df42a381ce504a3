"""What tests of the window do as a person does: press keys, click, find a dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

LEFT = Qt.MouseButton.LeftButton


def press(widget: QWidget, keys: str) -> None:
    """Press keys as they are written in the table."""
    stroke = QKeySequence(keys)[0]
    QTest.keyClick(widget, stroke.key(), stroke.keyboardModifiers())


def dialog(kind: type[QWidget]) -> QWidget:
    """The one that is on screen."""
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible())
