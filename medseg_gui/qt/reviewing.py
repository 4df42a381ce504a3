"""The review queue: asks for the frames and their order, gives them states, has scores computed, compares readers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from medseg_gui.project.edits import FrameEdit, StateEdit
from medseg_gui.project.records import ACCEPTED, FrameKey
from medseg_gui.qt.projecting import Projecting
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction_requests import key_of
from medseg_gui.qt.state.project import ProjectInfo
from medseg_gui.qt.state.project_orders import Compare, ListFrames, Save, SaveScores
from medseg_gui.qt.state.review import AT_RANDOM, NO_FRAMES, OUTSIDE, SCORES, Comparison, FrameList
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.score import ScoreJob, ScoreWorker
from medseg_gui.types import Frame


class Reviewing(QObject):
    """Stands between the queue in the window and the workers.

    Args:
        state: what is wanted, and where the answers go.
        worker: owns the project.
        score: computes scores.
        projecting: brings frames to the screen.
    """

    def __init__(
        self,
        state: AppState,
        worker: ProjectWorker,
        score: ScoreWorker,
        projecting: Projecting,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._review = state, state.review
        self._worker, self._score, self._projecting = worker, score, projecting
        self._job: ScoreJob | None = None
        self._seed = 0
        self._place: tuple[object, int] | None = None
        self._watch()

    def _watch(self) -> None:
        review, worker, score = self._review, self._worker, self._score
        review.wish_changed.connect(self.ask_for_list)
        review.frame_wanted.connect(self._projecting.go_to)
        review.decided.connect(self.on_decided)
        review.score_wanted.connect(self.on_score_wanted)
        review.score_stop_wanted.connect(self.on_score_stop_wanted)
        review.comparing_changed.connect(self.compare)
        self._state.project.info_changed.connect(self.on_info_changed)
        self._state.playback.frame_changed.connect(self.on_frame_changed)
        self._state.playback.playing_changed.connect(self.on_playing_changed)
        for signal in (review.wish_changed, self._state.session.weights_identified, self._state.session.weights_chosen,
                       self._state.explanation.request_changed):  # fmt: skip
            signal.connect(self.tell_weights)
        worker.listed.connect(self.on_listed)
        worker.frames_added.connect(self.ask_for_list)
        worker.counted.connect(review.set_counts)
        worker.compared.connect(self.on_compared)
        score.scored.connect(self.on_scored)
        score.progressed.connect(self.on_score_progressed)
        score.ended.connect(self.on_score_ended)
        score.noticed.connect(self._state.session.notice)

    # The list

    def on_info_changed(self, info: ProjectInfo | None) -> None:
        """Another project or reader has another queue."""
        place = (info.folder, info.reader) if info is not None else None
        if place == self._place:
            return
        self._place = place
        self.on_score_stop_wanted()
        self._review.set_comparing(False)
        if info is None:
            self._review.set_listed(NO_FRAMES)
            self._review.set_counts({})
        else:
            self.ask_for_list()

    def ask_for_list(self) -> None:
        """Have the frames put in the order that is wanted now."""
        review = self._review
        if review.order == AT_RANDOM:
            self._seed += 1
        self._projecting.ask(ListFrames(review.order, review.wanted, self._seed, review.compared_class))

    def on_listed(self, listed: FrameList) -> None:
        """Show it, unless another order is wanted by now."""
        if listed.order == self._review.order:
            self._review.set_listed(listed)

    # States

    def on_decided(self, state: str) -> None:
        """Give the frame on screen a state, then go on to the next one of the queue."""
        frame = self._state.playback.frame
        if frame is None or self._state.playback.is_live:
            return
        if state == ACCEPTED and not self._state.correction.is_corrected:
            self._state.correction.accept()  # the prediction becomes the mask, if there is one
            if not self._state.correction.is_corrected:
                return
        else:
            self.give_state(frame, state)
        if self._review.goes_on and self._review.place >= 0 and not self._review.step(1):
            self._state.session.notice("This was the last frame of the queue.")

    def give_state(self, frame: Frame, state: str) -> None:
        """One that the project does not know yet becomes known by it."""
        key = key_of(frame)
        self._projecting.ask(Save(FrameEdit(key, frame.size, frame.name)))
        self._projecting.ask(Save(StateEdit((key,), state)))

    # Scores

    def on_score_wanted(self) -> None:
        """Compute what is missing or was made by other weights, on the frames of the queue whose source is there."""
        review, info = self._review, self._state.project.info
        chosen = self._weights()
        if info is None or review.order not in SCORES:
            return
        if not chosen:
            self._state.session.notice("Choose weights first; the scores tell how sure they are.")
            return
        missing = np.flatnonzero(np.isnan(review.listed.scores))
        rows = np.union1d(missing, review.listed.outdated(review.score_weights))
        keys = [review.listed.records[row].key for row in rows]
        present = {h: str(p) for h, p in info.paths.items() if h not in info.missing}
        wanted = tuple(key for key in keys if key.source_hash in present)
        if not wanted:
            self._state.session.notice("All frames that are there have their score.")
            return
        names, threshold = tuple(chosen.values()), self._state.display.threshold
        class_id = next(iter(chosen))
        self._job = ScoreJob(review.order, wanted, present, names, threshold, class_id, review.score_weights)
        review.set_scoring((0, len(wanted)))
        self._score.submit(self._job)

    def _weights(self) -> dict[int, str]:
        """Class -> name of the weights that would make the scores; one alone where only one class can be scored."""
        chosen = {class_id: name for class_id, name in self._state.session.chosen.items() if name}
        if self._review.order != OUTSIDE or not chosen:
            return chosen
        explained = self._state.explanation.class_id
        class_id = explained if explained in chosen else next(iter(chosen))
        return {class_id: chosen[class_id]}

    def tell_weights(self) -> None:
        """Scores of other weights than these are out of date."""
        ids = [self._state.session.weights_ids.get(name, "") for name in self._weights().values()]
        self._review.set_score_weights(" ".join(sorted(ids)) if all(ids) else "")  # else they are still being loaded

    def on_score_stop_wanted(self) -> None:
        """What was computed stays."""
        was_running, self._job = self._job is not None, None
        self._score.cancel()
        self._review.set_scoring(None)
        if was_running:
            self.ask_for_list()

    def on_scored(self, job: ScoreJob, scores: dict[FrameKey, float]) -> None:
        """Some more scores, to be remembered."""
        if job is self._job:
            self._projecting.ask(SaveScores(job.name, scores, job.weights_ids))

    def on_score_progressed(self, job: ScoreJob, done: int, total: int) -> None:
        """The scores are so far."""
        if job is self._job:
            self._review.set_scoring((done, total))

    def on_score_ended(self, job: ScoreJob) -> None:
        """Put the frames in the new order."""
        if job is self._job:
            self._job = None
            self._review.set_scoring(None)
            self.ask_for_list()

    def on_playing_changed(self, is_playing: bool) -> None:
        """In motion, the processor belongs to the picture; standing still, the readers are compared."""
        self._score.hold(is_playing)
        if not is_playing:
            self.compare()

    # Readers

    def on_frame_changed(self, frame: Frame) -> None:
        """Compare the readers on it, too."""
        if not self._state.playback.is_playing:
            self.compare()

    def compare(self) -> None:
        """Ask where the readers differ on the frame on screen."""
        frame = self._state.playback.frame
        if self._review.is_comparing and frame is not None and self._state.project.info is not None:
            self._projecting.ask(Compare(key_of(frame), self._review.compared_class))

    def on_compared(self, comparison: Comparison) -> None:
        """Show it, if it is still wanted."""
        frame = self._state.playback.frame
        if self._review.is_comparing and frame is not None and comparison.key == key_of(frame):
            self._review.set_comparison(comparison)
