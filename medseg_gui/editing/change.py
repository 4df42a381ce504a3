"""What one edit changed: a box of the label map before and after. Small to keep, quick to undo and to repaint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_gui.errors import ShapeError
from medseg_gui.types import BoolArray

Labels = NDArray[np.uint16]


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels: columns x0 to x1 and rows y0 to y1, the ends not included."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.x1 <= self.x0 or self.y1 <= self.y0

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return max(self.y1 - self.y0, 0), max(self.x1 - self.x0, 0)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array of the whole frame with."""
        return slice(self.y0, max(self.y1, self.y0)), slice(self.x0, max(self.x1, self.x0))

    def union(self, other: Box) -> Box:
        """The smallest box around both; an empty one adds nothing."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def grown(self, margin_px: int, shape: tuple[int, int]) -> Box:
        """Wider by a margin on each side, but not beyond an array of (height, width)."""
        wide = Box(self.x0 - margin_px, self.y0 - margin_px, self.x1 + margin_px, self.y1 + margin_px)
        return wide.clipped(shape)

    def clipped(self, shape: tuple[int, int]) -> Box:
        """The part inside an array of (height, width); `NOWHERE` when there is none."""
        inside = Box(max(self.x0, 0), max(self.y0, 0), min(self.x1, shape[1]), min(self.y1, shape[0]))
        return NOWHERE if inside.is_empty else inside

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Box:
        """All of an array of (height, width)."""
        return cls(0, 0, shape[1], shape[0])


NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Change:
    """What one edit of the lesions of a frame did; `Lesions.edited` does it, `reversed` undoes it.

    Attributes:
        box: where pixels changed; `NOWHERE` when only classes did, or nothing.
        before, after: (h, w) uint16 lesion ids of the box, read-only.
        classes_before, classes_after: lesion id -> class id, of the whole frame.
    """

    box: Box
    before: Labels
    after: Labels
    classes_before: Mapping[int, int]
    classes_after: Mapping[int, int]

    def __post_init__(self) -> None:
        if not self.before.shape == self.after.shape == self.box.shape:
            raise ShapeError(f"A change of {self.box.shape} pixels cannot hold tiles of {self.before.shape}.")
        self.before.setflags(write=False)
        self.after.setflags(write=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed; such a change is not worth a step in the history."""
        return self.box.is_empty and dict(self.classes_before) == dict(self.classes_after)

    def fits(self, labels: Labels) -> bool:
        """Whether a (H, W) label map is, inside the box, as this change expects it."""
        return self.box.clipped(labels.shape) == self.box and bool(np.array_equal(labels[self.box.slices], self.before))

    def reversed(self) -> Change:
        """The change that undoes this one."""
        return Change(self.box, self.after, self.before, self.classes_after, self.classes_before)


def box_of(region: BoolArray) -> Box:
    """The smallest box around all that is set in an (H, W) array; `NOWHERE` when nothing is."""
    rows = np.flatnonzero(region.any(axis=1))
    if not rows.size:
        return NOWHERE
    columns = np.flatnonzero(region[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def change_of(
    before: Labels, after: Labels, box: Box, classes_before: Mapping[int, int], classes_after: Mapping[int, int]
) -> Change:
    """The change between two versions of a box, cut down to the pixels that differ.

    Args:
        before, after: (h, w) uint16 lesion ids of the box; both are copied.
        box: where in the frame they stand.
        classes_before, classes_after: lesion id -> class id.
    """
    inner = box_of(before != after)
    rows, columns = inner.slices
    at = Box(inner.x0 + box.x0, inner.y0 + box.y0, inner.x1 + box.x0, inner.y1 + box.y0)
    where = NOWHERE if inner.is_empty else at
    return Change(where, before[rows, columns].copy(), after[rows, columns].copy(), classes_before, classes_after)
