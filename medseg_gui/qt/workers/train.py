"""Starts the training process, tells it what a person wants, and hears what it says; nothing is learnt on this thread.

The process has less right to the processor than all else and leaves one core free, so that the picture stays smooth.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil
from PySide6.QtCore import Signal

from medseg_gui.errors import MedsegError, OutputError
from medseg_gui.qt.workers.worker import Fifo, Worker
from medseg_gui.training.job import DISCARDED, DONE, RUNNING, TrainingJob, all_jobs, frames_learnt
from medseg_gui.training.protocol import CANCELLED, command_line, read_event, training_command

logger = logging.getLogger(__name__)

_NICENESS = 19  # the most there is: with 10 a third fewer frames were predicted beside it, and it was no faster
_PATIENCE_S = 20.0  # for saving when the window closes: some seconds, more where the disk is slow
_DYING_S = 5.0  # at its niceness even that takes a while on a busy computer
_NEEDED_BYTES = 500 * 1024**2  # copy of the frames, state to resume from, weights twice
_TOLD_LINES = 40

# How a process ended: it came to its end, was asked to stop, was cancelled, or broke.
FINISHED, STOPPED, CANCELED, BROKEN = "finished", "stopped", "canceled", "broken"


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        kind: one of the above.
        error: why, when it broke.
    """

    kind: str
    error: MedsegError | None = None


@dataclass(frozen=True)
class Start:
    """A process to be started: for a job, with these words after `medseg train`; to preview, or to learn."""

    job: TrainingJob
    words: tuple[str, ...]
    is_preview: bool = False


