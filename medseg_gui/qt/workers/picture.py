"""Turns relevance into colours, and explained frames into figures, away from the main thread."""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue

import cv2
import numpy as np
from PySide6.QtCore import Signal

from medseg_gui.qt.figure import FigureRequest, save_figure
from medseg_gui.qt.state.explanation_picture import ExplanationPicture, LayerPicture
from medseg_gui.qt.workers.worker import Mailbox, Worker
from medseg_gui.relevance_picture import RelevancePicture, colour_relevance, is_signed, shown_values
from medseg_gui.types import BoolArray, FloatArray, LayerRelevance, Relevance

_THUMBNAIL_PX = 128


@dataclass(frozen=True, eq=False)
class ColourRequest:
    """What to colour and how.

    Attributes:
        relevance: what.
        clip: share of the pixels that are not beyond the colour bar.
        hidden_lesions: numbers of those to leave out.
        shown_layer: name of the block to show, "" for the pixels.
        with_layers: whether the strip wants them all.
    """

    relevance: Relevance
    clip: float
    hidden_lesions: frozenset[int] = frozenset()
    shown_layer: str = ""
    with_layers: bool = False


class PictureWorker(Worker):
    """Owns nothing; dragging the clip asks often, and only the newest request is answered."""

    coloured = Signal(object)  # ExplanationPicture
    saved = Signal(str)  # path of a figure

    def __init__(self) -> None:
        super().__init__()
        self._requests: Mailbox[ColourRequest] = Mailbox()
        self._figures: SimpleQueue[FigureRequest] = SimpleQueue()

    def colour(self, request: ColourRequest) -> None:
        """Ask for colours, from any thread."""
        if self._requests.put(request):
            self.wake()

    def save(self, figure: FigureRequest) -> None:
        """Have a figure saved, from any thread; each one is."""
        self._figures.put(figure)
        self.wake()

    def work(self) -> None:
        """Colours first: somebody waits for them."""
        if (request := self._requests.take()) is not None:
            self.coloured.emit(colour(request))
        while not self._figures.empty():
            figure = self._figures.get()
            save_figure(figure)
            self.saved.emit(figure.path)


def colour(request: ColourRequest) -> ExplanationPicture:
    """The relevance as it is drawn.

    Raises:
        MedsegError: it is not finite.
    """
    relevance = request.relevance
    signed = is_signed(relevance.request.method)
    values = shown_values(relevance, request.hidden_lesions)
    block = next((y for y in relevance.layers if y.name == request.shown_layer), None)
    return ExplanationPicture(
        relevance=relevance,
        main=colour_relevance(values if block is None else block.values, signed, request.clip),
        layers=_layers(relevance, request.clip) if request.with_layers else (),
        shown_layer="" if block is None else block.name,
        hidden_lesions=request.hidden_lesions if block is None else frozenset(),
        lesion_tops=tuple(_top(relevance.lesion_numbers == n) for n in range(1, len(relevance.lesions) + 1)),
    )


def _top(lesion: BoolArray) -> tuple[float, float]:
    rows, columns = np.nonzero(lesion)
    height, width = lesion.shape
    return float((columns.mean() + 0.5) / width), float(rows.min() / height)


def _layers(relevance: Relevance, clip: float) -> tuple[LayerPicture, ...]:
    if not relevance.layers:
        return ()
    pixels = LayerRelevance("", relevance.values, float(relevance.values.sum()))
    return tuple(LayerPicture(y.name, _thumbnail(y.values, clip), y.total) for y in (pixels, *relevance.layers))


def _thumbnail(values: FloatArray, clip: float) -> RelevancePicture:
    """A large map is made small first: the mean of neighbours is what would be seen from afar."""
    if max(values.shape) > _THUMBNAIL_PX:
        values = np.asarray(cv2.resize(values, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA))
    return colour_relevance(values, True, clip)
