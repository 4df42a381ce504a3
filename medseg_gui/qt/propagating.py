"""The journey of lesions through time: from a corrected frame to a run of proposals, and from there into the masks."""

from __future__ import annotations

from PySide6.QtCore import QObject

from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import REVIEWED
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import STATE_CODES
from medseg_gui.qt.state.propagation import BACK, BETWEEN, CarriedFrame
from medseg_gui.qt.workers.propagate import CarryJob, PropagateWorker

_REVIEWED_CODES = {STATE_CODES[state] for state in REVIEWED}
_CORRECT_FIRST = "Correct or accept this frame first; its mask is then carried on."
_NEEDS_TWO = "Correct a frame before this one and one after it first; the masks in between are then filled in."
_NO_ROOM = "There is no frame to carry the mask to: the next one is corrected already, or there is none."


class Propagating(QObject):
    """Connects the run of carried frames with the correction and its worker, for the pipeline.

    Args:
        state: what is corrected and what is wanted.
        propagate: worker, not started here.
    """

    def __init__(self, state: AppState, propagate: PropagateWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._propagate = state, propagate
        self._run, self._correction = state.propagation, state.correction
        self._job: CarryJob | None = None
        self._run.wanted.connect(self.on_wanted)
        self._run.stop_wanted.connect(self.on_stop_wanted)
        self._run.accepted.connect(self.on_accepted)
        self._run.rejected.connect(self.forget)
        state.session.source_changed.connect(self.forget)
        propagate.carried.connect(self.on_carried)
        propagate.ended.connect(self.on_ended)

    def on_wanted(self, direction: str) -> None:
        """Begin, or say what is missing."""
        source, key = self._state.session.source, self._correction.key
        if source is None or key is None:
            return
        self._state.playback.pause()
        found = self._between(key.index) if direction == BETWEEN else self._onwards(key.index, direction)
        if isinstance(found, str):
            self._state.session.notice(found)
            return
        start, indices, end = found
        weights = tuple(name for name in self._state.session.chosen.values() if name)
        self._job = CarryJob(source.spec, source.source_id, weights, start, indices, end)
        self._run.begin(len(indices))
        self._propagate.submit(self._job)

    def _onwards(self, index: int, direction: str) -> tuple[MaskEdit, list[int], None] | str:
        """Frames up to the next one that a person has corrected."""
        corrected = self._correction.corrected
        if index not in corrected:
            return _CORRECT_FIRST
        step, last = (-1, -1) if direction == BACK else (1, self._state.playback.frame_count)
        indices: list[int] = []
        for i in range(index + step, last, step):
            if i in corrected or self._is_stored(i) or len(indices) == self._run.count:
                break
            indices.append(i)
        return (corrected[index], indices, None) if indices else _NO_ROOM

    def _is_stored(self, index: int) -> bool:
        """Whether the project holds a mask that a person made on an earlier day."""
        lane = self._state.project.lane
        return index < len(lane) and int(lane[index]) in _REVIEWED_CODES

    def _between(self, index: int) -> tuple[MaskEdit, list[int], MaskEdit] | str:
        """From the nearest corrected frame on one side to the nearest on the other; this one may be one of the two."""
        corrected = self._correction.corrected
        before = max((i for i in corrected if i < index), default=None)
        after = min((i for i in corrected if i > index), default=None)
        if index in corrected:
            before, after = (before, index) if before is not None else (index, after)
        if before is None or after is None:
            return _NEEDS_TWO
        indices = [i for i in range(before + 1, after) if not self._is_stored(i)]
        return (corrected[before], indices, corrected[after]) if indices else _NO_ROOM

    def on_stop_wanted(self) -> None:
        """Go no further."""
        self._propagate.cancel()

    def on_carried(self, job: CarryJob, frame: CarriedFrame) -> None:
        """One more frame of the run."""
        if job is self._job:
            self._run.add(frame)

    def on_ended(self, job: CarryJob, reason: str) -> None:
        """The run is as long as it will be."""
        if job is self._job:
            self._run.end(reason)

    def on_accepted(self) -> None:
        """All of its frames have masks now; what a person corrected meanwhile stays."""
        edits = [self._run.frames[i].edit for i in sorted(self._run.frames)]
        self.forget()
        self._correction.accept_carried(edits)

    def forget(self) -> None:
        """There is no run any more."""
        self._job = None
        self._propagate.cancel()
        self._run.clear()
