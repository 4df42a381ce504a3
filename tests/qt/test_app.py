"""The program around the window: what it loads, what it says, how it begins and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medseg_gui.errors import InputError, MedsegError
from medseg_gui.qt import app
from medseg_gui.qt.pipeline import Workers
from medseg_gui.qt.startup_timing import StartupTiming
from medseg_gui.qt.workers.compose import ComposeWorker
from medseg_gui.qt.workers.decode import DecodeWorker
from medseg_gui.qt.workers.scan import ScanWorker
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.settings import Settings, load_settings, save_settings
from tests.qt.fakes import FakeMedia, FakeNetworks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workers(media: FakeMedia, networks: FakeNetworks) -> Workers:
    """Fake media and networks; settings go to the test's own home."""
    return Workers(
        decode=DecodeWorker(media.open),
        segment=SegmentWorker(networks),
        compose=ComposeWorker(),
        scan=ScanWorker(media.open, networks),
    )


def run_window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, workers: Workers, spec: str | None, step: object) -> int:
    """Run the program with its event loop; `step(window)` is called ever again until it quits."""
    windows: list[app.Window] = []

    def build(settings: Settings) -> app.Window:
        windows.append(window_class(settings, workers))
        return windows[-1]

    window_class = app.Window
    monkeypatch.setattr(app, "Window", build)
    timer = QTimer()
    timer.setInterval(5)
    timer.timeout.connect(lambda: step(windows[-1]))  # type: ignore[operator]
    timer.start()
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        return app.run(spec, ["medseg"])
    finally:
        timer.stop()
        signal.signal(signal.SIGINT, interrupt)
        windows[-1].main.deleteLater()
        forget_quitting(qtbot)


def forget_quitting(qtbot: QtBot) -> None:
    """A quit that comes after the event loop's end would keep every later loop from running; exec forgets it."""
    qtbot.wait(0)  # lets one that is still under way arrive
    QTimer.singleShot(0, QApplication.quit)
    QApplication.exec()


def test_what_opens_the_window_loads_neither_torch_nor_codecs() -> None:
    code = "import sys, medseg_gui.qt.app; print(*sorted({'torch', 'torchvision', 'av', 'timm'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_it_opens_plays_remembers_and_ends(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, workers: Workers) -> None:
    def step(window: app.Window) -> None:
        playback = window.state.playback
        if window.state.analysis.overlay is not None and not playback.is_playing:
            playback.play()
        if playback.index >= 3 and window.state.performance.rates is not None:
            QApplication.quit()

    save_settings(replace(Settings(), polyp_weights="fast"))
    assert run_window(qtbot, monkeypatch, workers, "clip", step) == 0
    remembered = load_settings()
    assert [Path(s).name for s in remembered.recent] == ["clip"]
    assert len(remembered.window) == 2
    assert not any(worker.is_running for worker in workers.all)


def test_ctrl_c_in_the_terminal_ends_it(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, workers: Workers) -> None:
    sent = []

    def step(window: app.Window) -> None:
        if window.pipeline.is_running and not sent:
            sent.append(os.kill(os.getpid(), signal.SIGINT))

    assert run_window(qtbot, monkeypatch, workers, None, step) == 0


@pytest.mark.parametrize("error", [MedsegError("The disk is full; free some space."), ZeroDivisionError("oops")])
def test_an_error_that_nobody_caught_is_shown(qtbot: QtBot, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    shown: list[MedsegError] = []
    hook = sys.excepthook
    with app._Uncaught(shown.append):
        sys.excepthook(type(error), error, None)
    assert sys.excepthook is hook
    assert len(shown) == 1
    assert str(shown[0]) == str(error) or "oops" in shown[0].details
    assert "Uncaught error" in caplog.text
    caplog.clear()


def test_without_a_screen_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="no screen"):
        app.run(None, ["medseg"])


@pytest.mark.parametrize("threshold", [0.5, 0.9])  # where nothing is marked, nothing is painted
def test_the_start_can_be_timed(
    qtbot: QtBot, workers: Workers, capsys: pytest.CaptureFixture[str], threshold: float
) -> None:
    window = app.Window(replace(Settings(), polyp_weights="fast", threshold=threshold), workers)
    timing = StartupTiming(window.main, window.state)
    window.show("clip")
    qtbot.waitUntil(lambda: len(timing.figures) == 3)
    window.close()
    timing.tell()
    figures = json.loads(capsys.readouterr().err)
    assert 0 < figures["window_visible_ms"] <= figures["first_frame_ms"] <= figures["first_overlay_ms"]
    window.main.deleteLater()
