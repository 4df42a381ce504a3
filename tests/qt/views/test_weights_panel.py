"""The lists of weights and their model cards."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.weights_panel import ModelCards, WeightsBox
from medseg_gui.types import INSTRUMENT, POLYP
from tests.qt.views.scene import WEIGHTS


@pytest.fixture
def box(qtbot: QtBot, state: AppState) -> WeightsBox:
    """The polyp list, before any weights are known."""
    box = WeightsBox(state.session, POLYP)
    qtbot.addWidget(box)
    box.show()
    return box


def entries(box: WeightsBox) -> list[str]:
    """What can be chosen."""
    return [box.itemText(i) for i in range(box.count())]


def test_list_has_the_weights_of_its_class_and_none(box: WeightsBox, state: AppState) -> None:
    assert entries(box) == ["none"]
    state.session.set_weights(WEIGHTS)
    assert entries(box) == ["none", "polyp-small", "polyp-large"]


def test_choosing_asks_for_the_weights_and_for_none(box: WeightsBox, state: AppState) -> None:
    state.session.set_weights(WEIGHTS)
    chosen: list[tuple[int, str]] = []
    state.session.weights_chosen.connect(lambda class_id, name: chosen.append((class_id, name)))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Home):
        QTest.keyClick(box, key)
    assert chosen == [(POLYP, "polyp-small"), (POLYP, "polyp-large"), (POLYP, "")]


def test_list_shows_what_somebody_else_chose(box: WeightsBox, state: AppState) -> None:
    state.session.choose_weights(POLYP, "polyp-large")  # remembered from last time, before the list is there
    assert box.currentText() == "none"
    state.session.set_weights(WEIGHTS)
    assert box.currentText() == "polyp-large"
    state.session.choose_weights(INSTRUMENT, "instrument-small")
    assert box.currentText() == "polyp-large"
    state.session.choose_weights(POLYP, "polyp-small")
    assert box.currentText() == "polyp-small"


def test_card_of_the_chosen_weights_is_shown(qtbot: QtBot, state: AppState) -> None:
    cards = ModelCards(state.session)
    qtbot.addWidget(cards)
    assert "No weights" in cards.cards[POLYP].toPlainText()
    state.session.set_weights(WEIGHTS)
    state.session.choose_weights(POLYP, "polyp-small")
    assert cards.cards[POLYP].toPlainText() == "Small\nDice 0.88"
    assert "No weights" in cards.cards[INSTRUMENT].toPlainText()
    state.session.choose_weights(POLYP, "")
    assert "No weights" in cards.cards[POLYP].toPlainText()


def test_both_classes_have_a_card_side_by_side(qtbot: QtBot, state: AppState) -> None:
    cards = ModelCards(state.session)
    qtbot.addWidget(cards)
    assert [cards.tabText(i) for i in range(cards.count())] == ["Polyp", "Instrument"]
