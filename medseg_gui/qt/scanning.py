"""The journey of a scan: a whole source looked at in the background, until the timeline is full."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.workers.scan import ScanJob, ScanWorker


class Scanning(QObject):
    """Asks the scan worker and hears it.

    Args:
        state: what is wanted, and where answers go.
        worker: not started here.
    """

    def __init__(self, state: AppState, worker: ScanWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._worker = state, worker
        self._job: ScanJob | None = None
        state.analysis.scan_requested.connect(self.on_requested)
        state.analysis.scan_stop_requested.connect(self.stop)
        state.playback.playing_changed.connect(self.on_playing_changed)
        worker.noted.connect(self.on_noted)
        worker.progressed.connect(self.on_progressed)
        worker.ended.connect(self.on_ended)

    def on_requested(self) -> None:
        """Look at all frames that the chosen weights have not seen yet."""
        session, analysis = self._state.session, self._state.analysis
        source, chosen = session.source, {c: name for c, name in session.chosen.items() if name}
        if source is None or not source.frame_count:
            session.notice("Only a video or a folder can be scanned; a camera has no end.")
        elif not chosen:
            session.notice("Choose weights first; then the video can be scanned.")
        elif not len(indices := self._unseen(chosen)):
            session.notice("The timeline is filled already.")
        else:
            self._job = ScanJob(source.spec, source.source_id, tuple(chosen.values()), indices)
            self._worker.submit(self._job)
            analysis.set_scanning(True)
            if self._state.playback.is_playing:
                session.notice("The scan goes on whenever playback is paused.")

    def _unseen(self, chosen: dict[int, str]) -> list[int]:
        lanes = [self._state.analysis.lanes[class_id] for class_id in chosen]
        return np.flatnonzero(np.isnan(lanes).any(axis=0)).tolist()

    def stop(self) -> None:
        """What was found stays; what still comes is thrown away."""
        self._job = None
        self._worker.cancel()
        self._state.analysis.set_scanning(False)

    def on_playing_changed(self, is_playing: bool) -> None:
        """In motion, the processor belongs to the picture and what is predicted for it."""
        self._worker.hold(is_playing)

    def on_noted(self, job: ScanJob, peaks: dict[int, dict[int, float]]) -> None:
        """Some more frames were seen."""
        if job is self._job:
            self._state.analysis.note_many(peaks)

    def on_progressed(self, job: ScanJob, done: int, total: int) -> None:
        """The scan is so far."""
        if job is self._job:
            self._state.analysis.set_scan_progress(done, total)

    def on_ended(self, job: ScanJob) -> None:
        """It came to its end, or failed and said so."""
        if job is self._job:
            self._job = None
            self._state.analysis.set_scanning(False)
