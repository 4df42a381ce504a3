"""Copy lesions from one frame and paste them into another, of the same or another size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from medseg_gui.editing.change import Box, Change, change_of
from medseg_gui.editing.lesions import MAX_LESION_ID, NO_LESION, Lesions
from medseg_gui.errors import InputError


def copy(lesions: Lesions, lesion_ids: Sequence[int] | None = None) -> Lesions:
    """Some lesions alone, or all; what else the frame holds is left out."""
    chosen = list(lesions.classes) if lesion_ids is None else [i for i in lesion_ids if i in lesions.classes]
    labels = np.where(np.isin(lesions.labels, chosen), lesions.labels, np.uint16(NO_LESION))
    return Lesions(labels, {i: lesions.classes[i] for i in chosen})


def paste(lesions: Lesions, copied: Lesions) -> Change:
    """Lay copied lesions over a frame. One whose number is in use for another class gets a new one.

    Args:
        lesions: of the frame that is pasted into.
        copied: from `copy`; stretched when its frame had another size.

    Raises:
        InputError: no lesion number is left.
    """
    height, width = lesions.shape
    labels = copied.labels
    if copied.shape != lesions.shape:
        stretched = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        labels = stretched.astype(np.uint16, copy=False)
    numbers, classes = _renumbered(lesions, copied)
    pasted = np.take(numbers, labels)
    after = np.where(pasted > 0, pasted, lesions.labels)
    return change_of(lesions.labels, after, Box.whole(lesions.shape), lesions.classes, classes)


def _renumbered(lesions: Lesions, copied: Lesions) -> tuple[np.ndarray, dict[int, int]]:
    numbers = np.zeros(max(copied.classes, default=0) + 1, np.uint16)
    classes = dict(lesions.classes)
    for lesion_id, class_id in copied.classes.items():
        fits = classes.get(lesion_id, class_id) == class_id
        new_id = lesion_id if fits else max([*classes, *copied.classes]) + 1
        if new_id > MAX_LESION_ID:
            raise InputError("This frame has no lesion number left; merge some lesions first.")
        numbers[lesion_id], classes[new_id] = new_id, class_id
    return numbers, classes
