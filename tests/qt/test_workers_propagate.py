"""Carrying: what a person corrected stays, and so does what the network misses; it always sees the middle quarter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.editing.propagation import agreement
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import FrameKey, lesions_from_labels
from medseg_gui.qt.workers.edit import decode
from medseg_gui.qt.workers.propagate import CarryJob, PropagateWorker
from medseg_gui.types import POLYP, BoolArray, Frame
from tests.qt.fakes import SIZE, FakeNetworks, FakeSource, Heard


class TexturedSource(FakeSource):
    """Tissue that stands still; motion cannot be told on frames of one grey."""

    def read(self, index: int) -> Frame:
        noise = np.random.default_rng(0).normal(0, 1, (*SIZE, 3)).astype(np.float32)
        mixed = sum(cv2.GaussianBlur(noise, (0, 0), s) * s for s in (2, 5))
        return replace(super().read(index), rgb=np.clip(130 + 40 * mixed, 0, 255).astype(np.uint8))


@pytest.fixture
def worker(qapp: object, networks: FakeNetworks) -> Iterator[PropagateWorker]:
    made = PropagateWorker(TexturedSource, networks)
    made.start()
    yield made
    made.stop()
    made.wait()


def region(rows: slice, columns: slice) -> BoolArray:
    made = np.zeros(SIZE, bool)
    made[rows, columns] = True
    return made


def edit_of(mask: BoolArray) -> MaskEdit:
    return MaskEdit(FrameKey("id-clip", 0, 0.0), lesions_from_labels(mask.view(np.uint8), {1: POLYP}), SIZE)


def carry(worker: PropagateWorker, qtbot: QtBot, mask: BoolArray) -> list[BoolArray]:
    """Where the lesion is in each frame that it was carried to, five at most."""
    carried, ended = Heard(worker.carried), Heard(worker.ended)
    worker.submit(CarryJob("clip", "id-clip", ("fast",), edit_of(mask), range(1, 6)))
    qtbot.waitUntil(lambda: len(ended) == 1)
    return [decode(frame.edit).region(1) for _, frame in carried.calls]


def test_what_a_person_corrected_stays_corrected(worker: PropagateWorker, qtbot: QtBot) -> None:
    """The network marks twice as much as there is."""
    half = region(slice(12, 36), slice(16, 32))
    steps = carry(worker, qtbot, half)
    assert len(steps) == 5
    assert agreement(steps[-1], half) > 0.95


def test_a_lesion_that_the_network_misses_is_carried_on(worker: PropagateWorker, qtbot: QtBot) -> None:
    corner = region(slice(2, 9), slice(52, 62))
    steps = carry(worker, qtbot, corner)
    assert len(steps) == 5
    assert agreement(steps[-1], corner) > 0.95
