"""What is being corrected on the frame on screen: its lesions, what they start from, which one is chosen."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from medseg_gui.editing import Lesions, Stroke
from medseg_gui.editing.change import Labels
from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.correction_options import CorrectionOptions
from medseg_gui.qt.state.correction_requests import Proposal, key_of
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.types import Frame


class CorrectedFrame(CorrectionOptions):
    """Lesions of the frame on screen; `CorrectionState` changes them.

    A frame is uncorrected (`lesions` is None) until a person touches it; then the first change starts from the
    prediction, from the frame corrected before, or from nothing. What was corrected stays in memory, with or without
    a project.

    Attributes:
        frame: on screen; None before there is one.
        key: of that frame.
        lesions: as corrected; None while the frame is uncorrected.
        is_awaited: whether stored lesions of this frame are being read; until `set_lesions` nothing can be changed.
        picture: lesions to be drawn with a solid rim; may be a moment older than `lesions`.
        proposal: what was predicted for this frame, or carried to it.
        stroke: that is being drawn.
        preview: what a tool would do if the person let go now, as lesions.
        chosen: id of the lesion that strokes go into; 0 for a new one.
        hidden: ids of lesions that are not drawn.
    """

    shown_changed = Signal()  # another picture or proposal, or none
    patched = Signal(object)  # Box that looks different from the picture
    frame_changed = Signal()
    chosen_changed = Signal(int)
    load_wanted = Signal(object)  # MaskEdit, to be answered with `set_lesions`

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.options_changed.connect(self._on_options_changed)
        self.frame: Frame | None = None
        self.key: FrameKey | None = None
        self.lesions: Lesions | None = None
        self.is_awaited = False
        self.picture: LesionPicture | None = None
        self.proposal: Proposal | None = None
        self.stroke: Stroke | None = None
        self.preview: Lesions | None = None
        self.chosen = NO_LESION
        self.hidden: frozenset[int] = frozenset()
        self._memory: dict[FrameKey, MaskEdit] = {}
        self._before: tuple[FrameKey, LesionPicture] | None = None
        self._nothing: LesionPicture | None = None
        self._pending: deque[tuple[FrameKey, str]] = deque()  # titles of changes that the worker still has

    @property
    def is_corrected(self) -> bool:
        """Whether a person stands behind the lesions."""
        return self.lesions is not None

    # What is on screen

    def set_frame(self, frame: Frame | None) -> None:
        """Another frame is on screen; what was corrected on it earlier in this session comes back."""
        key = key_of(frame) if frame is not None else None
        self.frame = frame
        if key == self.key:
            return
        self._leave()
        self.key = key
        self.frame_changed.emit()
        self.is_awaited = key in self._memory
        self.shown_changed.emit()
        if key is not None and key in self._memory:
            self.load_wanted.emit(self._memory[key])
        self._on_arrived()

    def expect(self, key: FrameKey) -> None:
        """Stored lesions of a frame are being read, and may differ from what is in memory."""
        self.is_awaited = self.is_awaited or key == self.key

    def set_lesions(
        self, key: FrameKey, lesions: Lesions | None, is_corrected: bool, picture: LesionPicture | None = None
    ) -> None:
        """What is stored of a frame was read; passed over when the person has gone on meanwhile.

        Args:
            key: which frame.
            lesions: None when nothing is stored.
            is_corrected: whether a person stands behind them; else they are a proposal.
            picture: of them, when there is one already.
        """
        if key != self.key:
            return
        self.is_awaited = False
        if self.stroke is not None or any(of == key for of, _ in self._pending):
            return
        self.lesions = lesions if is_corrected else None
        self.picture = picture if is_corrected else None
        if self.lesions is None:
            self._memory.pop(key, None)
        elif picture is None:
            self._redraw(key, self.lesions)
        self._choose_something()
        self.shown_changed.emit()
        self._on_arrived()

    def set_proposal(self, proposal: Proposal) -> None:
        """What the networks or a neighbour say of the frame."""
        if proposal.key == self.key:
            self.proposal = proposal
            self._choose_something()
            self.shown_changed.emit()

    @property
    def before(self) -> LesionPicture | None:
        """Lesions of the frame that was corrected before this one."""
        return self._before[1] if self._before is not None else None

    @property
    def shown(self) -> LesionPicture | None:
        """What is listed and can be chosen: the corrected lesions, else what a correction would start from."""
        return self.picture if self.picture is not None else self._start

    @property
    def base(self) -> Lesions | None:
        """What the next change works on; None while that is not known."""
        if self.lesions is not None:
            return self.lesions
        return self._start.lesions if self._start is not None and not self.is_awaited else None

    @property
    def labels(self) -> Labels | None:
        """(H, W) uint16 lesion ids as they look at this moment, in the middle of a stroke too."""
        if self.stroke is not None:
            return self.stroke.labels
        if self.preview is not None:
            return self.preview.labels
        return self.lesions.labels if self.lesions is not None else None

    @property
    def classes(self) -> Mapping[int, int]:
        """Lesion id -> class id, of `labels`."""
        lesions = self.preview or self.base
        known = dict(lesions.classes) if lesions is not None else {}
        return known if self.stroke is None else {self.target: self.class_id, **known}

    @property
    def _start(self) -> LesionPicture | None:
        """What a correction of an uncorrected frame would start from."""
        if self.frame is None or self.key is None:
            return None
        carried = self.proposal is not None and self.proposal.confidence is not None
        if self.start_from == "previous" and not carried and self._before is not None:
            key, picture = self._before
            if key.source_hash == self.key.source_hash and picture.lesions.shape == self.frame.size:
                return picture
        if self.start_from == "empty" and not carried:
            if self._nothing is None or self._nothing.lesions.shape != self.frame.size:
                self._nothing = LesionPicture.empty(self.frame.size)
            return self._nothing
        return self.proposal.picture if self.proposal is not None else None

    @property
    def _name(self) -> str:
        return self.frame.name if self.frame is not None else ""

    def _leave(self) -> None:
        self.cancel()
        if self.key is not None and self.picture is not None and self.lesions is not None:
            self._before = (self.key, self.picture)
        self.lesions, self.picture, self.proposal, self.hidden = None, None, None, frozenset()
        self.set_chosen(NO_LESION)

    def _on_options_changed(self) -> None:
        """What a correction starts from may be something else now."""
        if self.lesions is None and self.stroke is None:
            self._choose_something()
            self.shown_changed.emit()

    def _choose_something(self) -> None:
        """Strokes go into the largest lesion of the class, until the person chooses another or a new one."""
        base, shown = self.base, self.shown
        if base is not None and shown is not None and self.chosen not in base.classes:
            self.set_chosen(shown.largest(self.class_id))

    @property
    def is_pending(self) -> bool:
        """Whether the worker still packs a change."""
        return bool(self._pending)

    # Which lesion

    def set_chosen(self, lesion_id: int) -> None:
        """Strokes go into this lesion, 0 for a new one."""
        base = self.base
        if lesion_id and base is not None and lesion_id in base.classes:
            self.set_class(base.classes[lesion_id])
        if lesion_id != self.chosen:
            self.chosen = lesion_id
            self.chosen_changed.emit(lesion_id)

    def choose_at(self, x: float, y: float) -> int:
        """Choose the lesion under a point in pixels; gives its id, 0 when there is none."""
        base = self.base
        found = base.at(x, y) if base is not None else NO_LESION
        if found:
            self.set_chosen(found)
        return found

    def begin_new(self, class_id: int) -> None:
        """The next stroke begins a lesion of its own."""
        self.set_class(class_id)
        self.set_chosen(NO_LESION)

    def set_hidden(self, lesion_id: int, is_hidden: bool) -> None:
        """Draw a lesion or not."""
        self.hidden = self.hidden | {lesion_id} if is_hidden else self.hidden - {lesion_id}
        self.shown_changed.emit()

    @property
    def target(self) -> int:
        """Id of the lesion that a stroke goes into now.

        Raises:
            InputError: a new one is wanted and there is no id left.
        """
        base = self.base
        if base is None or self.chosen in base.classes:
            return self.chosen
        return base.new_id()

    @property
    def corrected(self) -> dict[int, MaskEdit]:
        """Index -> mask of the frames of this source that were corrected in this session, or looked at."""
        source = self.key.source_hash if self.key is not None else ""
        return {key.index: edit for key, edit in self._memory.items() if key.source_hash == source}

    def _on_arrived(self) -> None:
        """A frame is on screen and its lesions are known."""

    def _redraw(self, key: FrameKey, lesions: Lesions) -> None:
        """Lesions came without their picture."""