class TrainWorker(Worker):
    """Owns at most one process.

    Args:
        command: words after `medseg train` -> the whole command; tests start something else.
        patience_s: how long a process may take to save when the window closes.
    """

    happened = Signal(object, object)  # Start, event
    ended = Signal(object, object)  # Start, Ending
    learnt_known = Signal(str, object)  # name of weights, frozenset of the frames that they have seen
    found = Signal(object, object)  # TrainingJob without a verdict, what its process said (list of events)

    def __init__(
        self, command: Callable[[Sequence[str]], list[str]] = training_command, patience_s: float = _PATIENCE_S
    ) -> None:
        super().__init__()
        self._command, self._patience_s = command, patience_s
        self._todo: Fifo[Callable[[], None]] = Fifo()
        self._heard: Fifo[str | None] = Fifo()
        self._start: Start | None = None
        self._next: Start | None = None  # begins when the process that runs has ended
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._outcome = ""
        self._has_learnt = False
        self._said: deque[str] = deque(maxlen=_TOLD_LINES)

    # From any thread

    def train(self, job: TrainingJob, resume: bool = False) -> None:
        """Start a job, or go on with it."""
        self._put(lambda: self._begin_process(Start(job, tuple(job.arguments(resume)))))

    def preview(self, job: TrainingJob, picture: Path) -> None:
        """Show what guided augmentation would take away."""
        self._put(lambda: self._begin_process(Start(job, tuple(job.preview_arguments(picture)), is_preview=True)))

    def command(self, word: str) -> None:
        """Tell the process one of `training.protocol.COMMANDS`."""
        self._put(lambda: self._tell(word))

    def look_for_interrupted(self) -> None:
        """Find the newest job that did not come to its end."""
        self._put(self._find)

    def forget(self, job: TrainingJob) -> None:
        """Take a job away that nobody wants any more."""
        self._put(lambda: self._remove(job))

    def strip(self, job: TrainingJob) -> None:
        """Keep what a job that was accepted tells, but not its frames nor its state."""
        self._put(lambda: self._strip(job))

    def find_learnt(self, weights: str) -> None:
        """Tell which frames weights have seen."""
        self._put(lambda: self._tell_learnt(weights))

    def _put(self, what: Callable[[], None]) -> None:
        self._todo.put(what)
        self.wake()

    # On the worker's own thread

    def work(self) -> None:
        """What is to be done, then what was heard."""
        while (what := self._todo.take()) is not None:
            self._guard(what)
        while not self._heard.is_empty:
            self._hear(self._heard.take())

    def end(self) -> None:
        """Let the process save and end; one that does not is killed after a while, and resumes from its last pass."""
        if self._process is None:
            return
        self._tell("stop")
        self._close_input()
        if not self._has_learnt:
            self._process.kill()  # there is nothing to save
        try:
            self._process.wait(self._patience_s)
        except subprocess.TimeoutExpired:
            logger.warning("The training process did not end in time and was killed; it can be resumed")
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_DYING_S)
        self._let_go()

    def _begin_process(self, start: Start) -> None:
        if self._process is not None:
            self._next = start
            return
        self._start, self._outcome, self._has_learnt = start, "", False
        self._said.clear()
        try:
            _require_room(start.job.folder)
            if not start.is_preview:
                start.job.save(status=RUNNING)
            self._process = subprocess.Popen(
                self._command(start.words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=_environment(os.environ),
            )
        except (OSError, MedsegError) as e:
            error = e if isinstance(e, MedsegError) else MedsegError("Training cannot be started; try again.", str(e))
            self.ended.emit(start, Ending(BROKEN, error))
            return
        _make_humble(self._process.pid)
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._listen, args=(self._process.stdout,), name="training-output")
        self._reader.start()
        logger.info("Started a training process")

    def _listen(self, stream: IO[str]) -> None:
        """On a thread of its own: a line may take long to come, and a stop must not wait for it."""
        for line in stream:
            self._heard.put(line)
            self.wake()
        self._heard.put(None)
        self.wake()

    def _hear(self, line: str | None) -> None:
        if self._start is None:
            return
        if line is None:
            self._finish()
        elif (event := read_event(line)) is None:
            self._said.append(line.rstrip())
        else:
            self._has_learnt |= event["event"] == "step"
            if event["event"] in ("done", "stopped", "preview"):
                self._outcome = STOPPED if event["event"] == "stopped" else FINISHED
            self.happened.emit(self._start, event)

    def _tell(self, word: str) -> None:
        if self._process is None or self._process.stdin is None or self._process.stdin.closed:
            return
        if word == "cancel":
            self._outcome = CANCELED
            if self._start is not None and self._start.is_preview:
                self._process.terminate()  # it takes no commands
        with suppress(OSError):  # it has just ended by itself
            self._process.stdin.write(command_line(word))
            self._process.stdin.flush()

    def _finish(self) -> None:
        assert self._process is not None
        assert self._start is not None
        start, code, said = self._start, self._process.wait(), "\n".join(self._said)
        self._close_input()
        self._let_go()
        ending = self._judge(code, said)
        if ending.kind == FINISHED and not start.is_preview:
            try:
                start.job.save(status=DONE)
            except OutputError as e:
                self.failed.emit(e)  # only that it is done would be forgotten
        self.ended.emit(start, ending)
        if self._next is not None:
            start, self._next = self._next, None
            self._begin_process(start)

    def _judge(self, code: int, said: str) -> Ending:
        if self._outcome == CANCELED or code == CANCELLED:
            return Ending(CANCELED)
        if code == 0 and self._outcome:
            return Ending(self._outcome)
        return Ending(BROKEN, MedsegError(_why(code, said), said))

    def _close_input(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # what could not be written is lost with the process
                self._process.stdin.close()

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.join(self._patience_s)
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = self._reader = None

    def _find(self) -> None:
        for job in all_jobs():
            if job.status in (RUNNING, DONE):
                self.found.emit(job, _events(job.run / "metrics.jsonl"))
                return

    def _remove(self, job: TrainingJob) -> None:
        with suppress(OutputError):  # a full disk is a reason more to take it away
            job.save(status=DISCARDED)  # should some file withstand, it is at least not offered again
        shutil.rmtree(job.folder, ignore_errors=True)

    def _strip(self, job: TrainingJob) -> None:
        shutil.rmtree(job.data, ignore_errors=True)
        for file in [job.run / "resume.pt", *job.run.glob("*.safetensors")]:
            file.unlink(missing_ok=True)

    def _tell_learnt(self, weights: str) -> None:
        self.learnt_known.emit(weights, frames_learnt(weights))


def _events(path: Path) -> list[dict[str, Any]]:
    """What a run logged; see `training.run_folder`, which cannot be asked without loading torch."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []  # it was ended before its first pass did
    return [event for line in lines if (event := read_event(line)) is not None]


def _require_room(folder: Path) -> None:
    """Training that ends on a full disk after an hour is worse than none.

    Raises:
        OutputError: too little is free.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as e:
        raise OutputError(f"The training folder cannot be made ({e.strerror}); free some space.") from e
    if free < _NEEDED_BYTES:
        raise OutputError(
            f"Only {free // 1024**2} MB are free, and training needs {_NEEDED_BYTES // 1024**2}; free some space."
        )


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Of the process: one core is left to the window, and its threads sleep while they wait for each other."""
    threads = str(max((os.cpu_count() or 1) - 1, 1))
    return {
        **environment,
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _make_humble(pid: int) -> None:
    """Give a process that has just begun less right to the processor; what it starts inherits that.

    Linux can also let it have only what nobody else wants, so that no thread of the window waits until a share of time
    is used up. On two cores, with explanations on, 23 to 25 frames were predicted a second beside a training instead of
    22, at the 99th percentile 49 to 52 ms lay between repaints instead of 50 to 54, and it learnt slower by a quarter.
    """
    with suppress(psutil.Error, OSError):  # it ended at once, or the system forbids it: it trains all the same
        process = psutil.Process(pid)
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else process.nice() + _NICENESS)
        if sys.platform.startswith("linux"):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))


def _why(code: int, said: str) -> str:
    """A sentence for a process that ended otherwise than it should; one that it said itself comes first."""
    own = next((line[len("medseg: ") :] for line in reversed(said.splitlines()) if line.startswith("medseg: ")), "")
    if own:
        return own
    if code < 0:
        with suppress(ValueError):
            return f"The training process was killed ({signal.Signals(-code).name}); go on where it was saved."
    return "The training process broke off; go on where it was saved, or look at the details."
