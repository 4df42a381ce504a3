"""The panel "Explain": what is explained and how, how far to trust it, how it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.check_figures import CheckFigures
from medseg_gui.qt.views.explain_choices import ExplainChoices
from medseg_gui.qt.views.explain_look import ExplainLook, LesionBoxes
from medseg_gui.qt.views.trust_figures import TrustFigures

_MB = 1024**2


class ExplainPanel(QWidget):
    """Everything about the explanation.

    Args:
        state: what is shown and asked.
        actions: the window's actions by name.
    """

    def __init__(self, state: AppState, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation = state.explanation
        self.choices = ExplainChoices(state.explanation, state.session)
        self.trust = TrustFigures(state.explanation)
        self.check = CheckFigures(state.explanation, state.playback)
        self.lesions = LesionBoxes(state.explanation)
        self.look = ExplainLook(state.explanation)
        self.kept = QLabel()
        self.kept.setProperty("quiet", True)
        self._lesions_title = _heading("Lesions")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        for widget in (
            _heading("Why does the network say so?"),
            self.choices,
            _heading("How far to trust it"),
            self.trust,
            self.check,
            self._lesions_title,
            self.lesions,
            _heading("How it is shown"),
            self.look,
            _wide_button(actions["layer_strip"]),
            _wide_button(actions["save_figure"]),
            self.kept,
        ):
            column.addWidget(widget)
        column.addStretch(1)
        state.explanation.answer_changed.connect(self.on_answer_changed)
        self.on_answer_changed()

    def on_answer_changed(self) -> None:
        """Lesions can be told apart only where there are several; say what is kept."""
        self._lesions_title.setVisible(self.lesions.count > 1)
        cache = self._explanation.cache
        self.kept.setText(f"{cache.entries} explanations kept, {cache.used_bytes / _MB:.0f} MB")
        self.kept.setVisible(cache.entries > 0)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("heading", True)
    label.setContentsMargins(0, 4, 0, 0)
    return label


def _wide_button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
    return button
