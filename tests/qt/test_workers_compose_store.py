"""The two small workers: overlays on demand, settings once they have settled."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import OutputError
from medseg_gui.qt.workers.compose import ComposeRequest, ComposeWorker
from medseg_gui.qt.workers.store import StoreWorker
from medseg_gui.settings import Settings, load_settings
from medseg_gui.types import POLYP, Segmentation
from tests.qt.fakes import Heard


def request(threshold: float) -> ComposeRequest:
    probability = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    return ComposeRequest(Segmentation(3, "id", (48, 64), {POLYP: probability}), {POLYP: threshold}, True)


def test_an_overlay_comes_with_what_it_was_made_of(qapp: object, qtbot: QtBot) -> None:
    worker = ComposeWorker()
    worker.start()
    asked = request(0.5)
    composed = Heard(worker.composed)
    worker.compose(asked)
    qtbot.waitUntil(lambda: len(composed) == 1)
    worker.stop()
    worker.wait()
    overlay, segmentation = composed.last
    assert segmentation is asked.segmentation
    assert (overlay.frame_index, overlay.source_id) == (3, "id")
    assert overlay.areas_px[POLYP] == pytest.approx(48 * 64 / 2, rel=0.1)
    assert overlay.probability.shape == (48, 64, 4)


def test_dragging_the_threshold_draws_the_last_one(qapp: object, qtbot: QtBot) -> None:
    worker = ComposeWorker()
    composed = Heard(worker.composed)
    for threshold in (0.1, 0.3, 0.5, 0.95):
        worker.compose(request(threshold))
    worker.start()
    qtbot.waitUntil(lambda: len(composed) == 1)
    worker.stop()
    worker.wait()
    assert len(composed) == 1
    assert composed.last[0].areas_px[POLYP] < 48 * 64 / 10


def test_settings_are_saved_once_they_settle(qapp: object, qtbot: QtBot) -> None:
    saved: list[Settings] = []
    worker = StoreWorker(saved.append, settle_ms=20)
    worker.start()
    for threshold in (0.1, 0.2, 0.3):
        worker.save(Settings(threshold=threshold))
    qtbot.waitUntil(lambda: bool(saved))
    worker.stop()
    worker.wait()
    assert saved == [Settings(threshold=0.3)]


def test_the_last_change_is_saved_at_the_end(qapp: object) -> None:
    worker = StoreWorker()
    worker.start()
    worker.save(Settings(threshold=0.7, recent=("Fräulein.mp4",)))
    worker.stop()
    worker.wait()
    assert load_settings() == Settings(threshold=0.7, recent=("Fräulein.mp4",))


def test_a_full_disk_is_told(qapp: object, qtbot: QtBot) -> None:
    def refuse(settings: Settings) -> None:
        raise OutputError("The settings cannot be saved (No space left on device).")

    worker = StoreWorker(refuse, settle_ms=1)
    worker.start()
    failed = Heard(worker.failed)
    worker.save(Settings())
    qtbot.waitUntil(lambda: len(failed) == 1)
    worker.stop()
    worker.wait()
