"""Copies that name nobody, made on a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.media import open_source
from medseg_gui.qt.state.project_orders import CleanCopy
from medseg_gui.qt.workers.clean import CleanWorker
from tests.project.conftest import FRAMES, pictures  # noqa: F401
from tests.qt.fakes import Heard


@pytest.fixture
def worker(qapp: object) -> Iterator[CleanWorker]:
    worker = CleanWorker()
    worker.start()
    yield worker
    worker.stop()
    worker.wait()


def test_pictures_lose_their_names(qtbot: QtBot, worker: CleanWorker, pictures: Path, tmp_path: Path) -> None:  # noqa: F811
    noticed, task = Heard(worker.noticed), Heard(worker.task_changed)
    worker.submit(CleanCopy(str(pictures), tmp_path / "clean"))
    qtbot.waitUntil(lambda: len(noticed) == 1)
    assert noticed.last[0].startswith("The copy is ready: clean.")
    with open_source(tmp_path / "clean") as copy:
        assert copy.frame_count == FRAMES
        assert not any(name.startswith("frame") for name in copy.names)
    qtbot.waitUntil(lambda: task.last == (None,))
    assert (task.calls[-2][0].done, task.calls[-2][0].total) == (FRAMES, FRAMES)


def test_a_stopped_video_is_deleted(qtbot: QtBot, worker: CleanWorker, tmp_path: Path) -> None:
    noticed, task = Heard(worker.noticed), Heard(worker.task_changed)
    worker.submit(CleanCopy(str(paths.demo_clip()), tmp_path / "clean.mp4"))
    qtbot.waitUntil(lambda: len(task) > 2, timeout=20_000)
    worker.cancel()
    qtbot.waitUntil(lambda: len(noticed) == 1)
    assert noticed.last == ("Copying was stopped.",)
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_taken_is_told(qtbot: QtBot, worker: CleanWorker, tmp_path: Path) -> None:
    (tmp_path / "clean.mp4").write_bytes(b"mine")
    failed = Heard(worker.failed)
    worker.submit(CleanCopy(str(paths.demo_clip()), tmp_path / "clean.mp4"))
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert "is there already" in str(failed.last[0])
    assert (tmp_path / "clean.mp4").read_bytes() == b"mine"
