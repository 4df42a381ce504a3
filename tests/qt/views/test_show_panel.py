"""The panel "Show": what it asks of the state, and that it follows it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from medseg_gui.overlay import PALETTES
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.labelled_slider import LabelledSlider
from medseg_gui.qt.views.show_panel import ShowPanel

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: QtBot, state: AppState) -> ShowPanel:
    """On screen."""
    panel = ShowPanel(state.display)
    qtbot.addWidget(panel)
    panel.resize(280, 420)
    panel.show()
    return panel


def click_along(slider: LabelledSlider, part: float) -> None:
    """Click on the groove, `part` of the way from left to right."""
    inner = slider.slider
    QTest.mouseClick(inner, LEFT, pos=QPoint(round(part * (inner.width() - 1)), inner.height() // 2))


@pytest.mark.parametrize("style", ["outline", "off"])
def test_style_buttons_choose_how_masks_are_drawn(panel: ShowPanel, state: AppState, style: str) -> None:
    QTest.mouseClick(panel.styles[style], LEFT)
    assert state.display.mask_style == style
    QTest.mouseClick(panel.styles["filled"], LEFT)
    assert state.display.mask_style == "filled"


def test_style_buttons_follow_the_keys(panel: ShowPanel, state: AppState) -> None:
    state.display.toggle_outline()
    assert [style for style, button in panel.styles.items() if button.isChecked()] == ["outline"]
    assert not panel.mask_opacity.isEnabled()


def test_opacity_sliders_act_and_write_their_number(panel: ShowPanel, state: AppState) -> None:
    click_along(panel.mask_opacity, 0.8)
    assert state.display.mask_opacity == pytest.approx(0.8, abs=0.1)
    assert panel.mask_opacity.number.text() == f"{state.display.mask_opacity * 100:.0f} %"
    state.display.set_show_probability(True)
    click_along(panel.probability_opacity, 1.0)
    assert state.display.probability_opacity == 1.0


def test_sliders_are_moved_with_the_keyboard(panel: ShowPanel, state: AppState) -> None:
    QTest.keyClick(panel.mask_opacity.slider, Qt.Key.Key_Right)
    assert state.display.mask_opacity == pytest.approx(0.31)


def test_probability_is_switched(panel: ShowPanel, state: AppState) -> None:
    assert not panel.probability_opacity.isEnabled()
    QTest.mouseClick(panel.probability, LEFT, pos=QPoint(10, panel.probability.height() // 2))
    assert state.display.show_probability
    assert panel.probability_opacity.isEnabled()
    state.display.set_show_probability(False)
    assert not panel.probability.isChecked()


def test_every_palette_can_be_chosen(panel: ShowPanel, state: AppState) -> None:
    box = panel.palette_box
    assert [box.itemText(i) for i in range(box.count())] == list(PALETTES)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert state.display.palette == list(PALETTES)[1]
    state.display.set_palette(list(PALETTES)[2])
    assert box.currentText() == list(PALETTES)[2]
