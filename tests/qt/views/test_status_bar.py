"""The line at the bottom."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.performance import Rates
from medseg_gui.qt.views.status_bar import StatusBar
from tests.qt.views.scene import open_clip


def test_says_device_and_why_and_how_fast(qtbot: QtBot, state: AppState) -> None:
    bar = StatusBar(state.session, state.performance, state.project)
    qtbot.addWidget(bar)
    state.session.set_device("CPU: no CUDA driver found")
    assert bar.text.text() == "CPU: no CUDA driver found"
    open_clip(state)
    state.performance.set_rates(Rates(25.04, 24.8, 0.2, 38.4))
    assert bar.text.text() == (
        "CPU: no CUDA driver found  ·  shown 25.0/s  ·  predicted 24.8/s  ·  dropped 0.2/s  ·  38 ms"
    )


def test_says_that_something_is_being_opened(qtbot: QtBot, state: AppState) -> None:
    bar = StatusBar(state.session, state.performance, state.project)
    qtbot.addWidget(bar)
    state.session.open("colon.mp4")
    assert bar.text.text().startswith("Opening…")
    open_clip(state)
    assert "Opening" not in bar.text.text()
