"""Tab and the strip of blocks, and what follows when explanations are on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.explanation_picture import CacheStatistics
from medseg_gui.qt.theme import apply_theme
from medseg_gui.qt.views.explain_panel import ExplainPanel
from medseg_gui.qt.views.layer_strip import LayerStrip
from tests.qt.fakes import BLOCKS
from tests.qt.views.explaining import answer
from tests.qt.views.scene import make_frame

LEFT = Qt.MouseButton.LeftButton


def test_tab_goes_round_from_the_picture(explaining_window: MainWindow, wish: ExplanationState) -> None:
    methods = []
    for _ in range(4):
        QTest.keyClick(explaining_window.picture, Qt.Key.Key_Tab)
        methods.append(wish.method)
    assert methods == ["hirescam", "off", "lrp", "hirescam"]
    assert explaining_window.focusWidget() is explaining_window.picture


def test_tab_in_a_panel_goes_to_the_next_control(
    explaining_window: MainWindow, panel: ExplainPanel, wish: ExplanationState
) -> None:
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_F6)
    first = explaining_window.focusWidget()
    assert panel.isAncestorOf(first)
    QTest.keyClick(first, Qt.Key.Key_Tab)
    assert explaining_window.focusWidget() is not first
    assert panel.isAncestorOf(explaining_window.focusWidget())
    assert wish.method == "lrp"
    QTest.keyClick(explaining_window.focusWidget(), Qt.Key.Key_Escape)
    assert explaining_window.focusWidget() is explaining_window.picture


def test_strip_shows_each_block_and_puts_it_on_the_frame(explaining_window: MainWindow, wish: ExplanationState) -> None:
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert wish.is_strip_shown
    strip = explaining_window.strip
    answer(wish)
    assert strip.isVisible()
    assert [strip.item(row).text().split("\n")[0] for row in range(strip.count())] == ["pixels", *BLOCKS]
    assert strip.item(3).text() == "bottleneck\n80 %"
    QTest.mouseClick(strip.viewport(), LEFT, pos=strip.visualItemRect(strip.item(2)).center())
    assert wish.shown_layer == "encoder 2"
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert wish.shown_layer == "bottleneck"
    QTest.keyClick(strip, Qt.Key.Key_Home)
    assert wish.shown_layer == ""
    assert explaining_window.state.playback.index == 0


def test_arrows_in_the_strip_do_not_step_the_video(explaining_window: MainWindow, wish: ExplanationState) -> None:
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    answer(wish)
    assert explaining_window.focusWidget() is explaining_window.strip
    wanted: list[int] = []
    explaining_window.state.playback.frame_wanted.connect(wanted.append)
    QTest.keyClick(explaining_window.strip, Qt.Key.Key_Right)
    assert not wanted
    QTest.keyClick(explaining_window.strip, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert not explaining_window.strip.isVisible()
    assert explaining_window.focusWidget() is explaining_window.picture
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_Right)
    assert wanted == [1]


def test_grad_cam_closes_the_strip(explaining_window: MainWindow, wish: ExplanationState) -> None:
    wish.set_strip_shown(True)
    wish.show_layer("bottleneck")
    QTest.keyClick(explaining_window.strip, Qt.Key.Key_Tab)
    assert wish.method == "hirescam"
    assert not wish.is_strip_shown
    assert wish.shown_layer == ""


def test_thumbnails_carry_the_colours_of_their_block(qtbot: QtBot, opened: AppState) -> None:
    strip = LayerStrip(opened.explanation, opened.playback)
    qtbot.addWidget(strip)
    opened.playback.set_frame(make_frame(0))
    opened.explanation.set_strip_shown(True)
    answer(opened.explanation)
    image: QImage = strip.item(0).icon().pixmap(strip.iconSize()).toImage()
    left, middle = (image.pixelColor(int(x * image.width()), int(0.4 * image.height())) for x in (0.25, 0.5))
    assert left.red() > left.blue() + 40
    assert middle.red() == middle.blue()


def test_explaining_brings_its_panel_to_the_front(
    explaining_window: MainWindow, panel: ExplainPanel, wish: ExplanationState
) -> None:
    assert not panel.visibleRegion().isEmpty()
    explaining_window.explain_dock.close()
    wish.set_method("off")
    wish.set_method("lrp")
    assert not explaining_window.explain_dock.isVisible()  # whoever closed it does not want it


def test_only_what_is_there_can_be_saved_or_measured(explaining_window: MainWindow, wish: ExplanationState) -> None:
    actions = explaining_window.named_actions
    assert not actions["save_figure"].isEnabled()
    assert not actions["stability"].isEnabled()
    answer(wish)
    assert actions["save_figure"].isEnabled()
    assert actions["stability"].isEnabled()
    answer(wish, request=replace(wish.request(0.5), with_stability=True))
    assert not actions["stability"].isEnabled()


def test_timeline_has_a_lane_for_relevance_outside_while_explaining(
    explaining_window: MainWindow, wish: ExplanationState
) -> None:
    lane = np.full(50, np.nan, np.float32)
    wish.set_lane(lane)
    wish.note_outside(20, 0.62)
    QTest.mouseMove(explaining_window.timeline, QPoint(explaining_window.timeline.x_of(20), 20))
    assert "62 % of the relevance outside" in explaining_window.timeline.hover_text()
    with_lane = explaining_window.timeline.height()
    wish.set_method("off")
    assert "relevance" not in explaining_window.timeline.hover_text()
    assert explaining_window.timeline.height() < with_lane


@pytest.mark.parametrize("width", [1280, 1120])
@pytest.mark.parametrize("method", ["lrp", "gradcam"])
def test_nothing_of_the_panel_is_cut_off_at_its_side(
    explaining_window: MainWindow, panel: ExplainPanel, wish: ExplanationState, method: str, width: int
) -> None:
    apply_theme(QApplication.instance())  # its letters are larger than Qt's own
    explaining_window.resize(width, 720)
    wish.set_method(method)
    wish.set_layer_names(BLOCKS)
    wish.set_smooth(True)
    wish.set_cache(CacheStatistics(1200, 256 * 1024**2, 4, 12))
    answer(wish)
    QApplication.processEvents()
    assert panel.minimumSizeHint().width() <= explaining_window.explain_dock.widget().viewport().width()
