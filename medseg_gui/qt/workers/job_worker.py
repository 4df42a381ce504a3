"""A worker that does one long job at a time: the newest, until it is done, cancelled or replaced."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from medseg_gui.qt.workers.worker import Mailbox, Worker

JobT = TypeVar("JobT")

_HOLD_S = 0.05


class JobWorker(Worker, Generic[JobT]):
    """A child overrides `do`, and asks `may_go_on` or `should_end` between the steps of a job."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: Mailbox[JobT] = Mailbox()
        self._wanted: JobT | None = None
        self._may_run = threading.Event()
        self._may_run.set()

    # From any thread

    def submit(self, job: JobT) -> None:
        """Begin a job; one that runs ends."""
        self._wanted = job
        self._jobs.put(job)
        self.wake()

    def cancel(self) -> None:
        """End the job that runs, before its next step."""
        self._wanted = None

    def hold(self, held: bool) -> None:
        """Rest, and go on: while a video plays, picture and prediction on screen need the processor."""
        if held:
            self._may_run.clear()
        else:
            self._may_run.set()

    def stop(self) -> None:
        """Ask the worker to end as soon as it can."""
        self.cancel()
        super().stop()

    # On the worker's own thread

    def work(self) -> None:
        """Do the newest job."""
        if (job := self._jobs.take()) is not None:
            self.do(job)

    def do(self, job: JobT) -> None:
        """Do a whole job."""
        raise NotImplementedError

    def may_go_on(self, job: JobT) -> bool:
        """Wait while held; whether the job is still wanted then."""
        while not self.should_end(job) and not self._may_run.wait(_HOLD_S):
            pass
        return not self.should_end(job)

    def should_end(self, job: JobT) -> bool:
        """Whether the job was cancelled or replaced, or the program ends."""
        return self._wanted is not job or self._is_stopping.is_set()
