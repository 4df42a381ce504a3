"""Panels and help pages, and the layout that the window remembers."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from medseg_gui.qt.actions import ACTIONS
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.views.shortcuts import AboutDialog, ShortcutsDialog
from medseg_gui.settings import Settings
from tests.qt.views.scene import new_state
from tests.qt.window_scene import LEFT, dialog, press


def test_closed_panel_comes_back_through_the_view_menu(window: MainWindow) -> None:
    show = window.docks[0]
    close = next(b for b in show.titleBarWidget().findChildren(QToolButton))
    QTest.mouseClick(close, LEFT)
    assert not show.isVisible()
    assert not show.toggleViewAction().isChecked()
    show.toggleViewAction().trigger()
    assert show.isVisible()


def test_f1_opens_all_keys_and_searches_them(window: MainWindow) -> None:
    press(window, "F1")
    page = dialog(ShortcutsDialog)
    lines = [line for group in page._lines.values() for line in group]
    assert len(lines) >= len(ACTIONS)
    QTest.keyClicks(page.search, "explain one")
    shown = [line.text(0).strip() for line in lines if not line.isHidden()]
    assert shown == ["Explain one lesion…", "Explain one pixel…"]
    page.close()


def test_no_name_of_a_key_is_cut_off(qtbot: QtBot) -> None:
    page = ShortcutsDialog({"Long": [("A name that is quite long, as names go", "click " * 20)] * 60})
    qtbot.addWidget(page)
    page.show()
    assert page.tree.columnWidth(0) >= page.tree.sizeHintForColumn(0)


def test_about_says_what_it_is_not(window: MainWindow) -> None:
    window.named_actions["about"].trigger()
    page = dialog(AboutDialog)
    assert "Not a medical device" in page.text.text()
    page.close()


def test_layout_is_remembered(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1120, 690)
    window.docks[1].close()
    stored = window.window_settings()
    assert all(text.isascii() for text in stored)
    again = MainWindow(new_state(), Settings(window=stored))
    qtbot.addWidget(again)
    again.show()
    assert again.size() == window.size()
    assert [dock.isHidden() for dock in again.docks] == [dock is again.docks[1] for dock in again.docks]


@pytest.mark.parametrize("stored", [(), ("x",), ("not base64 at all", "####")])
def test_unusable_layout_gives_the_usual_one(qtbot: QtBot, stored: tuple[str, ...]) -> None:
    window = MainWindow(new_state(), Settings(window=stored))
    qtbot.addWidget(window)
    window.show()
    assert window.width() >= window.minimumWidth()
    assert all(not dock.isHidden() for dock in window.docks)
