"""The bar above the picture."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import SourceError
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.message_bar import MessageBar

LEFT = Qt.MouseButton.LeftButton
ERROR = SourceError("colon.mp4 is cut off; copy it again from where it came.", "moov atom not found\nat byte 12")


@pytest.fixture
def bar(qtbot: QtBot, state: AppState) -> MessageBar:
    """Its notices stand for a tenth of a second."""
    bar = MessageBar(state.session, notice_ms=100)
    qtbot.addWidget(bar)
    return bar


def test_nothing_to_say_takes_no_room(bar: MessageBar) -> None:
    assert not bar.isVisible()


def test_error_stands_with_its_details_folded(bar: MessageBar, state: AppState) -> None:
    state.session.fail(ERROR)
    assert bar.sentence.text() == str(ERROR)
    assert not bar.details.isVisible()
    QTest.mouseClick(bar.details_button, LEFT)
    assert bar.details.isVisible()
    assert bar.details.toPlainText() == ERROR.details
    QTest.mouseClick(bar.details_button, LEFT)
    assert not bar.details.isVisible()


def test_error_without_details_has_no_button_for_them(bar: MessageBar, state: AppState) -> None:
    state.session.fail(SourceError("The camera was unplugged; plug it in again."))
    assert bar.isVisible()
    assert not bar.details_button.isVisible()


def test_close_button_closes(bar: MessageBar, state: AppState) -> None:
    state.session.fail(ERROR)
    QTest.mouseClick(bar.close_button, LEFT)
    assert not bar.isVisible()


def test_notice_goes_by_itself(bar: MessageBar, state: AppState, qtbot: QtBot) -> None:
    state.session.notice("The timeline is filled already.")
    assert bar.sentence.text() == "The timeline is filled already."
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_error_replaces_a_notice_and_stays(bar: MessageBar, state: AppState, qtbot: QtBot) -> None:
    state.session.notice("The timeline is filled already.")
    state.session.fail(ERROR)
    assert not bar._timer.isActive()
    assert bar.sentence.text() == str(ERROR)


def test_newest_error_is_shown_with_its_own_details(bar: MessageBar, state: AppState) -> None:
    state.session.fail(ERROR)
    QTest.mouseClick(bar.details_button, LEFT)
    state.session.fail(SourceError("Another one.", "its details"))
    assert bar.sentence.text() == "Another one."
    assert not bar.details.isVisible()
    assert bar.details.toPlainText() == "its details"


def test_opening_something_else_clears_it(bar: MessageBar, state: AppState) -> None:
    state.session.fail(ERROR)
    state.session.open("other.mp4")
    assert not bar.isVisible()
    state.session.fail(ERROR)  # opening failed: this one is told
    assert bar.isVisible()
