"""What a review asks of a project: the frames in their order, scores, readers and where they differ."""

from __future__ import annotations

from medseg_gui.project.records import FrameFilter
from medseg_gui.qt.state.project_orders import Compare, ListFrames, SaveScores, SetReader
from medseg_gui.qt.workers import project_answers as answers
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_teller import ProjectSignals, ProjectTeller


class ProjectReviewing:
    """Answers one reader at a time.

    Args:
        keeper: has the project that is open.
        signals, teller: where it is told.
    """

    def __init__(self, keeper: Keeper, signals: ProjectSignals, teller: ProjectTeller) -> None:
        self._keeper, self._signals, self._teller = keeper, signals, teller

    def set_reader(self, order: SetReader) -> None:
        """Go on as another reader; everything that the window knows is told anew."""
        self._keeper.require_saved()
        self._keeper.require().reader = order.reader
        self._teller.tell_opened()
        self._teller.tell_journal()
        self._teller.tell_lanes()

    def list_frames(self, order: ListFrames) -> None:
        """Tell the frames that are wanted; those of the same kind, whatever their state, are counted from now on."""
        wanted = order.wanted
        self._teller.counted = FrameFilter(None, wanted.source_hash, wanted.centre, wanted.class_id)
        if self._keeper.project is not None:
            self._signals.listed.emit(answers.list_frames(self._keeper.project, order))
            self._teller.count()

    def save_scores(self, order: SaveScores) -> None:
        """Remember scores of frames."""
        self._keeper.require().set_scores(order.name, order.scores, order.weights)

    def compare(self, order: Compare) -> None:
        """Tell where the two readers differ on a frame."""
        comparison = answers.compare_readers(self._keeper.require(), order.key, order.class_id)
        self._signals.compared.emit(comparison)
