"""Turns what the networks saw into what is drawn, away from the main thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal

from medseg_gui.overlay import compose
from medseg_gui.qt.workers.priority import NEXT_FRAME, stand_back
from medseg_gui.qt.workers.worker import Mailbox, Worker
from medseg_gui.types import Segmentation


@dataclass(frozen=True, eq=False)
class ComposeRequest:
    """What to draw and how.

    Attributes:
        segmentation: what the networks saw.
        thresholds: class id -> probability from which a pixel is marked.
        show_probability: whether the picture of the probability is wanted.
    """

    segmentation: Segmentation
    thresholds: Mapping[int, float]
    show_probability: bool


class ComposeWorker(Worker):
    """Owns nothing; dragging the threshold asks often, and only the newest request is answered."""

    composed = Signal(object, object)  # Overlay, the Segmentation it was made of

    def __init__(self) -> None:
        super().__init__()
        self._requests: Mailbox[ComposeRequest] = Mailbox()

    def compose(self, request: ComposeRequest) -> None:
        """Ask for an overlay, from any thread."""
        if self._requests.put(request):
            self.wake()

    def begin(self) -> None:
        """Stand back behind painting."""
        stand_back(NEXT_FRAME)

    def work(self) -> None:
        """Answer the newest request."""
        if (request := self._requests.take()) is not None:
            overlay = compose(request.segmentation, request.thresholds, request.show_probability)
            self.composed.emit(overlay, request.segmentation)
