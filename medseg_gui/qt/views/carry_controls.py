"""Part of the panel "Lesions": carry the mask to other frames, see how far it went, accept or reject that."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSpinBox, QToolButton, QVBoxLayout, QWidget

from medseg_gui.qt.state.propagation import LEAST_FRAMES, MOST_FRAMES, PropagationState


class CarryControls(QWidget):
    """Buttons are those of the menu; below them the run that waits for a decision."""

    def __init__(
        self, propagation: PropagationState, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._propagation = propagation
        self.count = QSpinBox(minimum=LEAST_FRAMES, maximum=MOST_FRAMES, suffix=" frames")
        self.count.setToolTip("How many frames to carry the mask over")
        self.progress = QProgressBar()
        self.words = QLabel(wordWrap=True)
        self.words.setProperty("quiet", True)
        heading = QLabel("Through time")
        heading.setProperty("heading", True)
        self.buttons = {name: _button(actions[name]) for name in _BUTTONS}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addLayout(_row(self.buttons["carry_back"], self.count, self.buttons["carry_forward"]))
        column.addLayout(_row(self.buttons["carry_between"]))
        column.addLayout(_row(self.progress, self.buttons["carry_stop"]))
        column.addWidget(self.words)
        column.addLayout(_row(self.buttons["run_accept"], self.buttons["run_reject"]))
        self.count.valueChanged.connect(propagation.set_count)
        propagation.count_changed.connect(self.count.setValue)
        propagation.changed.connect(self.on_changed)
        self.count.setValue(propagation.count)
        self.on_changed()

    def on_changed(self) -> None:
        """Say how far it is, or what waits for a decision."""
        run = self._propagation
        for widget in (self.progress, self.buttons["carry_stop"]):
            widget.setVisible(run.is_running)
        self.progress.setRange(0, max(run.total, 1))
        self.progress.setValue(len(run.frames))
        self.progress.setFormat(f"{len(run.frames)} of {run.total}")
        self.words.setText(run_text(run))
        self.words.setVisible(bool(self.words.text()))
        for name in ("run_accept", "run_reject"):
            self.buttons[name].setVisible(bool(run.frames) and not run.is_running)


_BUTTONS = ("carry_back", "carry_forward", "carry_between", "carry_stop", "run_accept", "run_reject")


def run_text(run: PropagationState) -> str:
    """The run in words, "" when there is nothing to say."""
    reason = f"Carrying {run.reason}. " if run.reason and run.reason != "stopped" else ""
    if run.is_running or run.span is None:
        return reason
    first, last = run.span
    sure = f", at least {run.least_confidence:.0%} sure" if run.least_confidence < 1 else ""
    frames = f"Frame {first}" if first == last else f"Frames {first} to {last}"
    return f"{reason}{frames}{sure}: look through them, then accept or reject all."


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
    button.setProperty("framed", True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
