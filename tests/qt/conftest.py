"""Every test of the window fails on a Qt warning, on an unexpected log and on a thread left running."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.pipeline import Pipeline, Workers
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.workers.check import CheckWorker
from medseg_gui.qt.workers.compose import ComposeWorker
from medseg_gui.qt.workers.decode import DecodeWorker
from medseg_gui.qt.workers.edit import EditWorker
from medseg_gui.qt.workers.explain import ExplainWorker
from medseg_gui.qt.workers.picture import PictureWorker
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.propagate import PropagateWorker
from medseg_gui.qt.workers.scan import ScanWorker
from medseg_gui.qt.workers.score import ScoreWorker
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.qt.workers.store import StoreWorker
from medseg_gui.qt.workers.train import TrainWorker
from medseg_gui.qt.workers.worker import Worker
from medseg_gui.settings import Settings
from medseg_gui.types import POLYP
from tests.qt.fakes import FakeChecks, FakeExplainers, FakeMedia, FakeNetworks
from tests.qt.training_process import command
from tests.qt.training_scene import RECORDINGS, make_project
from tests.qt.views.scene import Answering, new_state, open_clip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pytest-qt then fails a test for what Qt warns of; the offscreen platform cannot pass on size hints."""
    for item in items:
        if "tests/qt/" in item.path.as_posix():
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


@pytest.fixture(autouse=True)
def no_unexpected_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that expects a warning looks at it and calls `caplog.clear()`."""
    yield
    unexpected = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.WARNING]
    assert not unexpected


@pytest.fixture(autouse=True)
def no_thread_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever starts a worker ends it."""
    started: list[Worker] = []
    start = Worker.start

    def start_and_note(worker: Worker) -> None:
        started.append(worker)
        start(worker)

    monkeypatch.setattr(Worker, "start", start_and_note)
    yield
    left = [type(w).__name__ for w in started if w.is_running]
    for worker in started:
        worker.stop()
        worker.wait()
    assert not left


@pytest.fixture
def state(qapp: object) -> Iterator[AppState]:
    """Nothing is open; wanted frames come at once."""
    state = new_state()
    answering = Answering(state)
    yield state
    state.playback.pause()
    answering.deleteLater()


@pytest.fixture
def media() -> FakeMedia:
    """Sources in memory: "clip", "other", "camera:0"; anything else cannot be opened."""
    return FakeMedia()


@pytest.fixture
def networks() -> Iterator[FakeNetworks]:
    """Networks that answer at once, or when a test lets them."""
    fake = FakeNetworks()
    yield fake
    fake.gate.set()


@pytest.fixture
def explainers() -> Iterator[FakeExplainers]:
    """Explainers that answer at once, or when a test lets them."""
    fake = FakeExplainers()
    yield fake
    fake.gate.set()


@pytest.fixture
def checks() -> Iterator[FakeChecks]:
    """Checks that answer at once, or when a test lets them."""
    fake = FakeChecks()
    yield fake
    fake.gate.set()


@pytest.fixture
def saved() -> list[Settings]:
    """What was saved, in place of a file."""
    return []


@pytest.fixture
def pipeline(
    qapp: object,
    media: FakeMedia,
    networks: FakeNetworks,
    explainers: FakeExplainers,
    checks: FakeChecks,
    saved: list[Settings],
) -> Iterator[Pipeline]:
    """A pipeline that runs, with polyp weights "fast" chosen; nothing is open."""
    made = build_pipeline(media, networks, saved, Settings(polyp_weights="fast"), explainers, checks)
    made.start()
    yield made
    networks.gate.set()
    explainers.gate.set()
    checks.gate.set()
    made.close()


def build_pipeline(
    media: FakeMedia,
    networks: FakeNetworks,
    saved: list[Settings],
    settings: Settings,
    explainers: FakeExplainers | None = None,
    checks: FakeChecks | None = None,
) -> Pipeline:
    """A pipeline with fake media, networks and settings file."""
    explainers = explainers or FakeExplainers()
    return Pipeline(
        settings,
        Workers(
            decode=DecodeWorker(media.open),
            segment=SegmentWorker(networks),
            compose=ComposeWorker(),
            scan=ScanWorker(media.open, networks),
            store=StoreWorker(saved.append, settle_ms=10),
            explain=ExplainWorker(explainers),
            picture=PictureWorker(),
            check=CheckWorker(checks or FakeChecks()),
            project=ProjectWorker(author="Ada"),
            score=ScoreWorker(media.open, networks, explainers),
            edit=EditWorker(),
            propagate=PropagateWorker(media.open, networks),
        ),
    )


@pytest.fixture
def window(qtbot: QtBot, state: AppState) -> MainWindow:
    """On screen and in front, nothing open."""
    window = MainWindow(state, Settings())
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window


@pytest.fixture
def playing_field(window: MainWindow, state: AppState) -> MainWindow:
    """A clip of 100 frames is open, paused on frame 40; frames 20, 60 and 80 begin a lesion."""
    open_clip(state, 100)
    for index in (20, 60, 80):
        state.analysis.note(index, {POLYP: 0.9})
    state.playback.seek(40)
    return window


@pytest.fixture
def behaviour() -> list[str]:
    """What the process of a training does; a test may change it."""
    return ["three-epochs"]


@pytest.fixture
def start(
    qtbot: QtBot, media: FakeMedia, networks: FakeNetworks, behaviour: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Pipeline]]:
    """Make a pipeline that runs; called again, as if the window were opened another time."""
    made: list[Pipeline] = []
    plain = Workers.__init__

    def with_process(self: Workers, **workers: object) -> None:
        fake = {"train": TrainWorker(lambda words: command(behaviour[0])(words))} if behaviour[0] else {}
        plain(self, **{**workers, **fake})

    monkeypatch.setattr(Workers, "__init__", with_process)
    # Other tests may keep the processor busy.
    monkeypatch.setattr("medseg_gui.qt.workers.train._make_humble", lambda pid: None)

    def build() -> Pipeline:
        pipeline = build_pipeline(media, networks, [], Settings(polyp_weights="fast"))
        pipeline.start()
        made.append(pipeline)
        return pipeline

    yield build
    for pipeline in made:
        pipeline.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Twelve corrected pictures of three recordings in two hospitals."""
    return make_project(tmp_path, RECORDINGS)
