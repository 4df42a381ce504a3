"""Runs the chosen networks on the newest frame."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue

from PySide6.QtCore import Signal

from medseg_gui.errors import MedsegError, WeightsError
from medseg_gui.qt.workers.convert import Conversion
from medseg_gui.qt.workers.networks import FrameSegmenter, Networks, segment_with
from medseg_gui.qt.workers.priority import PREDICT, stand_back
from medseg_gui.qt.workers.worker import Mailbox, Worker
from medseg_gui.types import Frame

logger = logging.getLogger(__name__)


class SegmentWorker(Worker):
    """Owns one network for each class that is looked for.

    Args:
        networks: where they come from; tests give their own.
    """

    device_known = Signal(str)
    weights_listed = Signal(object)  # tuple[WeightsEntry, ...]
    loaded = Signal(int, str)  # class id, name of the weights that look for it from now on, "" for none
    identified = Signal(str, str)  # name and id of weights that were loaded
    refused = Signal(int, str, str)  # class id, name of weights that cannot be loaded, name of those that stay
    sizes_known = Signal(object)  # tuple[int, ...], of the pictures that the networks in use see
    segmented = Signal(object)  # Segmentation

    def __init__(self, networks: Networks | None = None) -> None:
        super().__init__()
        self._networks = networks or Networks()
        self._choices: SimpleQueue[tuple[int, str]] = SimpleQueue()
        self._frames: Mailbox[Frame] = Mailbox()
        self._must_list = threading.Event()
        self._in_use: dict[int, str] = {}
        self._segmenters: dict[int, FrameSegmenter] = {}
        self._conversions: list[Conversion] = []
        self._where = ""
        self._is_failing = False

    # From any thread

    def choose(self, class_id: int, name: str) -> None:
        """Let these weights look for a class, "" for none; `loaded` or `refused` tells what came of it."""
        self._choices.put((class_id, name))
        self.wake()

    def list_again(self) -> None:
        """Look which weights there are: some were added."""
        self._must_list.set()
        self.wake()

    def segment(self, frame: Frame) -> bool:
        """Look at a frame when there is time; gives False when an earlier one is forgotten for it."""
        was_empty = self._frames.put(frame)
        if was_empty:
            self.wake()
        return was_empty

    # On the worker's own thread

    def begin(self) -> None:
        """Find the device and the weights."""
        stand_back(PREDICT)
        self._where = self._networks.begin()
        self.device_known.emit(self._where)
        self.weights_listed.emit(self._networks.list_weights())

    def work(self) -> None:
        """Load what was chosen, then look at the newest frame."""
        if self._must_list.is_set():
            self._must_list.clear()
            self.weights_listed.emit(self._networks.list_weights())
        while not self._choices.empty():
            self._choose(*self._choices.get())
        self._tell_where()
        if (frame := self._frames.take()) is not None and self._segmenters:
            self._segment(frame)

    def end(self) -> None:
        """Let go of the networks."""
        for conversion in self._conversions:
            conversion.cancel()
        self._segmenters.clear()

    def _choose(self, class_id: int, name: str) -> None:
        before = self._in_use.get(class_id, "")
        if name != before:
            try:
                self._load(class_id, name)
            except Exception as e:
                self.refused.emit(class_id, name, before)
                raise _with_what_stays(e, before) from e
        self.loaded.emit(class_id, name)

    def _load(self, class_id: int, name: str) -> None:
        segmenter = self._networks.load(name) if name else None
        self._segmenters.pop(class_id, None)
        self._in_use[class_id] = name
        self._is_failing = False
        if segmenter is not None:
            self._segmenters[class_id] = segmenter
            self.identified.emit(name, segmenter.weights_id)
            logger.info("Loaded weights %s", name)
            if conversion := self._networks.speed_up(segmenter, self.wake):
                self._conversions.append(conversion)
        self.sizes_known.emit(tuple({s.input_size for s in self._segmenters.values()}))

    def _tell_where(self) -> None:
        """Networks get faster by themselves, and not always all of them."""
        in_use = list(self._segmenters.values())
        engines = " and ".join(dict.fromkeys(s.engine_name for s in in_use))
        where = f"{in_use[0].device_reason} · {engines}" if in_use else self._where
        if where != self._where:
            self._where = where
            self.device_known.emit(where)

    def _segment(self, frame: Frame) -> None:
        try:
            segmentation = segment_with(list(self._segmenters.values()), frame)
        except Exception:
            # Once is enough: what fails on one frame fails on the next.
            was_failing, self._is_failing = self._is_failing, True
            if was_failing:
                logger.debug("The network failed again", exc_info=True)
                return
            raise
        self._is_failing = False
        self.segmented.emit(segmentation)


def _with_what_stays(error: Exception, name: str) -> Exception:
    if isinstance(error, MedsegError) and name:
        return WeightsError(f"{str(error).rstrip('.')}; {name} stays in use.", error.details)
    return error
