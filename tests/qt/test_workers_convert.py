"""Networks that become faster while they predict."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import save_weights
from medseg_gui.qt.workers.convert import Conversion, tell_once
from medseg_gui.qt.workers.networks import Networks
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import INSTRUMENT, POLYP, Frame
from tests.qt.fakes import Heard

pytest.importorskip("onnxruntime")

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}
PATIENCE_S = 120.0


@pytest.fixture
def segmenter(private_home: Path) -> Segmenter:
    tell_once.cache_clear()
    return Segmenter(save_weights(paths.user_models_dir(), "mine", build_network("unet_lite0"), HEADER, ""), "cpu")


def frame(index: int) -> Frame:
    rgb = np.random.default_rng(index).integers(0, 256, (48, 64, 3), np.uint8)
    return Frame(index, index / 25, "id", rgb)


def test_the_worker_switches_by_itself_and_says_so(qapp: object, qtbot: QtBot, segmenter: Segmenter) -> None:
    worker = SegmentWorker(Networks("cpu"))
    device, seen = Heard(worker.device_known), Heard(worker.segmented)
    worker.choose(POLYP, "mine")
    worker.segment(frame(1))
    worker.start()
    try:
        qtbot.waitUntil(lambda: len(seen) == 1, timeout=20_000)
        assert "ONNX" not in device.last[0]
        qtbot.waitUntil(lambda: "ONNX Runtime" in device.last[0], timeout=int(PATIENCE_S * 1000))
        worker.segment(frame(1))
        qtbot.waitUntil(lambda: len(seen) == 2)
    finally:
        worker.stop()
        worker.wait()
    before, after = (s.probability[POLYP] for (s,) in seen.calls)
    np.testing.assert_allclose(before, after, atol=2e-4)
    again = Networks("cpu").load("mine")
    assert "ONNX Runtime" in again.engine_name
    assert Networks("cpu").speed_up(again, lambda: None) is None


def test_two_engines_on_one_device_are_told_with_the_device_once(
    qapp: object, qtbot: QtBot, segmenter: Segmenter, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a network that is converted already beside one that is not yet."""
    save_weights(paths.user_models_dir(), "other", build_network("unet_lite0"), {**HEADER, "class": "instrument"}, "")
    monkeypatch.setattr(Networks, "speed_up", lambda *anything: None)
    monkeypatch.setattr(
        Segmenter, "engine_name", property(lambda self: "Runner 1" if self.info.name == "mine" else "torch")
    )
    worker = SegmentWorker(Networks("cpu"))
    device = Heard(worker.device_known)
    worker.choose(POLYP, "mine")
    worker.choose(INSTRUMENT, "other")
    worker.start()
    try:
        qtbot.waitUntil(
            lambda: len(device) > 0 and device.last[0] == "CPU: as asked for · Runner 1 and torch", timeout=20_000
        )
    finally:
        worker.stop()
        worker.wait()


def test_why_it_stays_slow_is_told_once(
    segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        paths, "own_program", lambda: [sys.executable, "-c", "import sys; sys.exit('medseg: No luck.')"]
    )
    for _ in range(2):
        conversion = Conversion(segmenter, lambda: pytest.fail("it is not faster"))
        conversion._thread.join(PATIENCE_S)
    assert [r.getMessage() for r in caplog.records if r.name.startswith("medseg_gui")] == ["No luck."]
    assert segmenter.engine_name == "torch"
    caplog.clear()


def test_a_conversion_can_be_cancelled(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = [sys.executable, "-c", "import sys, threading; threading.Event().wait()"]
    monkeypatch.setattr(paths, "own_program", lambda: waits)
    done = threading.Event()
    conversion = Conversion(segmenter, done.set)
    conversion.cancel()
    assert not conversion._thread.is_alive()
    assert conversion._process.returncode is not None
    assert not done.is_set()


def test_no_process_is_told(
    segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(paths, "own_program", lambda: ["/nowhere/at/all"])
    assert Networks("cpu").speed_up(segmenter, lambda: None) is None
    assert "cannot start" in caplog.text
    caplog.clear()
