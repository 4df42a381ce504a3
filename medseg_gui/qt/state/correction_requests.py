"""What the correction asks of its worker, and what it gets, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from medseg_gui.editing import Change, Lesions
from medseg_gui.editing.history import Step
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import CORRECTED, FrameKey
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.types import FloatArray, Frame

MakeChange = Callable[[Lesions], Change]


@dataclass(frozen=True, eq=False)
class KeepRequest:
    """Lesions that have just changed on screen: have them drawn, remembered and written.

    Attributes:
        key: of their frame.
        lesions: all of the frame.
        change: what was done; None when a step was walked and only the picture is wanted.
        title: in words for a menu.
        is_first: whether the frame was uncorrected before.
        state: of the frame from now on, one of `project.records.STATES`.
        weights: id of the weights that proposed the mask, empty if none did.
        name: file name in a folder of pictures.
        since: lesions that were there before, and how they became these, so that nothing else is encoded again.
    """

    key: FrameKey
    lesions: Lesions
    change: Change | None = None
    title: str = ""
    is_first: bool = False
    state: str = CORRECTED
    weights: str = ""
    name: str = ""
    since: tuple[Lesions, Change] | None = None


@dataclass(frozen=True, eq=False)
class Kept:
    """The answer; the picture comes later and by itself, because nothing that is to be saved waits for it.

    Attributes:
        request: what was asked.
        edit: as the project writes it.
        step: for the history; None when there was no change.
    """

    request: KeepRequest
    edit: MaskEdit
    step: Step | None


@dataclass(frozen=True, eq=False)
class ChangeRequest:
    """A tool at work.

    Attributes:
        key: of the frame.
        base: lesions to work on.
        make: from them to the change; a tool of `editing` with its other arguments filled in.
        title: in words for a menu.
        is_preview: whether it is only to be looked at; a newer preview takes its place.
        target: lesion to be chosen afterwards, 0 to leave the choice as it is.
    """

    key: FrameKey
    base: Lesions
    make: MakeChange
    title: str
    is_preview: bool = False
    target: int = 0


@dataclass(frozen=True, eq=False)
class WireRequest:
    """The way along edges from one point of a frame to another, both x, y in pixels."""

    frame: Frame
    anchor: tuple[float, float]
    to: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Proposal:
    """What a correction may start from.

    Attributes:
        key: of the frame.
        picture: the lesions.
        weights: id of the weights that saw them; empty when they were carried from another frame.
        confidence: how sure the carrying was, in [0, 1]; None for a prediction.
        probability: class id -> (h, w) float32 in [0, 1], stretched over the frame, for tools that use it.
        threshold: probability from which a pixel is marked.
    """

    key: FrameKey
    picture: LesionPicture
    weights: str = ""
    confidence: float | None = None
    probability: Mapping[int, FloatArray] = field(default_factory=dict)
    threshold: float = 0.5


def key_of(frame: Frame) -> FrameKey:
    """What a frame is called in a project."""
    return FrameKey(frame.source_id, frame.index, frame.time_s)


def key_text(key: FrameKey) -> str:
    """A key as the history keeps it."""
    return f"{key.source_hash} {key.index} {key.time_s!r}"


def key_from_text(text: str) -> FrameKey:
    """The key that `key_text` wrote."""
    source_hash, index, time_s = text.split()
    return FrameKey(source_hash, int(index), float(time_s))
