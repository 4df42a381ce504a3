"""The lesions of one frame: which pixel belongs to which lesion, and which class each lesion is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import Box, Change, Labels, box_of, change_of
from medseg_gui.editing.components import number_parts
from medseg_gui.errors import InputError, ShapeError
from medseg_gui.types import BACKGROUND, POLYP, BoolArray, UInt8Array

NO_LESION = 0
MAX_LESION_ID = 65535


@dataclass(frozen=True, eq=False)
class Lesions:
    """All lesions of one frame, at the source's resolution; never changed, only replaced.

    A pixel belongs to one lesion at most. A lesion may consist of several parts, and of no pixel at all after it
    was erased; it then keeps its id and class, so that undo and the list of lesions stay simple.

    Attributes:
        labels: (H, W) uint16 lesion ids, 0 where there is none; read-only.
        classes: lesion id -> class id (`POLYP`, `INSTRUMENT`).
    """

    labels: Labels
    classes: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.labels.setflags(write=False)
        object.__setattr__(self, "classes", MappingProxyType(dict(self.classes)))

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Lesions:
        """A frame of (height, width) pixels without lesions."""
        return cls(np.zeros(shape, np.uint16))

    @classmethod
    def from_mask(cls, mask: UInt8Array) -> Lesions:
        """Make each connected part of a mask a lesion, numbered from 1, larger ones first within their class.

        Args:
            mask: (H, W) uint8 class ids. Parts that touch at a corner are one (8-neighbourhood).

        Raises:
            InputError: it has more parts than ids.
        """
        labels = np.zeros(mask.shape, np.uint16)
        classes: dict[int, int] = {}
        for class_id in np.flatnonzero(np.bincount(mask.ravel(), minlength=1)).tolist():
            if class_id != BACKGROUND:
                _number_parts(mask, class_id, labels, classes)
        return cls(labels, classes)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the frame in pixels."""
        return self.labels.shape[0], self.labels.shape[1]

    def to_mask(self, box: Box | None = None) -> UInt8Array:
        """(H, W) uint8 class ids of the frame, or of a box of it (all that a repaint after an edit needs)."""
        table = np.zeros(max(self.classes, default=0) + 1, np.uint8)
        for lesion_id, class_id in self.classes.items():
            table[lesion_id] = class_id
        return np.take(table, self.labels if box is None else self.labels[box.slices])

    def region(self, lesion_id: int) -> BoolArray:
        """(H, W) bool, the pixels of one lesion."""
        return self.labels == lesion_id

    def at(self, x: float, y: float) -> int:
        """Id of the lesion under a point in pixels, 0 when there is none or the point is outside the frame."""
        column, row = int(np.floor(x)), int(np.floor(y))
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return int(self.labels[row, column]) if inside else NO_LESION

    def areas_px(self) -> dict[int, int]:
        """Lesion id -> marked pixels, 0 for a lesion that was erased."""
        counts = np.bincount(self.labels.ravel(), minlength=max(self.classes, default=0) + 1)
        return {lesion_id: int(counts[lesion_id]) for lesion_id in self.classes}

    def new_id(self) -> int:
        """The first id above all that are in use.

        Raises:
            InputError: all ids are used up.
        """
        lesion_id = max(self.classes, default=NO_LESION) + 1
        if lesion_id > MAX_LESION_ID:
            raise InputError("This frame has no lesion number left; merge some lesions first.")
        return lesion_id

    def edited(self, change: Change) -> Lesions:
        """The lesions after a change.

        Raises:
            ShapeError: the change reaches beyond the frame.
        """
        if change.box.clipped(self.shape) != change.box:
            raise ShapeError(f"A change at {change.box} does not fit a frame of {self.shape} pixels.")
        if change.box.is_empty:
            return Lesions(self.labels, change.classes_after)
        labels = self.labels.copy()
        labels[change.box.slices] = change.after
        return Lesions(labels, change.classes_after)

    def paint(
        self,
        region: BoolArray,
        box: Box,
        lesion_id: int,
        class_id: int | None = None,
        over: tuple[int, ...] | None = None,
    ) -> Change:
        """The change that gives a region to a lesion.

        Args:
            region: (h, w) bool, set where the box is to be painted.
            box: where it stands; must lie in the frame.
            lesion_id: whose it becomes; 0 erases.
            class_id: class of a lesion that is new; polyp when not told.
            over: lesion ids that may be painted over, 0 for the background; None for all.

        Raises:
            ShapeError: the region has not the size of the box.
        """
        if region.shape != box.shape:
            raise ShapeError(f"A region of {region.shape} pixels does not fill a box of {box.shape}.")
        before = self.labels[box.slices]
        allowed = region if over is None else region & np.isin(before, over)
        after = np.where(allowed, np.uint16(lesion_id), before)
        return change_of(before, after, box, self.classes, with_class(self.classes, lesion_id, class_id))

    def replace(self, region: BoolArray, box: Box, lesion_id: int, class_id: int | None = None) -> Change:
        """The change after which a lesion is, inside the box, exactly this region; other lesions are spared.

        Args:
            region, box, lesion_id, class_id: as `paint`.
        """
        before = self.labels[box.slices]
        free = (before == NO_LESION) | (before == lesion_id)
        after = before.copy()
        after[free] = np.where(region, lesion_id, NO_LESION)[free]
        return change_of(before, after, box, self.classes, with_class(self.classes, lesion_id, class_id))


def with_class(classes: Mapping[int, int], lesion_id: int, class_id: int | None) -> Mapping[int, int]:
    """Classes in which a lesion is known: its own class, else the one told, else polyp."""
    if lesion_id == NO_LESION or lesion_id in classes:
        return classes
    return {**classes, lesion_id: POLYP if class_id is None else class_id}


def lesion_box(lesions: Lesions, lesion_id: int) -> Box:
    """The smallest box around a lesion."""
    return box_of(lesions.region(lesion_id))


def lesion_outlines(lesions: Lesions) -> dict[int, tuple[NDArray[np.float32], ...]]:
    """Contours of each lesion, drawn like those of `overlay.outlines`.

    Returns:
        Lesion id -> closed contours, each (N, 2) float32 x, y of pixel centres; holes run inside their surround.
    """
    drawn = {}
    for lesion_id in lesions.classes:
        region = lesions.region(lesion_id)
        box = box_of(region)
        crop = region[box.slices].astype(np.uint8)
        contours = [] if box.is_empty else cv2.findContours(crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0]
        corner = np.array([box.x0 + 0.5, box.y0 + 0.5], np.float32)
        drawn[lesion_id] = tuple(c[:, 0, :].astype(np.float32) + corner for c in contours if len(c) >= 3)
    return drawn


def _number_parts(mask: UInt8Array, class_id: int, labels: Labels, classes: dict[int, int]) -> None:
    parts, areas = number_parts(mask == class_id)
    first = len(classes) + 1
    if len(classes) + len(areas) - 1 > MAX_LESION_ID:
        raise InputError(f"This mask has more than {MAX_LESION_ID} parts; smooth it first.")
    np.copyto(labels, (parts + (first - 1)).astype(np.uint16), where=parts > 0)
    classes.update(dict.fromkeys(range(first, first + len(areas) - 1), class_id))
