"""The edit worker hands on what is to be saved before it draws, and all of it when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.editing import Lesions
from medseg_gui.editing.roles import whole_frame
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import FrameKey, lesions_from_labels
from medseg_gui.qt.state.correction_requests import KeepRequest
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.qt.workers import edit
from medseg_gui.qt.workers.edit import EditWorker
from medseg_gui.types import POLYP
from tests.qt.fakes import PATIENCE_S, Heard

SIZE = (20, 30)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it is cleared, outlines are being drawn."""
    gate, draw = threading.Event(), edit.picture_of

    def slowly(lesions: Lesions) -> LesionPicture:
        assert gate.wait(PATIENCE_S)
        return draw(lesions)

    monkeypatch.setattr(edit, "picture_of", slowly)
    yield gate
    gate.set()


@pytest.fixture
def worker(qapp: object, gate: threading.Event) -> Iterator[EditWorker]:
    made = EditWorker()
    made.start()
    yield made
    gate.set()
    made.stop()
    made.wait()


def lesion(column: int) -> Lesions:
    labels = np.zeros(SIZE, np.uint16)
    labels[5:15, column:] = 1
    return Lesions(labels, {1: POLYP})


def stroke(index: int, column: int) -> KeepRequest:
    after = lesion(column)
    change = whole_frame(Lesions.empty(SIZE), after)
    return KeepRequest(FrameKey("5ca1ab1e", index, 0.0), after, change, f"brush {column}")


def carried(index: int, column: int = 3) -> MaskEdit:
    after = lesion(column)
    return MaskEdit(FrameKey("5ca1ab1e", index, 0.0), lesions_from_labels(after.labels, after.classes), SIZE)


def test_no_stroke_waits_for_outlines(worker: EditWorker, gate: threading.Event, qtbot: QtBot) -> None:
    """Two more come while the first is drawn: both are kept at once, and only the newest is drawn."""
    kept, drawn = Heard(worker.kept), Heard(worker.drawn)
    worker.keep(stroke(0, 1))
    qtbot.waitUntil(lambda: len(kept) == 1)
    assert len(drawn) == 0
    worker.keep(stroke(0, 2))
    worker.keep(stroke(0, 3))
    gate.set()
    qtbot.waitUntil(lambda: len(drawn) == 2)
    assert [k.edit.title for (k,) in kept.calls] == ["brush 1", "brush 2", "brush 3"]
    assert [request.title for request, _ in drawn.calls] == ["brush 1", "brush 3"]


def test_each_frame_gets_its_outlines(worker: EditWorker, gate: threading.Event, qtbot: QtBot) -> None:
    drawn = Heard(worker.drawn)
    for index in (0, 1, 2):
        worker.keep(stroke(index, 4))
    gate.set()
    qtbot.waitUntil(lambda: len(drawn) == 3)
    assert [request.key.index for request, _ in drawn.calls] == [0, 1, 2]


def test_only_what_a_stroke_changed_is_encoded(
    worker: EditWorker, gate: threading.Event, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[object] = []
    monkeypatch.setattr(edit, "lesions_from_labels", lambda *a: whole.append(a) or lesions_from_labels(*a))
    kept, first, after = Heard(worker.kept), stroke(0, 9), lesion(4)
    change = whole_frame(first.lesions, after)
    worker.keep(first)
    worker.keep(KeepRequest(first.key, after, change, "more", since=(first.lesions, change)))
    worker.keep(KeepRequest(first.key, after, change, "from elsewhere", since=(lesion(9), change)))
    gate.set()
    qtbot.waitUntil(lambda: len(kept) == 3)
    assert len(whole) == 2
    assert kept.calls[1][0].edit.lesions == kept.calls[2][0].edit.lesions == carried(0, 4).lesions


def test_nothing_is_lost_when_the_window_closes(worker: EditWorker, gate: threading.Event, qtbot: QtBot) -> None:
    """Neither a stroke nor a mask that was carried to a frame and accepted."""
    kept = Heard(worker.kept)
    worker.keep(stroke(0, 1))
    qtbot.waitUntil(lambda: len(kept) == 1)
    worker.keep(stroke(0, 2))
    worker.keep_carried(carried(7))
    worker.stop()
    gate.set()
    worker.wait()
    qtbot.waitUntil(lambda: len(kept) == 3)
    assert [k.edit.key.index for (k,) in kept.calls] == [0, 0, 7]
