"""Checks on demand whether an explanation is true to its network. Takes seconds; can be stopped at any time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal

from medseg_gui.errors import DroppedError, MedsegError
from medseg_gui.qt.workers.networks import Networks
from medseg_gui.qt.workers.priority import EXPLAIN, stand_back
from medseg_gui.qt.workers.worker import Mailbox, Worker, as_medseg_error
from medseg_gui.types import Frame, FrameCheck, Relevance

logger = logging.getLogger(__name__)

Check = Callable[[Frame, Relevance, Callable[[], bool], Callable[[int, int], None]], FrameCheck]


@dataclass(frozen=True, eq=False)
class CheckJob:
    """What to check.

    Attributes:
        frame: that was explained.
        weights: name of the weights.
        relevance: the explanation.
    """

    frame: Frame
    weights: str
    relevance: Relevance


class Checks:
    """Where checks come from. Importing torch takes a second or two, so that happens inside `load`.

    Args:
        device: one of `device.DEVICES`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = device

    def load(self, name: str) -> Check:
        """A check for some weights, with networks of its own: one as trained, one with shuffled weights.

        Raises:
            MedsegError: the weights cannot be used.
        """
        Networks(self._device).begin()
        from medseg_gui.explanation import FrameExplainer
        from medseg_gui.explanation_check import check_frame, untrained
        from medseg_gui.networks.weights import find_weights

        info = find_weights(name)
        explainer, shuffled = FrameExplainer(info, self._device), untrained(info, self._device)
        return lambda *job: check_frame(explainer, shuffled, *job)


class CheckWorker(Worker):
    """Owns its networks for the time of a job.

    Args:
        checks: where they come from; tests give their own.
    """

    progressed = Signal(object, float)  # CheckJob, share done
    checked = Signal(object, object)  # CheckJob, FrameCheck
    refused = Signal(object, object)  # CheckJob, MedsegError

    def __init__(self, checks: Checks | None = None) -> None:
        super().__init__()
        self._checks = checks or Checks()
        self._jobs: Mailbox[CheckJob] = Mailbox()
        self._is_cancelled = threading.Event()

    # From any thread

    def check(self, job: CheckJob) -> None:
        """Begin a check; one that runs is given up for it."""
        if self._jobs.put(job):
            self.wake()

    def cancel(self) -> None:
        """Give up the one that runs before its next pictures, and the one that waits."""
        self._is_cancelled.set()
        self._jobs.take()

    # On the worker's own thread

    def begin(self) -> None:
        """Stand back behind picture and prediction."""
        stand_back(EXPLAIN)

    def work(self) -> None:
        """Do the newest job."""
        self._is_cancelled.clear()
        if (job := self._jobs.take()) is not None:
            self._answer(job)

    def _answer(self, job: CheckJob) -> None:
        try:
            check = self._checks.load(job.weights)
            result = check(job.frame, job.relevance, self._is_unwanted, lambda *done: self._tell(job, *done))
        except DroppedError:
            logger.debug("A check was given up")
        except MedsegError as e:
            self.refused.emit(job, e)
        except Exception as e:
            self.refused.emit(job, as_medseg_error(e))
        else:
            self.checked.emit(job, result)

    def _tell(self, job: CheckJob, done: int, total: int) -> None:
        self.progressed.emit(job, done / total)

    def _is_unwanted(self) -> bool:
        return self._is_cancelled.is_set() or not self._jobs.is_empty or self._is_stopping.is_set()
