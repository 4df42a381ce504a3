"""Asks for a check of the explanation on screen and shows what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.views.check_curves import LOOKS, CheckCurves
from medseg_gui.types import FrameCheck, MapCheck

_ASK = "Check this map against baselines"
_TIP = (
    "Blur and restore the most relevant patches first, shuffle the network's weights, and see what becomes of the "
    "probability and of the map; beside the mask itself, an edge map and noise. Takes some seconds."
)
# Short, so that the panel stays as narrow as it is; the tooltips say it in full.
_HEADINGS = {
    "": "",
    "Del. ↓": "Deletion: area under the curve; small is good",
    "Ins. ↑": "Insertion: area under the curve; large is good",
    "Shuf.": "Rank correlation with the map of the network with shuffled weights; close to 0 is good, from 0.3 on bad",
}
_FIGURES = tuple(_HEADINGS)[1:]


class CheckFigures(QWidget):
    """A button, then curves, a table and two plain sentences."""

    def __init__(self, explanation: ExplanationState, playback: PlaybackState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation, self._playback, self._check = explanation, playback, explanation.check
        self.button = QPushButton()
        self.button.setToolTip(_TIP)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.progress = QProgressBar(minimum=0, maximum=100, textVisible=False)
        self.words = QLabel(wordWrap=True)
        self.curves = CheckCurves()
        self.table = QWidget()
        self._grid = QGridLayout(self.table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.cells: dict[tuple[str, str], QLabel] = {}
        self._build_table()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.button, self.progress, self.words, self.curves, self.table):
            column.addWidget(widget)
        self.button.clicked.connect(self._on_clicked)
        self._check.changed.connect(self.on_changed)
        explanation.answer_changed.connect(self.on_changed)
        explanation.late_changed.connect(self.on_changed)
        self.on_changed()

    def _build_table(self) -> None:
        for column, (text, tip) in enumerate(_HEADINGS.items()):
            title = QLabel(text)
            title.setToolTip(tip)
            self._grid.addWidget(title, 0, column)
        self._grid.setColumnStretch(0, 1)
        for row, (name, (text, colour, _)) in enumerate(LOOKS.items(), start=1):
            label = QLabel(f"― {text}")
            label.setStyleSheet(f"color: {colour}")
            self._grid.addWidget(label, row, 0)
            for column, heading in enumerate(_FIGURES, start=1):
                cell = self.cells[name, heading] = QLabel()
                cell.setFont(theme.tabular(self.font()))
                self._grid.addWidget(cell, row, column)

    def _on_clicked(self) -> None:
        frame, relevance = self._playback.frame, self._explanation.relevance
        if self._check.is_running:
            self._check.stop()
        elif frame is not None and relevance is not None and relevance.frame_index == frame.index:
            self._check.ask(frame, relevance)

    def on_changed(self) -> None:
        """Show what the state says."""
        frame, relevance = self._playback.frame, self._explanation.relevance
        is_exact = frame is not None and relevance is not None and relevance.frame_index == frame.index
        running, result = self._check.is_running, self._check.result
        self.button.setText("Stop checking" if running else _ASK)
        self.button.setEnabled(running or is_exact)
        self.progress.setVisible(running)
        self.progress.setValue(round(self._check.share_done * 100))
        for widget in (self.curves, self.table):
            widget.setVisible(result is not None)
        self.words.setVisible(result is not None or self._check.refusal is not None)
        if result is not None:
            self.words.setText(words(result))
            self.curves.set_maps(result.maps)
            for checked in result.maps:
                self._fill(checked)
        elif self._check.refusal is not None:
            self.words.setText(str(self._check.refusal))

    def _fill(self, checked: MapCheck) -> None:
        shuffled = "–" if checked.randomised is None else f"{checked.randomised:.2f}"
        texts = (f"{checked.deletion_area:.2f}", f"{checked.insertion_area:.2f}", shuffled)
        for heading, text in zip(_FIGURES, texts, strict=True):
            self.cells[checked.name, heading].setText(text)


def words(result: FrameCheck) -> str:
    """What the figures say, plainly."""
    learnt = f"With shuffled weights the map {'is another one' if result.is_learnt else '! looks alike'}"
    better = f"it {'finds what counts better' if result.is_faithful else '! does no better'} than noise"
    own = result.maps[0]
    mask = next(m for m in result.maps if m.name == "mask")
    beats = own.deletion_area < mask.deletion_area and own.insertion_area > mask.insertion_area
    than_mask = "and better than the mask itself" if beats else "but not better than the mask itself"
    return f"{learnt}; {better}, {than_mask}." if result.is_faithful else f"{learnt}; {better}."
