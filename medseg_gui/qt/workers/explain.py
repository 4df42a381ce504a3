"""Has the newest frame that somebody wants explained explained, and hands on the answer."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from PySide6.QtCore import Signal

from medseg_gui.errors import DroppedError, MedsegError
from medseg_gui.qt.workers.explainers import Explainers, FrameExplains, is_out_of_memory
from medseg_gui.qt.workers.own_pages import in_own_pages
from medseg_gui.qt.workers.priority import NEXT_FRAME, stand_back
from medseg_gui.qt.workers.worker import Mailbox, Worker, as_medseg_error
from medseg_gui.relevance_picture import require_finite
from medseg_gui.types import ExplanationRequest, Frame, Relevance

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ExplainJob:
    """What to explain.

    Attributes:
        frame: on which frame.
        weights: name of the weights.
        request: what, and how.
    """

    frame: Frame
    weights: str
    request: ExplanationRequest


class ExplainWorker(Worker):
    """Owns an explainer for each weights in use, loaded when first needed.

    Args:
        explainers: where they come from; tests give their own.
    """

    ready = Signal(str, str, object, object)  # weights' name and id, tuple of what Grad-CAM can look at, record
    explained = Signal(object, object)  # ExplainJob, Relevance
    refused = Signal(object, object)  # ExplainJob, MedsegError
    noticed = Signal(str)

    def __init__(self, explainers: Explainers | None = None) -> None:
        super().__init__()
        self._source = explainers or Explainers()
        self._jobs: Mailbox[ExplainJob] = Mailbox()
        self._is_cancelled = threading.Event()
        self._in_use: frozenset[str] | None = None
        self._loaded: dict[str, FrameExplains] = {}
        self._unusable: dict[str, MedsegError] = {}
        self._is_failing = False
        self._is_cpu_told = False

    # From any thread

    def explain(self, job: ExplainJob) -> None:
        """Explain a frame next; one that waits is forgotten for it."""
        if self._jobs.put(job):
            self.wake()

    def cancel(self) -> None:
        """Forget the one that waits, and give up the one being made as soon as it comes to breathe."""
        self._is_cancelled.set()
        self._jobs.take()

    def keep(self, names: frozenset[str]) -> None:
        """Let go of the explainers of all other weights."""
        self._in_use = names
        self.wake()

    # On the worker's own thread

    def stop(self) -> None:
        """Ask the worker to end; what is being explained is given up."""
        super().stop()
        self._source.end()

    def begin(self) -> None:
        """Stand back behind painting; the process that explains stands back further."""
        stand_back(NEXT_FRAME)

    def work(self) -> None:
        """Explain the newest frame."""
        in_use, self._in_use = self._in_use, None
        if in_use is not None:
            self._loaded = {name: e for name, e in self._loaded.items() if name in in_use}
            self._unusable = {name: e for name, e in self._unusable.items() if name in in_use}
            self._source.keep(in_use)
        self._is_cancelled.clear()
        if (job := self._jobs.take()) is not None:
            self._answer(job)

    def end(self) -> None:
        """Let go of the networks."""
        self._loaded.clear()
        self._source.close()

    def _answer(self, job: ExplainJob) -> None:
        try:
            relevance = self._explain(job)
        except DroppedError:
            logger.debug("An explanation was given up for another")
        except MedsegError as e:
            self.refused.emit(job, e)
        except Exception as e:
            self.refused.emit(job, self._sentence(e))
        else:
            self._is_failing = False
            self.explained.emit(job, in_own_pages(relevance))  # it may be kept for hours

    def _explain(self, job: ExplainJob) -> Relevance:
        explainer = self._explainer(job.weights)
        relevance = explainer.explain(job.frame, job.request, self._is_unwanted)
        if explainer.fell_back:
            self._tell_of_cpu()
        for values in (relevance.values, *relevance.lesions, *(layer.values for layer in relevance.layers)):
            require_finite(values)
        return relevance

    def _is_unwanted(self) -> bool:
        """Whether nobody waits for the one being made: it was cancelled, a newer one waits, or the window closes."""
        return self._is_cancelled.is_set() or not self._jobs.is_empty or self._is_stopping.is_set()

    def _explainer(self, name: str) -> FrameExplains:
        if name in self._unusable:
            raise self._unusable[name]  # to load them again for each frame would only take long
        if name not in self._loaded:
            try:
                weights_id, self._loaded[name] = self._load(name)
            except MedsegError as e:
                self._unusable[name] = e
                raise
            self.ready.emit(name, weights_id, self._loaded[name].cam_layer_names, self._loaded[name].record)
        return self._loaded[name]

    def _load(self, name: str) -> tuple[str, FrameExplains]:
        try:
            return self._source.load(name)
        except RuntimeError as e:
            if not is_out_of_memory(e) or not self._source.retreat_to_cpu():
                raise
            self._tell_of_cpu()
            return self._source.load(name)

    def _tell_of_cpu(self) -> None:
        if not self._is_cpu_told:
            self._is_cpu_told = True
            self.noticed.emit("The graphics card has no room left; explanations are made on the CPU from now on.")

    def _sentence(self, error: Exception) -> MedsegError:
        """Logged once: what fails on one frame fails on the next."""
        if self._is_failing:
            logger.debug("The explanation failed again", exc_info=error)
            return MedsegError("This frame cannot be explained; choose another method or rule.", str(error))
        self._is_failing = True
        return as_medseg_error(error)
