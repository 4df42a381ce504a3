"""The review queue as a table: as quick with fifty thousand rows as with five."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from medseg_gui.project.records import FrameRecord
from medseg_gui.qt import theme
from medseg_gui.qt.state.project import STATE_WORDS, ProjectState
from medseg_gui.qt.state.review import DISAGREEMENT, OUTSIDE, SCORES, ReviewState
from medseg_gui.qt.views.state_signs import state_icon
from medseg_gui.qt.views.time_text import format_time

_Index = QModelIndex | QPersistentModelIndex
_COLUMN_COUNT = 3
_ROW_PX = 30
_SIGN_PX = 48


def has_scores(order: str) -> bool:
    """Whether frames in this order have numbers."""
    return order in SCORES or order == DISAGREEMENT


class ReviewModel(QAbstractTableModel):
    """Shows what `review` lists; only the rows in sight are ever made into text."""

    def __init__(self, review: ReviewState, project: ProjectState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review, self._project = review, project
        review.listed_changed.connect(self.on_listed_changed)
        review.rows_changed.connect(self.on_rows_changed)

    def on_listed_changed(self) -> None:
        """Other frames, or another order."""
        self.beginResetModel()
        self.endResetModel()

    def on_rows_changed(self, rows: list[int]) -> None:
        """Some frames have another state."""
        self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), _COLUMN_COUNT - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Frames in the list."""
        return 0 if parent.isValid() else len(self._review.listed.records)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Frame, state, score."""
        return 0 if parent.isValid() else _COLUMN_COUNT

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Names of the columns; of the last one, what is measured."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            names = {DISAGREEMENT: "Dice", OUTSIDE: "Outside", **{s: s.capitalize() for s in SCORES if s != OUTSIDE}}
            order = self._review.listed.order
            return ("Frame", "" if has_scores(order) else "State", names.get(order, ""))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == 2:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        row, column = index.row(), index.column()
        record, state = self._review.listed.records[row], self._review.states[row]
        if role == Qt.ItemDataRole.DisplayRole:
            word = "" if has_scores(self._review.listed.order) else STATE_WORDS[state]
            return (_name(record), word, self._score(row))[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            return state_icon(state)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 2:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(record, state)
        return None

    def _score(self, row: int) -> str:
        score = float(self._review.listed.scores[row])
        if np.isnan(score):
            return "–" if self._review.listed.order in SCORES else ""
        return f"{100 * score:.0f} %" if self._review.listed.order == OUTSIDE else f"{score:.3f}"

    def _tip(self, record: FrameRecord, state: str) -> str:
        info = self._project.info
        source = next((s.name for s in info.sources if s.hash == record.key.source_hash), "") if info else ""
        lines = [f"{source} · frame {record.key.index}", STATE_WORDS[state]]
        if record.author:
            lines.append(f"by {record.author}, {record.changed_at[:16].replace('T', ' ')} UTC")
        if record.weights:
            lines.append(f"proposed by {record.weights.rsplit('@', 1)[0]}")
        if record.notes:
            lines.append(f"“{record.notes}”")
        return "\n".join(lines)


class ReviewTable(QTableView):
    """Click a row, or walk with the arrow keys, to see its frame."""

    def __init__(self, review: ReviewState, project: ProjectState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.setModel(ReviewModel(review, project, self))
        self.setAccessibleName("Review queue")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(theme.tabular(self.font()))
        self.setIconSize(QSize(18, 18))
        self.setMinimumHeight(_ROW_PX * 6)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self._score_px = self.fontMetrics().horizontalAdvance("Uncertainty") + 20
        self._word_px = self.fontMetrics().horizontalAdvance(max(STATE_WORDS.values(), key=len)) + 44
        review.place_changed.connect(self.on_place_changed)
        review.listed_changed.connect(self.on_listed_changed)
        self.clicked.connect(self._on_picked)
        self.activated.connect(self._on_picked)
        self.on_listed_changed()

    def on_listed_changed(self) -> None:
        """Beside scores the states are signs only; without scores their column takes no room."""
        is_scored = has_scores(self._review.listed.order)
        self.setColumnHidden(2, not is_scored)
        self.horizontalHeader().resizeSection(1, _SIGN_PX if is_scored else self._word_px)
        self.horizontalHeader().resizeSection(2, self._score_px)
        self.on_place_changed(self._review.place)

    def on_place_changed(self, place: int) -> None:
        """Mark the row of the frame on screen, and have it in sight."""
        if place < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif place != self.currentIndex().row() or not self.selectionModel().hasSelection():
            self.selectRow(place)
            self.scrollTo(self.model().index(place, 0))

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        """The arrow keys walk the queue, too."""
        super().currentChanged(current, previous)
        if self.hasFocus():
            self._on_picked(current)

    def _on_picked(self, index: _Index) -> None:
        if index.isValid() and index.row() != self._review.place:
            self._review.go_to(index.row())


def _name(record: FrameRecord) -> str:
    return record.name or f"{format_time(record.key.time_s)} · {record.key.index}"
