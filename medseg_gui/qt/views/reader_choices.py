"""Which reader works, and whether the two are compared."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.comparison_layer import READER_COLOURS
from medseg_gui.types import CLASS_NAMES


class ReaderChoices(QWidget):
    """Two buttons for the readers; one box to compare them, with the Dice of the frame on screen."""

    def __init__(self, state: AppState, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._review, self._actions = state, state.review, actions
        self.buttons = {reader: _button(actions[f"reader_{reader}"], f"Reader {reader}") for reader in (1, 2)}
        self.compare = QCheckBox("Compare readers")
        self.compare.setToolTip(actions["compare_readers"].toolTip())
        self.class_box = QComboBox()
        for class_id, name in CLASS_NAMES.items():
            self.class_box.addItem(name.capitalize(), class_id)
        self.class_box.setAccessibleName("Class to compare")
        self.class_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.dice = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._arrange()
        self.compare.clicked.connect(actions["compare_readers"].trigger)
        self.class_box.activated.connect(self._on_class_picked)
        self._review.comparing_changed.connect(self.on_comparing_changed)
        self._review.comparison_changed.connect(self.on_comparing_changed)
        state.project.info_changed.connect(self.on_comparing_changed)
        self.on_comparing_changed()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        for button in self.buttons.values():
            row.addWidget(button, 1)
        column.addLayout(row)
        row = QHBoxLayout()
        row.addWidget(self.compare, 1)
        row.addWidget(self.class_box)
        column.addLayout(row)
        column.addWidget(self.dice)

    def _on_class_picked(self) -> None:
        self._review.set_compared_class(self.class_box.currentData())

    def on_comparing_changed(self) -> None:
        """Show who reads, and what they agree on."""
        info, review = self._state.project.info, self._review
        for reader in self.buttons:
            self._actions[f"reader_{reader}"].setChecked(info is not None and info.reader == reader)
        self._actions["compare_readers"].setChecked(review.is_comparing)
        self.compare.setChecked(review.is_comparing)
        self.compare.setEnabled(info is not None and info.reader == 1)
        self.class_box.setVisible(review.is_comparing)
        self.class_box.setCurrentIndex(self.class_box.findData(review.compared_class))
        self.dice.setVisible(review.is_comparing)
        first, second = (f'<span style="color:{READER_COLOURS[r]}">■</span> reader {r}' for r in (1, 2))
        found = review.comparison
        said = f"Dice {found.dice:.3f} · {found.disagreement_px} px differ" if found else "Both marked nothing here yet"
        self.dice.setText(f"{said}<br>{first} &nbsp; {second}")


def _button(action: QAction, text: str) -> QToolButton:
    button = QToolButton()
    action.setIconText(text)
    button.setDefaultAction(action)
    button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
    return button
