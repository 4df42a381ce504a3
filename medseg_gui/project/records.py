"""The words of a project: which frame, which lesions, in which state. Data alone, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medseg_gui.editing.change import Change
from medseg_gui.project.rle import Labels, RunLength, empty, encode_labels, encode_part, paint
from medseg_gui.types import CLASS_NAMES, UInt8Array

TO_DO = "to_do"
PREDICTED = "predicted"
CORRECTED = "corrected"
ACCEPTED = "accepted"
REJECTED = "rejected"
SKIPPED = "skipped"
STATES = (TO_DO, PREDICTED, CORRECTED, ACCEPTED, REJECTED, SKIPPED)
REVIEWED = (CORRECTED, ACCEPTED)  # a person stands behind the mask
NO_CENTRE = "unnamed"  # stands for the hospital of sources whose hospital nobody told


@dataclass(frozen=True, order=True)
class FrameKey:
    """The one frame that a mask belongs to.

    Attributes:
        source_hash: `Source.source_id`, hexadecimal.
        index: place in the source, from 0.
        time_s: presentation time in seconds.
    """

    source_hash: str
    index: int
    time_s: float


@dataclass(frozen=True)
class Lesion:
    """One marked thing of one frame.

    Attributes:
        lesion_id: its number in the frame, from 1.
        class_id: `POLYP` or `INSTRUMENT`.
        mask: its pixels, at the size of the frame.
    """

    lesion_id: int
    class_id: int
    mask: RunLength


@dataclass(frozen=True)
class SourceRecord:
    """A source that the project knows.

    Attributes:
        hash: of its content.
        path: where it was last seen, relative to the project folder where that can be, with forward slashes.
        name: what a person calls it.
        kind: key of `media.SOURCES`.
        centre: hospital or data set, empty if not told.
        frame_count: how many frames it has.
    """

    hash: str
    path: str
    name: str
    kind: str
    centre: str
    frame_count: int


@dataclass(frozen=True)
class FrameRecord:
    """What the project knows of a frame, but for its pixels.

    Attributes:
        key: which frame.
        name: file name in a folder of pictures, empty for video.
        size: (height, width) in pixels.
        state: one of STATES, for the present reader.
        author: who changed it last, for the present reader; empty if nobody did.
        changed_at: when, UTC, ISO 8601; empty if never.
        weights: id of the weights that made the first proposal, empty if none did.
        notes: free text of the reader.
        centre: of its source.
    """

    key: FrameKey
    name: str
    size: tuple[int, int]
    state: str
    author: str
    changed_at: str
    weights: str
    notes: str
    centre: str


@dataclass(frozen=True)
class CorrectedFrame:
    """One frame that a person stands behind.

    Attributes:
        key: which frame.
        centre: hospital or data set of its source; `NO_CENTRE` if not told.
        patient: who must not stand on both sides of a split; a name that tells nothing about the person.
        title: what the person at the screen calls this patient, or the source.
        classes: ids of the classes that are marked in it.
        is_there: whether its picture can be had; else the source is missing.
        recording: what a patient's name is given to: a source, or the part of a folder that shows one patient.
        proposed_by: id of the weights whose prediction was accepted as it was; empty when a person drew.
    """

    key: FrameKey
    centre: str
    patient: str
    title: str
    classes: frozenset[int]
    is_there: bool
    recording: str = ""
    proposed_by: str = ""

    @property
    def group(self) -> str:
        """Centre and patient, as `data.dataset_folder.Example.group` has it."""
        return f"{self.centre}/{self.patient}"


@dataclass(frozen=True)
class FrameFilter:
    """Which frames are wanted; what is None does not matter.

    Attributes:
        states: any of these, for the present reader.
        source_hash: of this source.
        centre: of this hospital or data set.
        class_id: holding a lesion of this class, marked by the present reader.
    """

    states: tuple[str, ...] | None = None
    source_hash: str | None = None
    centre: str | None = None
    class_id: int | None = None


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit table: who did what to which frame, and when (UTC, ISO 8601)."""

    at: str
    author: str
    reader: int
    action: str
    key: FrameKey | None
    details: str


def lesions_from_labels(labels: Labels | UInt8Array, classes: Mapping[int, int]) -> tuple[Lesion, ...]:
    """Lesions of a label map.

    Args:
        labels: (H, W) uint8 or uint16 lesion ids, 0 is the background.
        classes: lesion id -> class id.

    Raises:
        KeyError: a lesion has no class.
    """
    return tuple(Lesion(i, classes[i], mask) for i, mask in encode_labels(labels).items())


def lesions_after(lesions: Sequence[Lesion], change: Change, size: tuple[int, int]) -> tuple[Lesion, ...]:
    """Lesions after a change; only those that changed are encoded anew, and only where they did.

    Args:
        lesions: before the change.
        change: what was done to them.
        size: (height, width) of the frame in pixels.
    """
    masks = {x.lesion_id: x.mask for x in lesions}
    nothing, differs = empty(*size), change.before != change.after
    touched = np.flatnonzero(np.bincount(np.concatenate([change.before[differs], change.after[differs]])))
    for lesion_id in touched[touched > 0].tolist():
        turned = (change.before == lesion_id) != (change.after == lesion_id)
        masks[lesion_id] = masks.get(lesion_id, nothing) ^ encode_part(turned, (change.box.x0, change.box.y0), size)
    left = sorted(i for i, mask in masks.items() if mask != nothing)
    return tuple(Lesion(i, change.classes_after[i], masks[i]) for i in left)


def lesions_from_class_mask(mask: UInt8Array) -> tuple[Lesion, ...]:
    """One lesion for each class of a (H, W) uint8 mask; its id is the class id."""
    return lesions_from_labels(mask, {c: c for c in CLASS_NAMES})


def label_map(lesions: Sequence[Lesion], size: tuple[int, int]) -> Labels:
    """(H, W) uint16 lesion ids, 0 outside; where two lie over each other, the later one shows."""
    return paint([x.mask for x in lesions], size, [x.lesion_id for x in lesions])


def class_mask(lesions: Sequence[Lesion], size: tuple[int, int]) -> UInt8Array:
    """(H, W) uint8 class ids; instruments lie over polyps, because they are in front of them."""
    ordered = sorted(lesions, key=lambda x: (x.class_id, x.lesion_id))
    return paint([x.mask for x in ordered], size, [x.class_id for x in ordered]).astype("uint8")
