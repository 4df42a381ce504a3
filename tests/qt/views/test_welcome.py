"""The page in place of the picture as long as nothing is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.welcome import Welcome

LEFT = Qt.MouseButton.LeftButton
NAMES = ("open_video", "open_folder", "open_demo")


@pytest.fixture
def welcome(qtbot: QtBot, state: AppState, qapp: object) -> Welcome:
    """On screen, with actions that do nothing."""
    welcome = Welcome(state.session, {name: QAction(name, qapp) for name in (*NAMES, "manual")})
    qtbot.addWidget(welcome)
    welcome.resize(800, 600)
    welcome.show()
    return welcome


@pytest.fixture
def asked(state: AppState) -> list[str]:
    """What the session was asked to open."""
    asked: list[str] = []
    state.session.open_requested.connect(asked.append)
    return asked


def click_row(welcome: Welcome, row: int) -> None:
    """On the name."""
    tree = welcome.recent
    place = tree.visualItemRect(tree.topLevelItem(row)).center()
    QTest.mouseClick(tree.viewport(), LEFT, pos=place)


def test_buttons_trigger_their_actions(qtbot: QtBot, state: AppState, qapp: object) -> None:
    actions = {name: QAction(name, qapp) for name in (*NAMES, "manual")}
    welcome = Welcome(state.session, actions)
    qtbot.addWidget(welcome)
    triggered: list[str] = []
    for name, action in actions.items():
        action.triggered.connect(lambda _=False, name=name: triggered.append(name))
        QTest.mouseClick(welcome.guide if name == "manual" else welcome.buttons[name], LEFT)
    assert triggered == [*NAMES, "manual"]


def test_recent_sources_are_listed_and_opened(welcome: Welcome, asked: list[str], tmp_path: Path) -> None:
    video, folder = tmp_path / "Koloskopie 12 – ß.mp4", tmp_path / "Bilder"
    video.write_bytes(b"x")
    folder.mkdir()
    welcome.set_recent([str(video), str(folder)])
    assert [welcome.recent.topLevelItem(i).text(0) for i in range(2)] == [video.name, folder.name]
    click_row(welcome, 1)
    click_row(welcome, 0)
    assert asked == [str(folder), str(video)]


def test_recent_source_is_opened_with_the_keyboard(welcome: Welcome, asked: list[str], tmp_path: Path) -> None:
    welcome.set_recent([str(tmp_path)])
    welcome.recent.setCurrentItem(welcome.recent.topLevelItem(0))
    QTest.keyClick(welcome.recent, Qt.Key.Key_Return)
    assert asked == [str(tmp_path)]


def test_what_is_gone_is_grey_and_does_nothing(welcome: Welcome, asked: list[str], tmp_path: Path) -> None:
    welcome.set_recent([str(tmp_path / "gone.mp4"), str(tmp_path)])
    assert welcome.recent.topLevelItem(0).isDisabled()
    assert welcome.recent.topLevelItem(0).text(1) == "no longer there"
    click_row(welcome, 0)
    assert not asked


def test_whether_files_are_there_is_looked_up_when_the_page_is_shown(
    welcome: Welcome, asked: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "later.mp4"
    welcome.hide()
    welcome.set_recent([str(file)])
    file.write_bytes(b"x")
    welcome.show()
    assert not welcome.recent.topLevelItem(0).isDisabled()


def test_without_recent_sources_there_is_no_empty_list(welcome: Welcome) -> None:
    assert not welcome.recent.isVisible() or welcome.recent.height() == 0
    assert not welcome._recent_title.isVisible()


def test_says_that_something_is_being_opened(welcome: Welcome, state: AppState) -> None:
    idle = welcome.subtitle.text()
    state.session.open("colon.mp4")
    assert welcome.subtitle.text() == "Opening…"
    state.session.set_opening(False)
    assert welcome.subtitle.text() == idle
