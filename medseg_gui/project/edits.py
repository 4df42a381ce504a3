"""What a person may change in a project, as data: to be sent between threads, and kept while the disk refuses it."""

from __future__ import annotations

from dataclasses import dataclass

from medseg_gui.project.records import CORRECTED, FrameKey, Lesion


@dataclass(frozen=True)
class MaskEdit:
    """A mask that is to be written; attributes as the arguments of `Project.write_mask`."""

    key: FrameKey
    lesions: tuple[Lesion, ...]
    size: tuple[int, int]
    state: str = CORRECTED
    title: str = ""
    weights: str = ""
    name: str = ""


@dataclass(frozen=True)
class FrameEdit:
    """A frame that the project is to know; one that it knows stays as it is.

    Attributes:
        key: which frame.
        size: (height, width) in pixels.
        name: file name in a folder of pictures.
    """

    key: FrameKey
    size: tuple[int, int]
    name: str = ""


@dataclass(frozen=True)
class StateEdit:
    """A state that frames are to have."""

    keys: tuple[FrameKey, ...]
    state: str


@dataclass(frozen=True)
class NotesEdit:
    """A text that is to stand beside a frame."""

    key: FrameKey
    notes: str


@dataclass(frozen=True)
class StepEdit:
    """One step back in the journal (`is_redo` False), or forth; of the frame that it was made on."""

    key: FrameKey
    is_redo: bool = False


Edit = MaskEdit | FrameEdit | StateEdit | NotesEdit | StepEdit


def frames_of(edit: Edit) -> set[FrameKey]:
    """Frames that an edit is about."""
    return set(edit.keys) if isinstance(edit, StateEdit) else {edit.key}
