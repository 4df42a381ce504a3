"""Fixtures for the views: a state, and one with a clip open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.views.explain_panel import ExplainPanel
from medseg_gui.settings import Settings
from medseg_gui.types import POLYP
from tests.qt.views.scene import WEIGHTS, Editing, make_frame, open_clip


@pytest.fixture
def opened(state: AppState) -> AppState:
    """A clip of 50 frames is open, paused on the first."""
    open_clip(state)
    return state


@pytest.fixture
def editing(state: AppState) -> Iterator[Editing]:
    """Every frame is predicted, and corrected at once."""
    editing = Editing(state)
    yield editing
    editing.deleteLater()


@pytest.fixture
def explaining_window(qtbot: QtBot, opened: AppState) -> MainWindow:
    """With the clip open and LRP switched on; nothing is explained yet."""
    opened.session.set_weights(WEIGHTS)
    opened.session.choose_weights(POLYP, "polyp-small")
    window = MainWindow(opened, Settings())
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    opened.playback.set_frame(make_frame(0))
    window.picture.setFocus()
    opened.explanation.set_method("lrp")
    return window


@pytest.fixture
def panel(explaining_window: MainWindow) -> ExplainPanel:
    return explaining_window.findChild(ExplainPanel)


@pytest.fixture
def wish(opened: AppState) -> ExplanationState:
    return opened.explanation
