"""Does what takes long in correcting a frame: runs tools, draws outlines, packs steps, encodes and decodes masks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from medseg_gui.editing.history import Step, pack_change
from medseg_gui.editing.lesions import Lesions, lesion_outlines
from medseg_gui.editing.livewire import Livewire
from medseg_gui.editing.roles import whole_frame
from medseg_gui.errors import MedsegError
from medseg_gui.overlay import label_map as predicted_labels
from medseg_gui.overlay import lightened
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import FrameKey, Lesion, label_map, lesions_after, lesions_from_labels
from medseg_gui.qt.state.correction_requests import ChangeRequest, KeepRequest, Kept, Proposal, WireRequest, key_text
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.qt.workers.worker import Mailbox, Worker
from medseg_gui.types import Frame, Segmentation

_MANY_POINTS = 300
_STRAY_PX = 0.7  # of the frame: less than the step from one pixel to the next across


Encoded = tuple[Lesions, tuple[Lesion, ...]]


class EditWorker(Worker):
    """Owns a livewire; lesions never change, they are replaced.

    Changes keep their order; of previews, frames to load and ways to find only the newest counts. A change is handed on
    to be saved before its outlines are drawn, and so are all others that wait: drawing may take seconds on a computer
    that is busy, and what was corrected must be on the disk by then.
    """

    kept = Signal(object)  # Kept
    drawn = Signal(object, object)  # KeepRequest, LesionPicture
    changed = Signal(object, object)  # ChangeRequest, Change
    refused = Signal(object, object)  # ChangeRequest, MedsegError
    loaded = Signal(object, object)  # FrameKey, LesionPicture
    proposed = Signal(object)  # Proposal
    wired = Signal(object, object)  # WireRequest, list of x, y

    def __init__(self) -> None:
        super().__init__()
        self._orders: SimpleQueue[KeepRequest | ChangeRequest | MaskEdit] = SimpleQueue()
        self._preview: Mailbox[ChangeRequest] = Mailbox()
        self._to_load: Mailbox[MaskEdit] = Mailbox()
        self._to_propose: Mailbox[Callable[[], Proposal]] = Mailbox()
        self._to_draw: KeepRequest | None = None
        self._encoded: Encoded | None = None  # the newest lesions that were; the next change is likely one of them
        self._to_wire: Mailbox[WireRequest] = Mailbox()
        self._wire: tuple[Frame, Livewire] | None = None
        self._anchor: tuple[float, float] | None = None

    # From any thread

    def keep(self, request: KeepRequest) -> None:
        """Encode and pack lesions that have changed, then draw them."""
        self._orders.put(request)
        self.wake()

    def keep_carried(self, edit: MaskEdit) -> None:
        """Make a step of a mask that was carried to a frame without one."""
        self._orders.put(edit)
        self.wake()

    def propose_carried(self, edit: MaskEdit, confidence: float) -> None:
        """Make a proposal of it."""
        self._to_propose.put(partial(propose_carried, edit, confidence))
        self.wake()

    def change(self, request: ChangeRequest) -> None:
        """Run a tool."""
        if request.is_preview:
            self._preview.put(request)
        else:
            self._orders.put(request)
        self.wake()

    def load(self, edit: MaskEdit) -> None:
        """Decode what was corrected earlier; of several only the newest."""
        self._to_load.put(edit)
        self.wake()

    def propose(self, key: FrameKey, segmentation: Segmentation, threshold: float) -> None:
        """Make lesions of what the networks saw; of several only the newest."""
        self._to_propose.put(partial(propose, key, segmentation, threshold))
        self.wake()

    def wire(self, request: WireRequest) -> None:
        """Find the way along edges to a point; of several only the newest."""
        self._to_wire.put(request)
        self.wake()

    # On the worker's own thread

    def work(self) -> None:
        """What was done first, then what is to be seen."""
        if not self._orders.empty():  # each order wakes once
            order = self._orders.get()
            if isinstance(order, ChangeRequest):
                self._change(order)
            else:
                self._keep(order)
        if (edit := self._to_load.take()) is not None:
            picture = picture_of(decode(edit))
            self._encoded = picture.lesions, edit.lesions
            self.loaded.emit(edit.key, picture)
        if (wanted := self._to_propose.take()) is not None:
            self.proposed.emit(wanted())
        if (way := self._to_wire.take()) is not None:
            self._follow(way)
        if (preview := self._preview.take()) is not None:
            self._change(preview)
        if self._orders.empty():
            self._draw()

    def end(self) -> None:
        """What a person has done is handed on to be saved, even while the window closes."""
        self._to_draw = None
        while not self._orders.empty():
            if not isinstance(order := self._orders.get(), ChangeRequest):
                self.kept.emit(self._packed(order))

    def _keep(self, order: KeepRequest | MaskEdit) -> None:
        """Hand it on; outlines of what has changed on the same frame since are not missed."""
        kept = self._packed(order)
        self.kept.emit(kept)
        if self._to_draw is not None and self._to_draw.key != kept.request.key:
            self._draw()
        self._to_draw = kept.request

    def _packed(self, order: KeepRequest | MaskEdit) -> Kept:
        kept = keep(order, self._encoded) if isinstance(order, KeepRequest) else keep_carried(order)
        self._encoded = kept.request.lesions, kept.edit.lesions
        return kept

    def _draw(self) -> None:
        """Outlines of what was handed on last."""
        request, self._to_draw = self._to_draw, None
        if request is not None:
            self.drawn.emit(request, picture_of(request.lesions))

    def _follow(self, request: WireRequest) -> None:
        """Searching all ways from an anchor takes long, following one of them nothing: the search is kept."""
        if self._wire is None or self._wire[0] is not request.frame:
            self._wire, self._anchor = (request.frame, Livewire(request.frame.rgb)), None
        wire = self._wire[1]
        if self._anchor != request.anchor:
            wire.anchor(*request.anchor)
            self._anchor = request.anchor
        self.wired.emit(request, [(float(x), float(y)) for x, y in wire.path_to(*request.to)])

    def _change(self, request: ChangeRequest) -> None:
        try:
            change = request.make(request.base)
        except MedsegError as e:
            self.refused.emit(request, e)
            return
        self.changed.emit(request, change)


def keep(request: KeepRequest, encoded: Encoded | None = None) -> Kept:
    """A change as it is saved and undone.

    Args:
        request: what was changed.
        encoded: lesions that were encoded already; taken up when they are those before the change.
    """
    lesions, size = _encode(request, encoded), request.lesions.shape
    edit = MaskEdit(request.key, lesions, size, request.state, request.title, request.weights, request.name)
    return Kept(request, edit, _step(request))


def _step(request: KeepRequest) -> Step | None:
    if request.change is None:
        return None
    return Step(key_text(request.key), request.title, pack_change(request.change), request.is_first)


def _encode(request: KeepRequest, encoded: Encoded | None) -> tuple[Lesion, ...]:
    if encoded is not None and request.since is not None and request.since[0] is encoded[0]:
        return lesions_after(encoded[1], request.since[1], request.lesions.shape)
    return lesions_from_labels(request.lesions.labels, request.lesions.classes)


def keep_carried(edit: MaskEdit) -> Kept:
    """A mask that was accepted for a frame that had none."""
    lesions = decode(edit)
    change = whole_frame(Lesions.empty(lesions.shape), lesions)
    request = KeepRequest(edit.key, lesions, change, edit.title, True, edit.state, edit.weights, edit.name)
    return Kept(request, edit, _step(request))


def propose_carried(edit: MaskEdit, confidence: float) -> Proposal:
    """What was carried to a frame, to start from."""
    return Proposal(edit.key, picture_of(decode(edit)), confidence=confidence)


def decode(edit: MaskEdit) -> Lesions:
    """Lesions as they were encoded; one without a pixel is forgotten."""
    return Lesions(label_map(edit.lesions, edit.size), {x.lesion_id: x.class_id for x in edit.lesions})


def picture_of(lesions: Lesions) -> LesionPicture:
    """Lesions with outlines and areas."""
    outlines = {i: tuple(_lightened(c) for c in contours) for i, contours in lesion_outlines(lesions).items()}
    return LesionPicture(lesions, outlines, lesions.areas_px())


def _lightened(contour: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a person drew is shown to the pixel, unless it is so long that painting would take too long."""
    return contour if len(contour) < _MANY_POINTS else lightened(contour, _STRAY_PX)


def propose(key: FrameKey, segmentation: Segmentation, threshold: float) -> Proposal:
    """Each connected part of what the networks marked as a lesion."""
    mask = predicted_labels(segmentation, dict.fromkeys(segmentation.probability, threshold))
    return Proposal(
        key,
        picture_of(Lesions.from_mask(mask)),
        " + ".join(segmentation.weights.values()),
        probability=segmentation.probability,
        threshold=threshold,
    )
