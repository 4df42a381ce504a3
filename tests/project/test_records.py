"""Lesions of a frame after a change are those that the whole frame gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.roles import whole_frame
from medseg_gui.project.records import lesions_after, lesions_from_labels
from tests.editing.shapes import CLASSES, labels, lesions_of


@settings(deadline=None)
@given(labels, labels)
def test_what_did_not_change_need_not_be_encoded(one: np.ndarray, other: np.ndarray) -> None:
    """Lesions come, go, grow and take from one another; both ways, as undo goes."""
    height, width = np.minimum(one.shape, other.shape)
    before, after = (lesions_of(a[:height, :width].copy()) for a in (one, other))
    encoded = lesions_from_labels(before.labels, before.classes)
    there = lesions_after(encoded, whole_frame(before, after), before.shape)
    assert there == lesions_from_labels(after.labels, after.classes)
    assert lesions_after(there, whole_frame(after, before), before.shape) == encoded


def test_a_class_changes_without_a_pixel() -> None:
    before = lesions_of(np.array([[1, 0], [0, 3]]))
    after = Lesions(before.labels, {**CLASSES, 3: CLASSES[2]})
    encoded = lesions_from_labels(before.labels, before.classes)
    there = lesions_after(encoded, whole_frame(before, after), before.shape)
    assert [x.class_id for x in there] == [CLASSES[1], CLASSES[2]]
