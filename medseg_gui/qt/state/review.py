"""The queue of frames to be reviewed: its order, who stands in it, and where one is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from medseg_gui.project.records import PREDICTED, TO_DO, FrameFilter, FrameKey, FrameRecord
from medseg_gui.types import POLYP

BY_TIME = "time"
AT_RANDOM = "random"
DISAGREEMENT = "disagreement"
UNCERTAINTY = "uncertainty"
FLICKER = "flicker"
OUTSIDE = "relevance outside"
SCORES = (UNCERTAINTY, FLICKER, OUTSIDE)
ORDERS = {
    BY_TIME: "In time",
    UNCERTAINTY: "Uncertain first",
    FLICKER: "Flickering first",
    OUTSIDE: "Relevance outside first",
    AT_RANDOM: "At random",
    DISAGREEMENT: "Readers disagree",
}


@dataclass(frozen=True, eq=False)
class FrameList:
    """Frames in the order in which they are reviewed.

    Attributes:
        order: key of ORDERS.
        records: of each frame.
        scores: (N,) float32, what they are ordered by, NaN where not known; of disagreement: Dice.
        weights: ids of the weights that made each score, "" where nobody knows; none where no scores are.
        rows: (source hash, frame index) -> row; made where the list is made, because it takes a while.
    """

    order: str
    records: tuple[FrameRecord, ...]
    scores: NDArray[np.float32]
    weights: tuple[str, ...] = ()
    rows: dict[tuple[str, int], int] = field(init=False)

    def __post_init__(self) -> None:
        rows = {(r.key.source_hash, r.key.index): row for row, r in enumerate(self.records)}
        object.__setattr__(self, "rows", rows)

    @property
    def unscored(self) -> int:
        """Frames whose score is not known though they are ordered by it."""
        return int(np.isnan(self.scores).sum()) if self.order in SCORES else 0

    def outdated(self, weights: str) -> NDArray[np.intp]:
        """Rows whose score was made by other weights than these; none where no weights are chosen.

        Args:
            weights: ids, as `ReviewState.score_weights`.
        """
        if not weights or self.order not in SCORES or not self.weights:
            return np.zeros(0, np.intp)
        is_other = np.array([made_by != weights for made_by in self.weights], bool)
        return np.flatnonzero(is_other & ~np.isnan(self.scores))


NO_FRAMES = FrameList(BY_TIME, (), np.zeros(0, np.float32))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Where the two readers differ on a frame.

    Attributes:
        key: which frame.
        dice: of their masks, in [0, 1].
        disagreement_px: pixels that one of them marked.
        contours: reader -> closed contours, each (N, 2) float32 x, y in pixels of the frame.
    """

    key: FrameKey
    dice: float
    disagreement_px: int
    contours: dict[int, tuple[NDArray[np.float32], ...]]


