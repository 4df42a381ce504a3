"""The map over the frame: colours, signs, lateness, and places that are picked with a click."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from medseg_gui.errors import MedsegError
from medseg_gui.qt import theme
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.views.explain_panel import ExplainPanel
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.types import Target
from tests.qt.views.explaining import answer, colour_at
from tests.qt.views.scene import GREY, make_frame, make_overlay

LEFT = Qt.MouseButton.LeftButton


def test_map_is_laid_over_the_frame_that_it_belongs_to(explaining_window: MainWindow, wish: ExplanationState) -> None:
    answer(wish)
    view = explaining_window.picture
    red = colour_at(view, 0.25, 0.4)
    assert red.red() > red.blue() + 40
    blue = colour_at(view, 0.75, 0.5)
    assert blue.blue() > blue.red() + 40
    assert colour_at(view, 0.5, 0.2).getRgb()[:3] == (GREY,) * 3
    explaining_window.state.playback.set_frame(make_frame(1))
    assert colour_at(view, 0.25, 0.4).getRgb()[:3] == (GREY,) * 3


def test_opacity_thins_the_map(explaining_window: MainWindow, wish: ExplanationState) -> None:
    answer(wish)
    wish.set_opacity(0.0)
    assert colour_at(explaining_window.picture, 0.25, 0.4).getRgb()[:3] == (GREY,) * 3


def test_over_a_map_only_the_rim_of_the_mask_is_drawn(
    explaining_window: MainWindow, opened: AppState, wish: ExplanationState
) -> None:
    opened.analysis.set_overlay(make_overlay())
    tinted = colour_at(explaining_window.picture, 0.5, 0.5)
    answer(wish)
    assert tinted.getRgb()[:3] != (GREY,) * 3
    assert colour_at(explaining_window.picture, 0.5, 0.5).getRgb()[:3] == (GREY,) * 3


def test_frame_under_the_map_loses_its_colours_only_while_it_stands(
    explaining_window: MainWindow, opened: AppState, wish: ExplanationState
) -> None:
    frame = make_frame(0)
    red = frame.rgb.copy()
    red[:] = (200, 40, 40)
    opened.playback.set_frame(replace(frame, rgb=red))
    answer(wish)
    plain = colour_at(explaining_window.picture, 0.5, 0.2)
    assert plain.red() == plain.green() == plain.blue()
    wish.set_grey(False)
    assert colour_at(explaining_window.picture, 0.5, 0.2).red() == 200
    wish.set_grey(True)
    opened.playback.is_playing = True
    assert colour_at(explaining_window.picture, 0.5, 0.2).red() == 200
    opened.playback.is_playing = False


def test_sign_says_what_it_is_and_how_far_to_trust_it(explaining_window: MainWindow, wish: ExplanationState) -> None:
    overlay = explaining_window.picture.relevance
    wish.set_computing(True)
    assert overlay.answer(make_frame(0))[0] == "Explaining…"
    answer(wish)
    text, ink = overlay.answer(make_frame(0))
    assert text == "LRP, rule γ · whole mask (polyp)\n✓ sound · 25 % outside the mask"
    assert ink == theme.ACCENT
    wish.set_relevance(None, MedsegError("Nothing is marked."))
    wish.set_computing(False)
    assert overlay.answer(make_frame(0)) == ("Nothing is marked.", theme.WARNING)


def badge_is_painted(view: VideoView) -> bool:
    """Whether something yellow stands in the upper left corner."""
    corner = view.grab().toImage().copy(0, 0, 300, 60)
    warning = QColor(theme.WARNING).getRgb()[:3]
    colours = {corner.pixelColor(x, y).getRgb()[:3] for x in range(corner.width()) for y in range(corner.height())}
    return any(np.abs(np.subtract(c, warning)).max() < 12 for c in colours)


def test_in_motion_a_late_explanation_says_so(
    explaining_window: MainWindow, opened: AppState, wish: ExplanationState
) -> None:
    answer(wish)
    opened.playback.is_playing = True
    opened.playback.set_frame(make_frame(7))
    assert not badge_is_painted(explaining_window.picture)
    wish.set_late(7)
    assert badge_is_painted(explaining_window.picture)
    opened.playback.is_playing = False


# Picking


@pytest.mark.parametrize(("key", "kind"), [(Qt.Key.Key_L, "lesion"), (Qt.Key.Key_X, "pixel")])
def test_a_click_on_the_frame_picks_the_target(
    explaining_window: MainWindow, wish: ExplanationState, key: Qt.Key, kind: str
) -> None:
    view = explaining_window.picture
    QTest.keyClick(view, key)
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
    place = view.zoom.transform.map(QPoint(40, 30)) + QPoint(1, 1)
    QTest.mouseClick(view, LEFT, pos=place)
    assert wish.request(0.5).target == Target(kind, 40, 30)
    assert view.cursor().shape() != Qt.CursorShape.CrossCursor
    QTest.mouseClick(view, LEFT, pos=place + QPoint(30, 0))
    assert wish.target == Target(kind, 40, 30)  # one click, one target


def test_a_click_beside_the_frame_picks_nothing(explaining_window: MainWindow, wish: ExplanationState) -> None:
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_X)
    explaining_window.picture.zoom_by(0.5)
    QTest.mouseClick(explaining_window.picture, LEFT, pos=QPoint(3, 3))
    assert wish.picking == "pixel"
    assert wish.target == Target()


def test_escape_ends_picking_and_leaves_the_target(
    explaining_window: MainWindow, panel: ExplainPanel, wish: ExplanationState
) -> None:
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_L)
    assert panel.choices.target.currentData() == "lesion"
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_Escape)
    assert wish.picking == ""
    assert panel.choices.target.currentData() == "mask"
    assert explaining_window.picture.cursor().shape() != Qt.CursorShape.CrossCursor


def test_picking_switches_explanations_on(explaining_window: MainWindow, wish: ExplanationState) -> None:
    wish.set_method("off")
    QTest.keyClick(explaining_window.picture, Qt.Key.Key_L)
    assert wish.method == "lrp"
