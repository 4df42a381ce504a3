"""The journey of a check: from the button beside an explanation to the worker and back, on behalf of the pipeline."""

from __future__ import annotations

from PySide6.QtCore import QObject

from medseg_gui.errors import MedsegError
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.workers.check import CheckJob, CheckWorker
from medseg_gui.types import Frame, FrameCheck, Relevance


class Checking(QObject):
    """Asks the check worker and hears it.

    Args:
        state: what is wanted, and where answers go.
        worker: not started here.
    """

    def __init__(self, state: AppState, worker: CheckWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explanation, self._check, self._worker = state.explanation, state.explanation.check, worker
        self._check.asked.connect(self.on_asked)
        self._check.stop_asked.connect(self.on_stop_asked)
        self._explanation.answer_changed.connect(self.on_answer_changed)
        worker.progressed.connect(self.on_progressed)
        worker.checked.connect(self.on_checked)
        worker.refused.connect(self.on_refused)

    def on_asked(self, frame: Frame, relevance: Relevance) -> None:
        """Have it checked by the weights that made it."""
        self._worker.check(CheckJob(frame, relevance.weights.rsplit("@", 1)[0], relevance))

    def on_stop_asked(self) -> None:
        """Nobody waits for it any more."""
        self._worker.cancel()

    def on_answer_changed(self) -> None:
        """A check speaks of one explanation; another one on screen has none yet."""
        relevance = self._explanation.relevance
        result = self._check.result.relevance if self._check.result is not None else None
        if relevance is None or relevance not in (self._check.relevance, result):
            self._check.forget()

    def on_progressed(self, job: CheckJob, share: float) -> None:
        """How far it has come."""
        self._check.set_share_done(job.relevance, share)

    def on_checked(self, job: CheckJob, result: FrameCheck) -> None:
        """Show it."""
        self._check.set_result(result)

    def on_refused(self, job: CheckJob, error: MedsegError) -> None:
        """Say why there is none."""
        self._check.set_refusal(job.relevance, error)
