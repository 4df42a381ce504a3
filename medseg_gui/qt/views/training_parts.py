"""Small things that the parts of the training page share: headings, buttons, notes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from medseg_gui.qt import theme

_ICON_PX = 18


def heading(text: str) -> QLabel:
    """The title of a part."""
    label = QLabel(text)
    label.setProperty("heading", True)
    return label


def quiet(text: str = "") -> QLabel:
    """A note that does not ask for attention; it wraps."""
    label = QLabel(text, wordWrap=True)
    label.setProperty("quiet", True)
    return label


def push_button(text: str, icon: str, tip: str, is_default: bool = False) -> QPushButton:
    """A button with an icon; the default one stands out."""
    button = QPushButton(f" {text}" if icon else text)
    button.setToolTip(tip)
    set_primary(button, icon, is_default)
    return button


def set_primary(button: QPushButton, icon: str, is_primary: bool) -> None:
    """Let a button stand out as what one would usually press, or not."""
    if icon:
        button.setIcon(theme.icon_on_accent(icon) if is_primary else theme.icon(icon))
    button.setProperty("primary", is_primary)
    button.style().unpolish(button)
    button.style().polish(button)


class Note(QWidget):
    """A sentence behind a sign: a warning, or a reason why not."""

    def __init__(self, text: str = "", icon: str = "warning", colour: str = theme.WARNING) -> None:
        super().__init__()
        self.text = QLabel(text, wordWrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        sign = QLabel()
        sign.setPixmap(theme.icon_pixmap(icon, _ICON_PX, colour, self.devicePixelRatioF()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)

    def set_text(self, text: str) -> None:
        """Say something else; nothing hides it."""
        self.text.setText(text)
        self.setVisible(bool(text))
