"""The panel "Review": how far one is, which frames come in which order, and what is decided on the one on screen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.project.records import STATES
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import STATE_WORDS
from medseg_gui.qt.state.review import ORDERS
from medseg_gui.qt.views.notes_field import NotesField
from medseg_gui.qt.views.reader_choices import ReaderChoices
from medseg_gui.qt.views.review_table import ReviewTable
from medseg_gui.qt.views.state_signs import state_icon
from medseg_gui.types import CLASS_NAMES

_DECISIONS = {"accept_frame": "Accept", "reject_frame": "Reject", "skip_frame": "Skip"}
_ICON = QSize(20, 20)


class ReviewPanel(QWidget):
    """Everything about the queue.

    Args:
        state: what is shown and asked.
        actions: the window's actions by name.
    """

    def __init__(self, state: AppState, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review, self._project = state.review, state.project
        self.progress = QProgressBar(minimum=0, maximum=1)
        self.order = QComboBox()
        self.state_box, self.centre_box, self.class_box = QComboBox(), QComboBox(), QComboBox()
        self.missing = QLabel(wordWrap=True)
        self.missing.setProperty("quiet", True)
        self.compute = QPushButton("Compute")
        self.scoring = QProgressBar()
        self.table = ReviewTable(state.review, state.project)
        self.empty = QLabel(wordWrap=True)
        self.empty.setProperty("quiet", True)
        self.add = _button(actions["add_frames"], "Put frames on the list…")
        self.goes_on = QCheckBox("Then go on to the next")
        self.goes_on.setChecked(self._review.goes_on)
        self.notes = NotesField(state)
        self.readers = ReaderChoices(state, actions)
        self._fill_boxes()
        self._arrange(actions)
        self._connect()
        self.on_listed_changed()
        self.on_counts_changed()
        self.on_info_changed()

    def _fill_boxes(self) -> None:
        for name, words in ORDERS.items():
            self.order.addItem(words, name)
        self.state_box.addItem("Any state", None)
        for state in STATES:
            self.state_box.addItem(state_icon(state), STATE_WORDS[state].capitalize(), (state,))
        self.class_box.addItem("Any class", None)
        for class_id, name in CLASS_NAMES.items():
            self.class_box.addItem(f"With {name}", class_id)
        for box, name in (
            (self.order, "Order"), (self.state_box, "State"), (self.centre_box, "Centre"), (self.class_box, "Class")
        ):  # fmt: skip
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(9)

    def _arrange(self, actions: Mapping[str, QAction]) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 8)
        column.setSpacing(8)
        column.addWidget(self.progress)
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(self.order, 0, 0)
        grid.addWidget(self.state_box, 0, 1)
        grid.addWidget(self.class_box, 1, 0)
        grid.addWidget(self.centre_box, 1, 1)
        column.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(self.missing, 1)
        row.addWidget(self.scoring, 1)
        row.addWidget(self.compute)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.empty)
        column.addWidget(self.add)
        column.addLayout(self._decisions(actions))
        column.addLayout(self._walk(actions))
        column.addWidget(self.notes)
        column.addWidget(self.readers)

    def _decisions(self, actions: Mapping[str, QAction]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        for name, text in _DECISIONS.items():
            row.addWidget(_button(actions[name], text), 1)
        return row

    def _walk(self, actions: Mapping[str, QAction]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.goes_on, 1)
        for name in ("previous_in_queue", "next_in_queue"):
            row.addWidget(_button(actions[name], ""))
        return row

    def _connect(self) -> None:
        review = self._review
        self.order.activated.connect(lambda: review.set_order(self.order.currentData()))
        self.state_box.activated.connect(lambda: review.set_wanted(states=self.state_box.currentData()))
        self.centre_box.activated.connect(lambda: review.set_wanted(centre=self.centre_box.currentData()))
        self.class_box.activated.connect(lambda: review.set_wanted(class_id=self.class_box.currentData()))
        self.compute.clicked.connect(self._on_compute_clicked)
        self.goes_on.toggled.connect(self._on_goes_on_toggled)
        review.listed_changed.connect(self.on_listed_changed)
        review.scoring_changed.connect(self.on_listed_changed)
        review.counts_changed.connect(self.on_counts_changed)
        self._project.info_changed.connect(self.on_info_changed)

    def _on_compute_clicked(self) -> None:
        if self._review.scoring is None:
            self._review.compute_scores()
        else:
            self._review.stop_scores()

    def _on_goes_on_toggled(self, goes_on: bool) -> None:
        self._review.goes_on = goes_on

    def on_listed_changed(self) -> None:
        """Other frames, or some have no score yet."""
        review = self._review
        unscored, scoring = review.listed.unscored, review.scoring
        outdated = len(review.listed.outdated(review.score_weights))
        self.order.setCurrentIndex(self.order.findData(review.order))
        self.missing.setVisible(bool(unscored or outdated) and scoring is None)
        self.missing.setText(_what_is_missing(unscored, outdated))
        self.compute.setVisible(bool(unscored or outdated) or scoring is not None)
        self.compute.setText("Stop" if scoring is not None else "Compute" if unscored else "Measure again")
        self.scoring.setVisible(scoring is not None)
        if scoring is not None:
            self.scoring.setRange(0, scoring[1])
            self.scoring.setValue(scoring[0])
            self.scoring.setFormat("%v of %m")
        is_empty = not review.listed.records
        self.table.setVisible(not is_empty)
        self.empty.setVisible(is_empty)
        self.empty.setText(self._why_empty())
        self.add.setVisible(not sum(review.counts.values()))

    def _why_empty(self) -> str:
        if sum(self._review.counts.values()):
            return "No frame fits this filter."
        return "No frames are on the list yet. What you correct is put on it by itself."

    def on_counts_changed(self) -> None:
        """How many are decided."""
        done, total = self._review.progress
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.progress.setFormat(f"{done} of {total} reviewed" if total else "nothing to review yet")
        states = [f"{STATE_WORDS[s]}: {n}" for s, n in self._review.counts.items() if n]
        self.progress.setToolTip("\n".join(states))
        self.on_listed_changed()

    def on_info_changed(self) -> None:
        """Other centres to choose from; with a single one there is nothing to choose."""
        info = self._project.info
        centres = sorted({s.centre for s in info.sources if s.centre}) if info else []
        wanted = self._review.wanted.centre
        self.centre_box.clear()
        self.centre_box.addItem("Any centre", None)
        for centre in centres:
            self.centre_box.addItem(centre, centre)
        self.centre_box.setCurrentIndex(max(self.centre_box.findData(wanted), 0))
        self.centre_box.setVisible(bool(centres))


def _what_is_missing(unscored: int, outdated: int) -> str:
    """What is to be computed, in a sentence or two."""
    said = []
    if unscored:
        said.append("1 frame has no score yet." if unscored == 1 else f"{unscored} frames have no score yet.")
    if outdated:
        said.append(f"{'1 score is' if outdated == 1 else f'{outdated} scores are'} of other weights – measure again.")
    return " ".join(said)


def _button(action: QAction, text: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(_ICON)
    if text:
        action.setIconText(text)  # a button shows the short text, a menu the long one
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
    return button
