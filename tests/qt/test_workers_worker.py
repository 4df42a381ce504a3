"""What all workers share: the newest wins, errors leave as signals, threads end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Signal
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError, SourceError
from medseg_gui.qt.workers.worker import Mailbox, Worker
from tests.qt.fakes import Heard, thread_name


class EchoWorker(Worker):
    """Gives back what it is sent, or raises it."""

    echoed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.box: Mailbox[object] = Mailbox()
        self.threads: list[str] = []

    def send(self, item: object) -> None:
        self.box.put(item)
        self.wake()

    def begin(self) -> None:
        self.threads.append(thread_name())

    def work(self) -> None:
        self.threads.append(thread_name())
        item = self.box.take()
        if isinstance(item, Exception):
            raise item
        self.echoed.emit(item)

    def end(self) -> None:
        self.threads.append(thread_name())


@pytest.fixture
def worker(qapp: object) -> Iterator[EchoWorker]:
    made = EchoWorker()
    made.start()
    yield made
    made.stop()
    made.wait()


def test_a_mailbox_keeps_the_newest() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.put(1)
    assert not box.put(2)
    assert box.take() == 2
    assert box.take() is None
    assert box.put(3)


def test_everything_happens_on_the_workers_thread(worker: EchoWorker, qtbot: QtBot) -> None:
    echoed = Heard(worker.echoed)
    worker.send("hello")
    qtbot.waitUntil(lambda: len(echoed) == 1)
    worker.stop()
    worker.wait()
    assert set(worker.threads) == {"EchoWorker"}
    assert len(worker.threads) == 3
    assert thread_name() != "EchoWorker"


def test_an_error_with_a_sentence_leaves_as_it_is(worker: EchoWorker, qtbot: QtBot) -> None:
    error = SourceError("a.mp4 is empty; copy it again.")
    failed = Heard(worker.failed)
    worker.send(error)
    qtbot.waitUntil(lambda: failed.calls == [(error,)])


def test_an_unknown_error_gets_a_sentence_and_its_trace(
    worker: EchoWorker, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    failed = Heard(worker.failed)
    worker.send(KeyError("nobody thought of this"))
    qtbot.waitUntil(lambda: len(failed) == 1)
    (error,) = failed.last
    assert type(error) is MedsegError
    assert "nobody thought of this" in error.details
    assert "nobody thought of this" in caplog.text
    caplog.clear()


def test_a_worker_goes_on_after_an_error(worker: EchoWorker, qtbot: QtBot) -> None:
    failed, echoed = Heard(worker.failed), Heard(worker.echoed)
    worker.send(SourceError("no."))
    qtbot.waitUntil(lambda: len(failed) == 1)
    worker.send("still here")
    qtbot.waitUntil(lambda: echoed.calls == [("still here",)])


def test_stopping_twice_or_without_starting_does_no_harm(qapp: object) -> None:
    never_started = EchoWorker()
    never_started.stop()
    never_started.wait()
    made = EchoWorker()
    made.start()
    for _ in range(2):
        made.stop()
        made.wait()
    assert not made.is_running
