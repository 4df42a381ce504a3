"""What a person opens: picked, dropped, by name, once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from medseg_gui.errors import SourceError
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from tests.qt.views.scene import open_clip
from tests.qt.window_scene import LEFT, dialog


def test_first_page_welcomes_and_a_source_takes_its_place(window: MainWindow, state: AppState) -> None:
    assert window.welcome.isVisible()
    assert not window.player.isVisible()
    open_clip(state)
    assert window.picture.isVisible()
    assert window.player.isVisible()
    assert window.windowTitle() == "colon.mp4 – medseg"
    assert window.focusWidget() is window.picture


def test_failing_to_open_leaves_everything_as_it_is(playing_field: MainWindow, state: AppState) -> None:
    state.session.open("broken.mp4")
    assert playing_field.opening.isVisible()
    assert playing_field.picture.isVisible()
    state.session.fail(SourceError("broken.mp4 is empty; copy it again.", "0 bytes"))
    assert not playing_field.opening.isVisible()
    assert playing_field.picture.isVisible()
    assert playing_field.windowTitle() == "colon.mp4 – medseg"
    assert playing_field.messages.sentence.text() == "broken.mp4 is empty; copy it again."
    assert state.playback.index == 40


@pytest.mark.parametrize(("name", "mode"), [("open_video", "ExistingFile"), ("open_folder", "Directory")])
def test_picked_file_or_folder_is_opened(
    window: MainWindow, state: AppState, qtbot: QtBot, tmp_path: Path, name: str, mode: str
) -> None:
    QTest.mouseClick(window.welcome.buttons[name], LEFT)
    picker = dialog(QFileDialog)
    assert picker.fileMode().name == mode
    with qtbot.waitSignal(state.session.open_requested) as asked:
        picker.fileSelected.emit(str(tmp_path))
    assert asked.args == [str(tmp_path)]
    picker.reject()


def test_demo_and_camera_are_opened_by_name(window: MainWindow, state: AppState) -> None:
    asked: list[str] = []
    state.session.open_requested.connect(asked.append)
    QTest.mouseClick(window.welcome.buttons["open_demo"], LEFT)
    window.named_actions["open_camera"].trigger()
    assert asked == ["demo", "camera:0"]


def test_dropped_file_is_opened(window: MainWindow, state: AppState, tmp_path: Path) -> None:
    asked: list[str] = []
    state.session.open_requested.connect(asked.append)
    data = QMimeData()
    file = tmp_path / "Koloskopie ü.mp4"
    data.setUrls([QUrl("https://example.org/remote.mp4"), QUrl.fromLocalFile(str(file))])
    where = (QPoint(10, 10), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    enter, drop = QDragEnterEvent(*where), QDropEvent(*where)
    QApplication.sendEvent(window.welcome, enter)
    QApplication.sendEvent(window.welcome, drop)
    assert [Path(spec) for spec in asked] == [file]
    assert drop.isAccepted()


def test_dropped_text_is_left_alone(window: MainWindow) -> None:
    data = QMimeData()
    data.setText("colon.mp4")
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_recent_sources_stand_in_the_menu_and_on_the_page(
    window: MainWindow, state: AppState, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not window.recent_menu.isEnabled()
    state.session.set_recent((str(tmp_path / "a.mp4"), str(tmp_path)))
    assert [a.text() for a in window.recent_menu.actions()] == ["a.mp4", tmp_path.name]
    assert window.welcome.recent.topLevelItemCount() == 2
    with qtbot.waitSignal(state.session.open_requested) as asked:
        window.recent_menu.actions()[0].trigger()
    assert asked.args == [str(tmp_path / "a.mp4")]