class ReviewState(QObject):
    """Views walk through it and ask for another order; `Reviewing` fills it.

    Attributes:
        order, wanted: what is asked for.
        listed: what is there.
        states: of each frame in it, kept up to date.
        place: row of the frame on screen, -1 when it is not in the list.
        counts: state -> frames of the chosen source, centre and class, whatever their state.
        score_weights: ids of the weights that would make scores now, "" for none.
        scoring: (frames done, frames in all) while scores are computed, else None.
        is_comparing: whether the readers are compared on the frame on screen.
        compared_class: in which class.
        comparison: of the frame on screen, None while it is not known.
    """

    wish_changed = Signal()
    listed_changed = Signal()
    rows_changed = Signal(object)  # list[int]
    place_changed = Signal(int)
    counts_changed = Signal()
    frame_wanted = Signal(object)  # FrameKey
    decided = Signal(str)  # state for the frame on screen
    score_wanted = Signal()
    score_stop_wanted = Signal()
    scoring_changed = Signal()
    comparing_changed = Signal()
    comparison_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.order = BY_TIME
        self.wanted = FrameFilter()
        self.goes_on = True
        self.listed = NO_FRAMES
        self.states: list[str] = []
        self.place = -1
        self.counts: dict[str, int] = {}
        self.score_weights = ""
        self.scoring: tuple[int, int] | None = None
        self.is_comparing = False
        self.compared_class = POLYP
        self.comparison: Comparison | None = None
        self._shown: FrameKey | None = None

    # What a person asks

    def set_order(self, order: str) -> None:
        """Order the frames otherwise; to ask for the random order again mixes them anew."""
        self.order = order
        self.wish_changed.emit()

    def set_wanted(self, **changes: object) -> None:
        """Change what is filtered by; attributes of `FrameFilter`."""
        wanted = replace(self.wanted, **changes)  # type: ignore[arg-type]
        if wanted != self.wanted:
            self.wanted = wanted
            self.wish_changed.emit()

    def step(self, rows: int) -> bool:
        """Walk the queue; from a frame that is not in it, to its beginning. False at its ends."""
        place = self.place + rows if self.place >= 0 else 0
        if not 0 <= place < len(self.listed.records):
            return False
        self.go_to(place)
        return True

    def go_to(self, row: int) -> None:
        """Show the frame of a row."""
        self._set_place(row)
        self.frame_wanted.emit(self.listed.records[row].key)

    def decide(self, state: str) -> None:
        """Give the frame on screen a state."""
        self.decided.emit(state)

    def compute_scores(self) -> None:
        """Have the scores computed that the order needs and that are not there, or of other weights."""
        self.score_wanted.emit()

    def stop_scores(self) -> None:
        """End that; what was computed stays."""
        self.score_stop_wanted.emit()

    def set_comparing(self, comparing: bool) -> None:
        """Show where the readers differ, or no longer."""
        if comparing != self.is_comparing:
            self.is_comparing = comparing
            self.set_comparison(None)
            self.comparing_changed.emit()

    def set_compared_class(self, class_id: int) -> None:
        """Compare in another class."""
        if class_id != self.compared_class:
            self.compared_class = class_id
            self.set_comparison(None)
            self.comparing_changed.emit()

    # What is answered

    def set_listed(self, listed: FrameList) -> None:
        """The frames that were asked for."""
        self.listed = listed
        self.states = [r.state for r in listed.records]
        self.place = self._row_of(self._shown)
        self.listed_changed.emit()
        self.place_changed.emit(self.place)

    def set_shown(self, key: FrameKey | None) -> None:
        """The frame on screen is another one."""
        self._shown = key
        if self.comparison is not None and self.comparison.key != key:
            self.set_comparison(None)
        self._set_place(self._row_of(key))

    def note_states(self, keys: Iterable[FrameKey], state: str) -> None:
        """Some frames got another state; they stay where they are until the list is asked for again."""
        rows = [row for key in keys if (row := self._row_of(key)) >= 0]
        for row in rows:
            self.states[row] = state
        if rows:
            self.rows_changed.emit(rows)

    def set_counts(self, counts: dict[str, int]) -> None:
        """How many frames are in each state."""
        self.counts = counts
        self.counts_changed.emit()

    def set_score_weights(self, weights: str) -> None:
        """Other weights would make the scores now."""
        if weights != self.score_weights:
            self.score_weights = weights
            self.scoring_changed.emit()

    def set_scoring(self, scoring: tuple[int, int] | None) -> None:
        """How far the scores are."""
        self.scoring = scoring
        self.scoring_changed.emit()

    def set_comparison(self, comparison: Comparison | None) -> None:
        """Where the readers differ on the frame on screen."""
        self.comparison = comparison
        self.comparison_changed.emit()

    @property
    def progress(self) -> tuple[int, int]:
        """(frames that a person decided on, all of them)."""
        total = sum(self.counts.values())
        return total - self.counts.get(TO_DO, 0) - self.counts.get(PREDICTED, 0), total

    def _set_place(self, place: int) -> None:
        if place != self.place:
            self.place = place
            self.place_changed.emit(place)

    def _row_of(self, key: FrameKey | None) -> int:
        return self.listed.rows.get((key.source_hash, key.index), -1) if key is not None else -1
