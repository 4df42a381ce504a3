"""The third part of the training page: figures before and after, held-out frames with a wipe, accept or discard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.qt import theme
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.state.training_result import HeldOutFrame, Verdict
from medseg_gui.qt.views.choice_buttons import ChoiceButtons
from medseg_gui.qt.views.training_parts import Note, heading, push_button, quiet, set_primary
from medseg_gui.qt.views.training_wipe import MASK, RELEVANCE, Wipe

_MEASURES = {"dice": "Dice", "iou": "IoU", "precision": "Precision", "recall": "Recall"}
_IMAGE = Qt.ItemDataRole.UserRole
_LIST_PX = 340
# What was measured of it: models/results/fine-tuning.md.
_FORGETTING = "Only these frames were measured. On other hospitals' pictures the new weights may be worse than before."


class TrainingResult(QWidget):
    """Figures and frames on the left, the wipe on the right."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.good, self.bad = Note(icon="accept", colour=theme.ACCENT), Note()
        self.figures = QGridLayout()
        self.frames = self._build_frames()
        self.wipe = Wipe()
        self.what = ChoiceButtons(
            {MASK: ("Masks", "mask", "What both mark"), RELEVANCE: ("Relevance", "explain", "Why both mark it (LRP)")}
        )
        self.what.set_choice(MASK)
        self.accept = push_button("Accept as a new version", "accept", "Keep it and use it from now on", True)
        self.discard = push_button("Discard", "trash", "Throw it away; the weights in use stay as they are")
        self._arrange()
        self.what.chosen.connect(self.wipe.set_what)
        self.accept.clicked.connect(training.accept)
        self.discard.clicked.connect(training.discard)
        self.frames.currentItemChanged.connect(self._on_frame_chosen)
        training.verdict_changed.connect(self.on_verdict_changed)
        training.sides_changed.connect(self.on_sides_changed)
        self.on_verdict_changed()

    def _build_frames(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(4)
        tree.setHeaderLabels(["Held-out frame", "Before", "After", "Change"])
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setAccessibleName("Held-out frames")
        tree.setTextElideMode(Qt.TextElideMode.ElideLeft)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return tree

    def _arrange(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        for note in (self.good, self.bad):
            left.addWidget(note)
        self.figures.setHorizontalSpacing(16)
        self.figures.setColumnStretch(0, 1)
        left.addLayout(self.figures)
        left.addWidget(quiet(_FORGETTING))
        left.addWidget(heading("Frame by frame"))
        left.addWidget(self.frames, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.accept, 1)
        buttons.addWidget(self.discard)
        left.addLayout(buttons)
        holder = QWidget()
        holder.setFixedWidth(_LIST_PX + 60)
        holder.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        right = QVBoxLayout()
        right.setSpacing(8)
        top = QHBoxLayout()
        top.addWidget(self.what)
        top.addStretch(1)
        legend = quiet("White: your mask. Drag the line, or use ← and →.")
        legend.setWordWrap(False)
        top.addWidget(legend)
        right.addLayout(top)
        right.addWidget(self.wipe, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 8, 16, 12)
        row.setSpacing(20)
        row.addWidget(holder)
        row.addLayout(right, 1)

    def on_verdict_changed(self) -> None:
        """Figures of another training."""
        verdict = self._training.verdict
        self.frames.clear()
        if verdict is None:
            return
        self.good.set_text(verdict.sentence if verdict.is_proposed else "")
        self.bad.set_text("" if verdict.is_proposed else verdict.sentence)
        self.accept.setText(" Accept as a new version" if verdict.is_proposed else " Keep, but do not use")
        set_primary(self.accept, "accept", verdict.is_proposed)
        set_primary(self.discard, "trash", not verdict.is_proposed)
        self._show_figures(verdict)
        for frame in verdict.frames:
            self.frames.addTopLevelItem(_item(frame))

    def _show_figures(self, verdict: Verdict) -> None:
        while (item := self.figures.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._add_row(0, "", "before", "after", is_quiet=True)
        row = 1
        for name, text in _MEASURES.items():
            if verdict.before.get(name) is not None:
                self._add_row(row, text, f"{verdict.before[name]:.3f}", f"{verdict.after[name]:.3f}")
                row += 1
        if verdict.after["empty_images"]:
            text = f"False alarms in {verdict.after['empty_images']} empty frames"
            self._add_row(row, text, str(verdict.before["falsely_marked"]), str(verdict.after["falsely_marked"]))

    def _add_row(self, row: int, *texts: str, is_quiet: bool = False) -> None:
        for column, text in enumerate(texts):
            label = quiet(text) if is_quiet else QLabel(text)
            label.setWordWrap(False)
            if column:
                label.setFont(theme.tabular(self.font()))
                label.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.figures.addWidget(label, row, column)

    def _on_frame_chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._training.look_at(item.data(0, _IMAGE))

    def on_sides_changed(self) -> None:
        """Another frame."""
        sides = self._training.sides
        self.wipe.set_sides(sides)
        if sides is not None:
            for i in range(self.frames.topLevelItemCount()):
                item = self.frames.topLevelItem(i)
                if item is not None and item.data(0, _IMAGE) == sides.image:
                    self.frames.blockSignals(True)
                    self.frames.setCurrentItem(item)
                    self.frames.blockSignals(False)


def _item(frame: HeldOutFrame) -> QTreeWidgetItem:
    name = frame.title or frame.image.rpartition(".")[0]
    if frame.before is None or frame.after is None:
        texts = [name, "none", "none", ""]
    else:
        texts = [name, f"{frame.before:.3f}", f"{frame.after:.3f}", f"{frame.after - frame.before:+.3f}"]
    item = QTreeWidgetItem(texts)
    item.setData(0, _IMAGE, frame.image)
    item.setToolTip(0, name)
    for column in (1, 2, 3):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if frame.before is not None and frame.after is not None:
        change = frame.after - frame.before
        colour = theme.ACCENT if change > 0.001 else theme.WARNING if change < -0.001 else theme.QUIET_TEXT
        item.setForeground(3, QColor(colour))
    return item
