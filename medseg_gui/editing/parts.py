"""Parts and holes of a lesion: fill, keep, delete, move. Parts may touch at corners only; holes may not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import NOWHERE, Box, Change
from medseg_gui.editing.components import number_parts
from medseg_gui.editing.lesions import NO_LESION, Lesions, lesion_box
from medseg_gui.types import BoolArray


def fill_holes(lesions: Lesions, lesion_id: int, largest_px: int | None = None) -> Change:
    """Fill what a lesion encloses; other lesions inside are spared.

    Args:
        lesions: of the frame.
        lesion_id: whose holes.
        largest_px: only holes of at most so many pixels; None for all.
    """
    box, region = _crop(lesions, lesion_id, margin_px=1)
    numbers, areas = _holes(region)
    chosen = np.zeros(len(areas), np.bool_)
    chosen[1:] = True if largest_px is None else areas[1:] <= largest_px
    return lesions.paint(chosen[numbers], box, lesion_id, over=(NO_LESION, lesion_id))


def fill_hole_at(lesions: Lesions, lesion_id: int, x: float, y: float) -> Change:
    """Fill the one hole of a lesion that is under a point in pixels; nothing when there is none."""
    box, region = _crop(lesions, lesion_id, margin_px=1)
    numbers, _ = _holes(region)
    number = _value_at(numbers, box, x, y)
    chosen = (numbers == number) if number else np.zeros_like(region)
    return lesions.paint(chosen, box, lesion_id, over=(NO_LESION, lesion_id))


def keep_largest_part(lesions: Lesions, lesion_id: int) -> Change:
    """Erase all parts of a lesion but its largest."""
    box, region = _crop(lesions, lesion_id)
    numbers, _ = number_parts(region)
    return lesions.paint(numbers > 1, box, NO_LESION)


def delete_small_parts(lesions: Lesions, lesion_id: int, smallest_px: int) -> Change:
    """Erase parts of a lesion of fewer pixels than that."""
    box, region = _crop(lesions, lesion_id)
    numbers, areas = number_parts(region)
    return lesions.paint(region & (areas < smallest_px)[numbers], box, NO_LESION)


def delete_part(lesions: Lesions, x: float, y: float) -> Change:
    """Erase the connected part under a point in pixels; nothing where there is no lesion."""
    box, part = part_at(lesions, x, y)
    return lesions.paint(part, box, NO_LESION)


def move_part(lesions: Lesions, x: float, y: float, dx_px: int, dy_px: int) -> Change:
    """Move the connected part under a point; what leaves the frame is cut off, other lesions are spared.

    Args:
        lesions: of the frame.
        x, y: a point of the part, in pixels.
        dx_px, dy_px: how far, to the right and down.
    """
    box, part = part_at(lesions, x, y)
    lesion_id = lesions.at(x, y)
    target = Box(box.x0 + dx_px, box.y0 + dy_px, box.x1 + dx_px, box.y1 + dy_px)
    landed = target.clipped(lesions.shape)
    around = box.union(landed)
    region = lesions.labels[around.slices] == lesion_id
    _inner(region, around, box)[part] = False
    if not landed.is_empty:
        _inner(region, around, landed)[_inner(part, target, landed)] = True
    return lesions.replace(region, around, lesion_id)


def part_at(lesions: Lesions, x: float, y: float) -> tuple[Box, BoolArray]:
    """The connected part of a lesion under a point: its box and pixels as (h, w) bool; empty where there is none."""
    lesion_id = lesions.at(x, y)
    if lesion_id == NO_LESION:
        return NOWHERE, np.zeros((0, 0), np.bool_)
    box, region = _crop(lesions, lesion_id)
    numbers, _ = number_parts(region)
    return box, numbers == _value_at(numbers, box, x, y)


def _crop(lesions: Lesions, lesion_id: int, margin_px: int = 0) -> tuple[Box, BoolArray]:
    box = lesion_box(lesions, lesion_id)
    box = box if box.is_empty else box.grown(margin_px, lesions.shape)
    return box, lesions.labels[box.slices] == lesion_id


def _holes(region: BoolArray) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number of the hole at each pixel, 0 where none, and area in pixels of each number."""
    around = np.pad(~region, 1, constant_values=True)
    numbers, areas = number_parts(around, corners_join=False)
    outside = numbers[0, 0]
    return np.where(numbers == outside, 0, numbers)[1:-1, 1:-1], areas


def _value_at(numbers: NDArray[np.int32], box: Box, x: float, y: float) -> int:
    column, row = int(np.floor(x)) - box.x0, int(np.floor(y)) - box.y0
    inside = 0 <= row < numbers.shape[0] and 0 <= column < numbers.shape[1]
    return int(numbers[row, column]) if inside else 0


def _inner(array: BoolArray, box: Box, inner: Box) -> BoolArray:
    """View of the part of an array, which stands at `box`, that lies in `inner`."""
    return array[inner.y0 - box.y0 : inner.y1 - box.y0, inner.x0 - box.x0 : inner.x1 - box.x0]
