"""Which weights look for which class, and what their model cards say."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QTabWidget, QTextBrowser, QWidget

from medseg_gui.qt.state.session import SessionState, WeightsEntry
from medseg_gui.types import CLASS_NAMES

_SHOWN_CHARACTERS = 15
_NO_CARD = "*No weights are chosen: nothing looks for this.*"


class WeightsBox(QComboBox):
    """The weights of one class, and "none"."""

    def __init__(self, session: SessionState, class_id: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._class_id = session, class_id
        name = CLASS_NAMES[class_id]
        self.setToolTip(f"Weights that look for: {name}")
        self.setAccessibleName(f"{name} weights")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_SHOWN_CHARACTERS)
        self.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.activated.connect(self._on_activated)
        session.weights_listed.connect(self.on_weights_listed)
        session.weights_chosen.connect(self.on_weights_chosen)
        self.on_weights_listed()

    def on_weights_listed(self) -> None:
        """There are other weights to choose from."""
        self.clear()
        self.addItem("none", "")
        for entry in self._session.weights:
            if entry.class_id == self._class_id:
                self.addItem(entry.name, entry.name)
        self.on_weights_chosen()

    def on_weights_chosen(self) -> None:
        """Show what is chosen."""
        self.setCurrentIndex(max(self.findData(self._session.chosen.get(self._class_id, "")), 0))

    def _on_activated(self, row: int) -> None:
        self._session.choose_weights(self._class_id, self.itemData(row))


class ModelCards(QTabWidget):
    """The model card of the weights in use, a tab for each class."""

    def __init__(self, session: SessionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.cards: dict[int, QTextBrowser] = {}
        for class_id, name in CLASS_NAMES.items():
            card = QTextBrowser(openLinks=False)  # nothing in this program reaches for the network
            card.setFrameShape(QTextBrowser.Shape.NoFrame)
            card.document().setDocumentMargin(16)
            card.setAccessibleName(f"Model card, {name}")
            self.cards[class_id] = card
            self.addTab(card, name.capitalize())
        self.setDocumentMode(True)
        session.weights_listed.connect(self.on_weights_changed)
        session.weights_chosen.connect(self.on_weights_changed)
        self.on_weights_changed()

    def on_weights_changed(self) -> None:
        """Show the cards of what is chosen."""
        for class_id, card in self.cards.items():
            entry = self._entry(class_id)
            card.setMarkdown(entry.card if entry else _NO_CARD)

    def _entry(self, class_id: int) -> WeightsEntry | None:
        name = self._session.chosen.get(class_id, "")
        return next((e for e in self._session.weights if e.name == name), None)
