"""What a lesion is rather than where: its class, its number; split, merge and delete whole lesions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from medseg_gui.editing.brush import Dab, capsule
from medseg_gui.editing.change import NOWHERE, Box, Change, change_of
from medseg_gui.editing.components import number_parts
from medseg_gui.editing.lesions import NO_LESION, Lesions, lesion_box
from medseg_gui.errors import InputError
from medseg_gui.types import CLASS_NAMES


def change_class(lesions: Lesions, lesion_id: int, class_id: int) -> Change:
    """Say what a lesion is.

    Raises:
        InputError: there is no such lesion or class.
    """
    if lesion_id not in lesions.classes or class_id not in CLASS_NAMES:
        raise InputError(f"Lesion {lesion_id} cannot become class {class_id}; choose a lesion and one of its classes.")
    nothing = np.zeros((0, 0), np.uint16)
    return Change(NOWHERE, nothing, nothing, lesions.classes, {**lesions.classes, lesion_id: class_id})


def delete_lesion(lesions: Lesions, lesion_id: int) -> Change:
    """Erase a lesion and forget its number."""
    classes = {k: v for k, v in lesions.classes.items() if k != lesion_id}
    box = lesion_box(lesions, lesion_id)
    before = lesions.labels[box.slices]
    return change_of(before, np.where(before == lesion_id, NO_LESION, before), box, lesions.classes, classes)


def merge(lesions: Lesions, lesion_ids: Sequence[int]) -> Change:
    """Make several lesions one, with the number and class of the first.

    Raises:
        InputError: one of them does not exist.
    """
    if unknown := [i for i in lesion_ids if i not in lesions.classes]:
        raise InputError(f"There is no lesion {unknown[0]} to merge; choose lesions of this frame.")
    if not lesion_ids:
        raise InputError("No lesions were chosen to merge; choose two or more.")
    first, *others = lesion_ids
    box = NOWHERE
    for lesion_id in others:
        box = box.union(lesion_box(lesions, lesion_id))
    before = lesions.labels[box.slices]
    classes = {k: v for k, v in lesions.classes.items() if k == first or k not in others}
    return change_of(before, np.where(np.isin(before, others), first, before), box, lesions.classes, classes)


def split_parts(lesions: Lesions, lesion_id: int) -> Change:
    """Make each part of a lesion a lesion of its own; the largest keeps the number."""
    return _numbered_parts(lesions, lesion_id, lesions)


def split_along(lesions: Lesions, lesion_id: int, points: Sequence[tuple[float, float]]) -> Change:
    """Cut a lesion along a line; each side becomes a lesion, and the pixels of the cut go to the nearest one.

    Args:
        lesions: of the frame.
        lesion_id: which.
        points: x, y in pixels of the line, from rim to rim or beyond.
    """
    labels = lesions.labels.copy()
    for (ax, ay), (bx, by) in pairwise(points):
        box, cut = capsule(Dab(ax, ay, 0.75), Dab(bx, by, 0.75), lesions.shape)
        tile = labels[box.slices]
        tile[cut & (tile == lesion_id)] = NO_LESION
    return _numbered_parts(lesions, lesion_id, Lesions(labels, lesions.classes))


def _numbered_parts(lesions: Lesions, lesion_id: int, cut: Lesions) -> Change:
    """Number the parts of a lesion as they are in `cut`, and give each of its pixels to its nearest part."""
    box = lesion_box(lesions, lesion_id)
    before = lesions.labels[box.slices]
    parts, areas = number_parts(cut.labels[box.slices] == lesion_id)
    if len(areas) <= 2:
        return change_of(before, before, box, lesions.classes, lesions.classes)
    first_new = lesions.new_id()
    new_ids = range(first_new, first_new + len(areas) - 2)
    numbers = np.array([NO_LESION, lesion_id, *new_ids], np.uint16)
    after = np.where(before == lesion_id, _nearest(numbers[parts]), before)
    new_classes = dict.fromkeys(new_ids, lesions.classes[lesion_id])
    return change_of(before, after, box, lesions.classes, {**lesions.classes, **new_classes})


def _nearest(labels: np.ndarray) -> np.ndarray:
    """Each pixel's nearest number that is not 0."""
    _, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, labels.dtype)
    marked = labels > 0
    table[nearest[marked]] = labels[marked]
    return table[nearest]


def whole_frame(lesions: Lesions, other: Lesions) -> Change:
    """The change that turns one frame's lesions into others: accept a prediction, paste, clear.

    Args:
        lesions: as they are.
        other: as they shall be; same size.
    """
    box = Box.whole(lesions.shape)
    return change_of(lesions.labels, other.labels, box, lesions.classes, other.classes)
