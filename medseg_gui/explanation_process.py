"""Explains in a process of its own, so that the thread that paints never waits for Python's lock.

A relevance pass takes that lock hundreds of times and has the least right to the processor: whenever another thread
took its turn meanwhile, the picture waited for both. Beside playback and a training on two cores the 99th percentile of
the gap between repaints was 54 to 60 ms with explanations in the same process, and 47 to 51 with them in one beside it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any

import psutil

from medseg_gui.allocator import keep_freed_memory
from medseg_gui.errors import DroppedError, ExplanationError, MedsegError
from medseg_gui.types import ExplanationRequest, Frame, Relevance

if TYPE_CHECKING:
    from medseg_gui.explanation import FrameExplainer
    from medseg_gui.explanation_record import ExplanationRecord

_NICENESS = 12  # behind painting, the next frame and predictions; before a training
_LOOK_EVERY_S = 0.02  # whether the answer is still wanted
_GIVE_UP = None  # sent in place of a call: whoever explains looks for it between the passes


@dataclass(frozen=True)
class LoadedExplainer:
    """What is told of an explainer once it is loaded; as the attributes of `explanation.FrameExplainer`."""

    weights_id: str
    cam_layer_names: tuple[str, ...]
    record: ExplanationRecord


class ExplanationProcess:
    """The process and what is said to it. It begins with the first call, and anew after it broke. One owner.

    `end` may be called from any thread.
    """

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._calls: Connection | None = None
        self._answers: Connection | None = None
        self._has_ended = False

    @property
    def pid(self) -> int | None:
        """Of the process, None when it does not run."""
        return self._process.pid if self._process is not None else None

    def load(self, name: str, device: str) -> LoadedExplainer:
        """Load weights once more, to be explained.

        Args:
            name: of the weights in the list, or the path of a file.
            device: one of `device.DEVICES`.

        Raises:
            MedsegError: they cannot be used, or the process broke off.
            RuntimeError: whatever else went wrong there, with its trace as a note.
        """
        loaded: LoadedExplainer = self._ask("load", name, device)
        return loaded

    def explain(
        self, name: str, device: str, frame: Frame, request: ExplanationRequest, is_unwanted: Callable[[], bool]
    ) -> tuple[Relevance, bool]:
        """Explain a frame, as `FrameExplainer.explain`; gives whether a full graphics card was left for the CPU, too.

        Raises:
            MedsegError: as there, or the process broke off.
            RuntimeError: as `load`.
        """
        bare = replace(frame, small={})  # made ready for those who predict
        answer: tuple[Relevance, bool] = self._ask("explain", name, device, bare, request, is_unwanted=is_unwanted)
        return answer

    def keep(self, names: Collection[str]) -> None:
        """Let go of the explainers of all other weights."""
        if self._process is not None:
            with suppress(MedsegError):  # it broke off, and has let go of all of them
                self._ask("keep", frozenset(names))

    def end(self) -> None:
        """End the process at once, whatever it does; whoever waits for an answer hears `DroppedError`."""
        self._has_ended = True
        if (process := self._process) is not None:
            with suppress(ValueError):  # its owner has just let go of it
                process.kill()

    def close(self) -> None:
        """End the process and let go of it; the next call would begin another."""
        if self._process is None or self._calls is None or self._answers is None:
            return
        self._process.kill()
        self._process.join()
        self._process.close()
        self._calls.close()
        self._answers.close()
        self._process = self._calls = self._answers = None

    def _ask(self, method: str, *args: object, is_unwanted: Callable[[], bool] = lambda: False) -> Any:
        try:
            answer = self._exchange((method, args), is_unwanted)
        except (EOFError, OSError) as e:
            self.close()
            if self._has_ended:
                raise DroppedError("The window closes.") from e
            raise ExplanationError("The process that explains broke off; it begins anew with the next frame.") from e
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _exchange(self, call: tuple[str, tuple[object, ...]], is_unwanted: Callable[[], bool]) -> Any:
        calls, answers = self._connect()
        calls.send(call)
        is_told = False
        while not answers.poll(_LOOK_EVERY_S):
            if self._has_ended:  # the process may have begun after `end` looked for it
                raise EOFError
            if not is_told and is_unwanted():
                calls.send(_GIVE_UP)
                is_told = True
        return answers.recv()

    def _connect(self) -> tuple[Connection, Connection]:
        """Where to write calls and read answers; pipes, since a program that opens no sockets is easily proven."""
        if self._process is not None and not self._process.is_alive():
            self.close()
        if self._calls is None or self._answers is None:
            context = multiprocessing.get_context("spawn")
            theirs_in, calls = context.Pipe(duplex=False)
            answers, theirs_out = context.Pipe(duplex=False)
            process = context.Process(target=_serve, args=(theirs_in, theirs_out), name="explains", daemon=True)
            process.start()
            # Once each end has one owner, an end that is gone is noticed on the other side.
            theirs_in.close()
            theirs_out.close()
            self._process, self._calls, self._answers = process, calls, answers
        return self._calls, self._answers


class _Desk:
    """What the process does for one call after the other."""

    def __init__(self, calls: Connection) -> None:
        from medseg_gui.device import leave_a_core
        from medseg_gui.explanation import FrameExplainer

        leave_a_core()
        self._load_explainer = FrameExplainer.load
        self._calls = calls
        self._explainers: dict[tuple[str, str], FrameExplainer] = {}

    def load(self, name: str, device: str) -> LoadedExplainer:
        explainer = self._explainer(name, device)
        return LoadedExplainer(explainer.weights_id, explainer.cam_layer_names, explainer.record)

    def explain(self, name: str, device: str, frame: Frame, request: ExplanationRequest) -> tuple[Relevance, bool]:
        explainer = self._explainer(name, device)
        # Another message, or the end of them all: nobody waits any more.
        return explainer.explain(frame, request, self._calls.poll), explainer.fell_back

    def keep(self, names: Collection[str]) -> None:
        self._explainers = {key: e for key, e in self._explainers.items() if key[0] in names}

    def _explainer(self, name: str, device: str) -> FrameExplainer:
        if (name, device) not in self._explainers:
            self._explainers[name, device] = self._load_explainer(name, device)
        return self._explainers[name, device]


def _serve(calls: Connection, answers: Connection) -> None:
    """What the process does until the window is gone, however that ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the window's to answer
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in the window: waiting threads take no core
    keep_freed_memory()
    desk = _Desk(calls)
    _stand_back()  # not before: importing takes seconds, and somebody waits
    while True:
        try:
            call = calls.recv()
            if call is not _GIVE_UP:
                answers.send(_answer(desk, *call))
        except (EOFError, OSError):
            return


def _answer(desk: _Desk, method: str, args: tuple[object, ...]) -> object:
    try:
        return getattr(desk, method)(*args)
    except (MedsegError, MemoryError) as e:
        return e
    except Exception as e:  # may be of a class that cannot travel
        told = RuntimeError(f"{type(e).__name__}: {e}")
        told.add_note("".join(traceback.format_exception(e)))
        return told


def _stand_back() -> None:
    process = psutil.Process()
    process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else process.nice() + _NICENESS)
