"""Which key strokes belong to the focused widget rather than to the window's shortcuts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QTabBar,
    QTextEdit,
    QWidget,
)

_MOVES = {
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
}
OWN_ARROWS = "own_arrows"  # property of a widget of ours that the arrow keys mean something to
_MOVABLE = (QAbstractSlider, QComboBox, QAbstractItemView, QTabBar, QTextEdit)


def is_for_focused_widget(event: QKeyEvent, focused: QWidget | None) -> bool:
    """Whether a plain arrow key, Home or End means something to the widget that the person went to with Tab."""
    plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    grouped = isinstance(focused, QAbstractButton) and focused.group() is not None
    moves = isinstance(focused, _MOVABLE) or (focused is not None and bool(focused.property(OWN_ARROWS)))
    return plain and event.key() in _MOVES and (grouped or moves)
