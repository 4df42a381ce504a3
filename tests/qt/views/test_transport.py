"""The row under the timeline."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from medseg_gui.qt.actions import ACTIONS
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.transport import Transport
from medseg_gui.types import Frame
from tests.qt.views.scene import make_frame, make_source, open_clip


@pytest.fixture
def transport(qtbot: QtBot, state: AppState) -> Transport:
    """With actions that do nothing."""
    menu = QMenu()
    qtbot.addWidget(menu)
    actions = {spec.name: QAction(spec.text, menu) for spec in ACTIONS}
    transport = Transport(state.session, state.playback, state.analysis, actions, menu)
    qtbot.addWidget(transport)
    transport.show()
    return transport


def test_place_is_time_duration_and_frame(transport: Transport, state: AppState) -> None:
    assert transport.place.text() == ""
    open_clip(state, 1450)
    state.playback.seek(312)
    assert transport.place.text() == "00:12.480 / 00:58.000 · frame 312 of 1450"


def test_place_in_a_folder_names_the_image(transport: Transport, state: AppState) -> None:
    open_clip(state, 20, "folder")
    frame = make_frame(2)
    state.playback.set_frame(Frame(2, frame.time_s, frame.source_id, frame.rgb, "polyp 3.png"))
    assert transport.place.text() == "image 3 of 20 · polyp 3.png"


def test_place_of_a_camera_is_live(transport: Transport, state: AppState) -> None:
    source = make_source(is_live=True)
    state.playback.reset(source.frame_times, is_live=True)
    state.session.set_source(source)
    state.playback.set_frame(make_frame(10))
    assert transport.place.text() == "live · 00:01.4"


@pytest.mark.parametrize(("speed", "text"), [(0.25, "0.25×"), (1.0, "1×"), (4.0, "4×")])
def test_speed_is_written(transport: Transport, state: AppState, speed: float, text: str) -> None:
    state.playback.set_speed(speed)
    assert transport.speed_button.text().strip() == text


def test_progress_shows_only_during_a_scan(transport: Transport, state: AppState) -> None:
    assert not transport.progress.isVisible()
    state.analysis.set_scanning(True)
    state.analysis.set_scan_progress(25, 100)
    assert transport.progress.isVisible()
    assert transport.progress.text() == "25%"
    state.analysis.set_scanning(False)
    assert not transport.progress.isVisible()


@pytest.mark.parametrize(("width", "has_words"), [(1120, False), (1360, True)])
def test_in_a_narrow_window_place_and_state_get_the_room(transport: Transport, width: int, has_words: bool) -> None:
    QApplication.sendEvent(transport, QResizeEvent(QSize(width, 60), QSize()))
    assert (transport.scan.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon) is has_words
