"""The segment worker and how it comes by networks; here with a true one, too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.errors import WeightsError
from medseg_gui.qt.workers.networks import Networks, segment_with
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.types import INSTRUMENT, POLYP, Frame
from tests.qt.fakes import FakeNetworks, Heard


def frame(index: int) -> Frame:
    return Frame(index, index / 25, "id", np.zeros((48, 64, 3), np.uint8))


@pytest.fixture
def worker(qapp: object, networks: FakeNetworks) -> Iterator[SegmentWorker]:
    made = SegmentWorker(networks)
    made.start()
    yield made
    networks.gate.set()
    made.stop()
    made.wait()


@pytest.fixture
def seen(worker: SegmentWorker) -> Heard:
    """What the networks saw."""
    return Heard(worker.segmented)


def choose(worker: SegmentWorker, qtbot: QtBot, class_id: int, name: str) -> None:
    loaded = Heard(worker.loaded)
    worker.choose(class_id, name)
    qtbot.waitUntil(lambda: loaded.calls == [(class_id, name)])


def test_device_and_weights_are_told_at_the_start(qapp: object, qtbot: QtBot, networks: FakeNetworks) -> None:
    worker = SegmentWorker(networks)
    device, weights = Heard(worker.device_known), Heard(worker.weights_listed)
    worker.start()
    qtbot.waitUntil(lambda: len(weights) == 1)
    worker.stop()
    worker.wait()
    assert device.calls == [("CPU: in a test",)]
    assert weights.last[0] == networks.entries


def test_the_newest_frame_wins(worker: SegmentWorker, qtbot: QtBot, networks: FakeNetworks, seen: Heard) -> None:
    choose(worker, qtbot, POLYP, "fast")
    networks.gate.clear()
    assert worker.segment(frame(0))
    qtbot.waitUntil(lambda: networks.named("fast").seen == [0])
    assert [worker.segment(frame(i)) for i in (1, 2, 3)] == [True, False, False]
    networks.gate.set()
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert [s.frame_index for (s,) in seen.calls] == [0, 3]


def test_classes_are_seen_together(worker: SegmentWorker, qtbot: QtBot, seen: Heard) -> None:
    choose(worker, qtbot, POLYP, "fast")
    choose(worker, qtbot, INSTRUMENT, "tools")
    worker.segment(frame(7))
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert set(seen.last[0].probability) == {POLYP, INSTRUMENT}
    assert seen.last[0].latency_ms == 2.0


def test_a_class_can_be_left_out_again(worker: SegmentWorker, qtbot: QtBot, seen: Heard) -> None:
    choose(worker, qtbot, POLYP, "fast")
    choose(worker, qtbot, INSTRUMENT, "tools")
    choose(worker, qtbot, POLYP, "")
    worker.segment(frame(7))
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert set(seen.last[0].probability) == {INSTRUMENT}


def test_the_sizes_that_networks_see_are_told(worker: SegmentWorker, qtbot: QtBot) -> None:
    sizes = Heard(worker.sizes_known)
    choose(worker, qtbot, POLYP, "fast")
    choose(worker, qtbot, INSTRUMENT, "tools")
    for class_id in (POLYP, INSTRUMENT):
        choose(worker, qtbot, class_id, "")
    assert sizes.calls == [((16,),), ((16,),), ((16,),), ((),)]


def test_without_weights_nothing_is_seen(
    worker: SegmentWorker, qtbot: QtBot, networks: FakeNetworks, seen: Heard
) -> None:
    worker.segment(frame(0))
    choose(worker, qtbot, POLYP, "")
    choose(worker, qtbot, POLYP, "fast")
    worker.segment(frame(1))
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert [s.frame_index for (s,) in seen.calls] == [1]


def test_weights_that_fail_are_refused_and_the_earlier_stay(worker: SegmentWorker, qtbot: QtBot, seen: Heard) -> None:
    choose(worker, qtbot, POLYP, "fast")
    refused, failed = Heard(worker.refused), Heard(worker.failed)
    worker.choose(POLYP, "broken")
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert refused.last == (POLYP, "broken", "fast")
    assert str(failed.last[0]).endswith("; fast stays in use.")
    worker.segment(frame(1))
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert seen.last[0].weights == {POLYP: "fast@00000000"}


def test_a_full_graphics_card_is_told_once_and_frames_come_again(
    worker: SegmentWorker, qtbot: QtBot, networks: FakeNetworks, seen: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    choose(worker, qtbot, POLYP, "fast")
    failed = Heard(worker.failed)
    networks.loaded[-1].error = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    for index in (1, 2):
        worker.segment(frame(index))
        qtbot.waitUntil(lambda i=index: networks.loaded[-1].seen[-1:] == [i])
    networks.loaded[-1].error = None
    worker.segment(frame(3))
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert len(failed) == 1
    assert "graphics card is full" in str(failed.last[0])
    assert "graphics card is full" in caplog.text
    caplog.clear()


def test_true_weights_are_listed_loaded_and_used(tmp_path: object) -> None:
    from medseg_gui.networks import build_network
    from medseg_gui.networks.weights import save_weights

    header = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.4"}
    save_weights(paths.user_models_dir(), "mine", build_network("unet_lite0"), header, "# Mine")
    networks = Networks("cpu")
    assert networks.begin().startswith("CPU")
    entry = next(e for e in networks.list_weights() if e.name == "mine")
    assert (entry.network, entry.class_id, entry.threshold) == ("unet_lite0", POLYP, 0.4)
    answer = segment_with([networks.load("mine")], frame(3))
    assert answer.probability[POLYP].shape == (64, 64)
    assert answer.size == (48, 64)


def test_weights_that_are_not_there_say_so() -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        Networks("cpu").load("nowhere")
