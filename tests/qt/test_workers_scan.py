"""The scan: coarse to fine, ends when told, rests when told, stays silent about single bad frames."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.workers.scan import ScanJob, ScanWorker, coarse_to_fine
from medseg_gui.types import POLYP
from tests.qt.fakes import FakeMedia, FakeNetworks, Heard


@pytest.fixture
def worker(qapp: object, media: FakeMedia, networks: FakeNetworks) -> Iterator[ScanWorker]:
    made = ScanWorker(media.open, networks)
    made.start()
    yield made
    networks.gate.set()
    made.stop()
    made.wait()


@pytest.fixture
def noted(worker: ScanWorker) -> Heard:
    """Batches of what was found."""
    return Heard(worker.noted)


def peaks(noted: Heard) -> dict[int, float]:
    """Frame index -> probability, of all that was noted."""
    return {index: peak[POLYP] for _, some in noted.calls for index, peak in some.items()}


def scan(worker: ScanWorker, qtbot: QtBot, job: ScanJob) -> None:
    """Begin a job and wait for its end."""
    ended = Heard(worker.ended)
    worker.submit(job)
    qtbot.waitUntil(lambda: ended.calls == [(job,)])


def job(indices: range = range(40), source_id: str = "id-clip") -> ScanJob:
    return ScanJob("clip", source_id, ("fast",), indices)


def test_coarse_to_fine_names_each_once() -> None:
    order = list(coarse_to_fine(range(3, 30)))
    assert order[:3] == [8, 16, 24]
    assert sorted(order) == list(range(3, 30))


def test_a_scan_sees_every_frame_and_lets_go(
    worker: ScanWorker, qtbot: QtBot, media: FakeMedia, networks: FakeNetworks, noted: Heard
) -> None:
    scan(worker, qtbot, job())
    assert peaks(noted) == pytest.approx(dict.fromkeys(range(40), 0.6))
    assert networks.named("fast").threads == {"ScanWorker"}
    assert media.opened[0].is_closed


def test_a_cancelled_scan_ends_before_its_next_frame(worker: ScanWorker, qtbot: QtBot, networks: FakeNetworks) -> None:
    networks.gate.clear()
    ended = Heard(worker.ended)
    worker.submit(job())
    qtbot.waitUntil(lambda: bool(networks.loaded and networks.loaded[0].seen))
    worker.cancel()
    networks.gate.set()
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert networks.loaded[0].seen == [0]


def test_a_scan_rests_while_it_is_held(worker: ScanWorker, qtbot: QtBot, media: FakeMedia) -> None:
    worker.hold(True)
    ended = Heard(worker.ended)
    worker.submit(job())
    qtbot.waitUntil(lambda: bool(media.opened))
    assert media.opened[0].read_indices == []
    worker.hold(False)
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert len(media.opened[0].read_indices) == 40


def test_a_new_job_takes_the_place_of_the_old(worker: ScanWorker, qtbot: QtBot, networks: FakeNetworks) -> None:
    first, second = job(), job(range(3))
    networks.gate.clear()
    ended = Heard(worker.ended)
    worker.submit(first)
    qtbot.waitUntil(lambda: bool(networks.loaded and networks.loaded[0].seen))
    worker.submit(second)
    networks.gate.set()
    qtbot.waitUntil(lambda: ended.calls == [(first,), (second,)])
    assert networks.loaded[0].seen == [0]
    assert networks.loaded[1].seen == [0, 1, 2]


def test_a_bad_frame_stays_empty(worker: ScanWorker, qtbot: QtBot, media: FakeMedia, noted: Heard) -> None:
    media.bad = {5, 39}
    scan(worker, qtbot, job())
    assert set(range(40)) - set(peaks(noted)) == {5, 39}


def test_a_source_that_is_gone_ends_the_scan_in_words(worker: ScanWorker, qtbot: QtBot, media: FakeMedia) -> None:
    media.bad = set(range(40))
    failed = Heard(worker.failed)
    scan(worker, qtbot, job())
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert str(failed.last[0]).startswith("Frame ")


def test_a_file_that_changed_is_not_scanned(worker: ScanWorker, qtbot: QtBot, noted: Heard) -> None:
    failed = Heard(worker.failed)
    scan(worker, qtbot, job(source_id="id-before"))
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert "has changed" in str(failed.last[0])
    assert not noted.calls
