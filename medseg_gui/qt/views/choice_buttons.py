"""A row of buttons of which one is down."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from medseg_gui.qt import theme


class ChoiceButtons(QWidget):
    """One button for each choice.

    Args:
        choices: name -> (text, icon, tooltip), in the order to show.

    Signals:
        chosen: a person pressed the button of this name.
    """

    chosen = Signal(str)

    def __init__(self, choices: Mapping[str, tuple[str, str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for name, (text, icon, tip) in choices.items():
            button = QToolButton()
            button.setText(text)
            button.setIcon(theme.icon(icon))
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            group.addButton(button)
            row.addWidget(button)
            self.buttons[name] = button
        group.buttonClicked.connect(self._on_clicked)

    def set_choice(self, name: str) -> None:
        """Show what is chosen without telling anyone."""
        self.buttons[name].setChecked(True)

    def _on_clicked(self) -> None:
        self.chosen.emit(next(name for name, button in self.buttons.items() if button.isChecked()))
