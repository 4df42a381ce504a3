"""The panel "Explain", the strip and the picture: what they ask of the state, and that they follow it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError, NothingPredictedError
from medseg_gui.qt import theme
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.explanation_picture import CacheStatistics
from medseg_gui.qt.theme import apply_theme
from medseg_gui.qt.views.check_curves import LOOKS
from medseg_gui.qt.views.check_figures import words
from medseg_gui.qt.views.explain_panel import ExplainPanel
from medseg_gui.qt.views.layer_strip import LayerStrip
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.qt.workers.picture import ColourRequest, colour
from medseg_gui.settings import Settings
from medseg_gui.types import INSTRUMENT, POLYP, ExplanationRequest, Relevance, Target
from tests.qt.fakes import BLOCKS, make_check, make_relevance
from tests.qt.views.scene import GREY, WEIGHTS, make_frame, make_overlay

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot, opened: AppState) -> MainWindow:
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
def panel(window: MainWindow) -> ExplainPanel:
    return window.findChild(ExplainPanel)


@pytest.fixture
def wish(opened: AppState) -> ExplanationState:
    return opened.explanation


def answer(wish: ExplanationState, index: int = 0, request: ExplanationRequest | None = None) -> Relevance:
    """What the pipeline does with an explanation."""
    relevance = make_relevance(make_frame(index), request or wish.request(0.5))
    wish.set_relevance(relevance)
    wish.set_picture(
        colour(ColourRequest(relevance, wish.clip, wish.hidden_lesions, wish.shown_layer, wish.is_strip_shown))
    )
    return relevance


def click(widget: QWidget, pos: QPoint | None = None) -> None:
    """Scroll to it and click on it."""
    area = widget.parent()
    while not isinstance(area, QScrollArea):
        area = area.parent()
    QApplication.processEvents()  # let it be laid out first
    area.ensureWidgetVisible(widget)
    QTest.mouseClick(widget, LEFT, pos=pos or widget.rect().center())


def on_box(box: QCheckBox) -> QPoint:
    """Where a check box is clicked."""
    return QPoint(10, box.height() // 2)


def choose(box: QComboBox, data: object) -> None:
    """Walk to an entry with the keyboard, as a person does."""
    row = box.findData(data)
    key = Qt.Key.Key_Down if row > box.currentIndex() else Qt.Key.Key_Up
    for _ in range(abs(row - box.currentIndex())):
        QTest.keyClick(box, key)


def colour_at(view: VideoView, x: float, y: float) -> QColor:
    """Colour on screen of a place of the frame, both from 0 to 1."""
    target = view.zoom.target
    return (
        view.grab()
        .toImage()
        .pixelColor(round(target.left() + x * target.width()), round(target.top() + y * target.height()))
    )


# Choices


def test_methods_are_chosen_with_the_buttons(panel: ExplainPanel, wish: ExplanationState) -> None:
    buttons = panel.choices.methods.buttons
    QTest.mouseClick(buttons["cam"], LEFT)
    assert wish.method == "hirescam"
    assert panel.choices.layer.isVisible()
    assert not panel.choices.rule.isVisible()
    QTest.mouseClick(buttons["off"], LEFT)
    assert not wish.is_on
    wish.set_method("gradcam")
    assert [name for name, button in buttons.items() if button.isChecked()] == ["cam"]
    assert panel.choices.cam.currentData() == "gradcam"


@pytest.mark.parametrize("rule", ["epsilon", "gamma", "zplus"])
def test_every_rule_can_be_chosen(panel: ExplainPanel, wish: ExplanationState, rule: str) -> None:
    choose(panel.choices.rule, rule)
    assert wish.request(0.5).rule == rule


@pytest.mark.parametrize("kind", ["rim", "nearest_miss"])
def test_targets_that_need_no_click(panel: ExplainPanel, wish: ExplanationState, kind: str) -> None:
    box = panel.choices.target
    box.setCurrentIndex(box.findData(kind))
    box.activated.emit(box.currentIndex())
    assert wish.request(0.5).target == Target(kind)


def test_cam_walks_through_the_layers_of_the_network(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_method("hirescam")
    slider = panel.choices.layer.slider
    assert not slider.isEnabled()  # not known yet
    wish.set_layer_names(BLOCKS)
    assert panel.choices.layer.name.text() == "decoder 2 (resembles the mask)"
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(slider, Qt.Key.Key_Left)
    assert wish.request(0.5).layer == "decoder 1"
    assert panel.choices.layer.name.text() == "decoder 1"
    wish.set_layer_names(("other",))
    assert wish.layer == ""


def test_class_is_asked_only_where_there_are_two(panel: ExplainPanel, opened: AppState) -> None:
    assert not panel.choices.class_box.isVisible()
    opened.session.choose_weights(INSTRUMENT, "instrument-small")
    assert panel.choices.class_box.isVisible()
    choose(panel.choices.class_box, INSTRUMENT)
    assert opened.explanation.request(0.5).class_id == INSTRUMENT


def test_smoothing_says_that_it_is_on(panel: ExplainPanel, wish: ExplanationState) -> None:
    click(panel.look.smooth, on_box(panel.look.smooth))
    assert wish.request(0.5).smooth
    assert "is on" in panel.look.smooth.text()
    wish.set_smooth(False)
    assert "is on" not in panel.look.smooth.text()


def test_opacity_and_clip_ask_for_no_other_explanation(
    panel: ExplainPanel, wish: ExplanationState, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(wish.request_changed):
        for slider, key in ((panel.look.opacity, Qt.Key.Key_Left), (panel.look.clip, Qt.Key.Key_Right)):
            slider.slider.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(slider.slider, key)
    assert wish.opacity == pytest.approx(0.74)
    assert wish.clip == pytest.approx(0.996)
    assert panel.look.clip.number.text() == "99.6 %"


# Answers


def test_trust_is_told_in_a_word_with_its_figures(panel: ExplainPanel, wish: ExplanationState) -> None:
    answer(wish)
    trust = panel.trust
    assert trust.verdict.text() == "✓ sound"
    assert trust.reason.text() == "What was explained is accounted for."
    assert trust.shares.shares == {"Inside": 0.6, "At the rim": pytest.approx(0.15), "Outside": 0.25}
    assert trust.ledger.text() == "0.020 %"
    assert trust.agreement.text() == "0.70"
    assert trust.skips.shares == {"skip 1": 0.1, "skip 2": 0.35}
    assert trust.stability.text() == "–"


@pytest.mark.parametrize(("verdict", "colour_name"), [("unstable", theme.WARNING), ("suspect", theme.ERROR)])
def test_doubts_have_a_sign_and_a_colour(
    panel: ExplainPanel, wish: ExplanationState, verdict: str, colour_name: str
) -> None:
    relevance = make_relevance(make_frame(), wish.request(0.5))
    wish.set_relevance(replace(relevance, trust=replace(relevance.trust, verdict=verdict, reason="Look twice.")))
    assert panel.trust.verdict.text() in ("≈ unstable", "! suspect")
    assert colour_name in panel.trust.verdict.styleSheet()


def test_ways_that_failed_a_check_carry_a_warning(panel: ExplainPanel, wish: ExplanationState) -> None:
    """In the chooser, and in full under it for the chosen one; fed from what was measured."""
    rule = panel.choices.rule
    assert not panel.choices.warning.isVisible()
    wish.set_warnings({f"lrp {wish.rule}": "Measured on 9 pictures, it looks alike."}, 9)
    texts = [rule.itemText(row) for row in range(rule.count())]
    assert [text.startswith("⚠") for text in texts] == [rule.itemData(r) == wish.rule for r in range(rule.count())]
    assert panel.choices.warning.isVisible()
    assert "looks alike" in panel.choices.warning.text()
    wish.set_method("hirescam")
    assert not panel.choices.warning.isVisible()
    wish.set_method("lrp")
    wish.set_warnings({}, 0)
    assert not any(rule.itemText(row).startswith("⚠") for row in range(rule.count()))


def test_a_warning_of_an_activation_map_holds_at_its_layer(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_layer_names(BLOCKS)
    wish.set_warnings({"hirescam": "A", "hirescam at bottleneck": "B"}, 9)
    wish.set_method("hirescam")
    assert wish.warning_of() == "A"
    wish.set_layer(BLOCKS[-1])
    assert wish.warning_of() == "A"
    wish.set_layer("bottleneck")
    assert "B" in panel.choices.warning.text()


def test_a_check_is_asked_for_stopped_and_shown(panel: ExplainPanel, wish: ExplanationState) -> None:
    figures, asked = panel.check, []
    wish.check.asked.connect(lambda *job: asked.append(job))
    assert not figures.button.isEnabled()
    relevance = answer(wish)
    figures.button.click()
    assert [job[1] for job in asked] == [relevance]
    assert figures.progress.isVisible()
    wish.check.set_share_done(relevance, 0.5)
    assert figures.progress.value() == 50
    figures.button.click()
    assert not wish.check.is_running
    wish.check.set_result(make_check(relevance))
    assert not figures.curves.isVisible()  # nobody waits for it any more
    figures.button.click()
    wish.check.set_result(make_check(relevance))
    assert figures.curves.isVisible()
    assert {n for n, _ in figures.cells} == {"map", "mask", "edges", "noise"}
    assert figures.cells["map", "Del. ↓"].text() == "0.30"
    assert figures.cells["mask", "Shuf."].text() == "–"
    assert "better than noise" in figures.words.text()
    assert "not better than the mask" in figures.words.text()
    whole = figures.curves.grab().toImage()
    for row in range(len(LOOKS)):  # each curve is to be seen
        figures.curves.set_maps(make_check(relevance).maps[:row] + make_check(relevance).maps[row + 1 :])
        assert figures.curves.grab().toImage() != whole


def test_a_check_that_fails_says_why(panel: ExplainPanel, wish: ExplanationState) -> None:
    relevance = answer(wish)
    panel.check.button.click()
    wish.check.set_refusal(relevance, MedsegError("The check cannot be made; try another frame."))
    assert "another frame" in panel.check.words.text()
    assert not panel.check.curves.isVisible()


def test_a_map_that_looks_alike_is_told() -> None:
    relevance = make_relevance(make_frame(0), ExplanationRequest())
    assert "! looks alike" in words(make_check(relevance, randomised=0.7))


def test_stability_is_measured_on_demand(panel: ExplainPanel, wish: ExplanationState) -> None:
    answer(wish)
    click(panel.trust.measure)
    assert wish.request(0.5).with_stability
    answer(wish)
    assert panel.trust.stability.text() == "0.91"
    assert not panel.trust.measure.isVisible()


def test_grad_cam_keeps_no_ledger_and_has_no_skips(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_method("gradcam")
    answer(wish)
    assert panel.trust.ledger.text() == "keeps none"
    assert not panel.trust.skips.isVisible()
    assert panel.lesions.count == 0


def test_nothing_predicted_is_said_and_the_nearest_miss_offered(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_relevance(None, NothingPredictedError("Nothing is marked in this frame."))
    assert panel.trust.reason.text() == "Nothing is marked in this frame."
    click(panel.trust.instead)
    assert wish.target == Target("nearest_miss")


def test_where_there_is_no_lesion_the_whole_mask_is_offered(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_target(Target("lesion", 3, 4))
    assert not panel.trust.instead.isVisible()
    wish.set_relevance(None, NothingPredictedError("There is no lesion at this place."))
    click(panel.trust.instead)
    assert wish.target == Target()


def test_another_refusal_offers_nothing_instead(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_relevance(None, MedsegError("No rule covers the layer decoder.up; choose Grad-CAM."))
    assert "decoder.up" in panel.trust.reason.text()
    assert not panel.trust.instead.isVisible()


def test_figures_stay_dim_while_the_next_are_made(panel: ExplainPanel, wish: ExplanationState) -> None:
    answer(wish)
    wish.set_computing(True)
    wish.set_relevance(None)
    assert panel.trust.verdict.text() == "Explaining…"
    assert panel.trust.shares.isVisible()
    assert not panel.trust.shares.isEnabled()
    wish.set_computing(False)
    answer(wish, 1)
    assert panel.trust.shares.isEnabled()


def test_lesions_are_switched_one_by_one(panel: ExplainPanel, wish: ExplanationState) -> None:
    answer(wish)
    boxes = panel.lesions.boxes
    assert [box.text().split(" · ")[0] for box in boxes] == ["Lesion 1 (largest)", "Lesion 2"]
    click(boxes[1], on_box(boxes[1]))
    assert wish.hidden_lesions == {2}
    answer(wish, 1)
    assert wish.hidden_lesions == frozenset()  # another frame counts its lesions anew
    assert all(box.isChecked() for box in boxes)


def test_lesions_carry_their_numbers_where_there_are_several(window: MainWindow, wish: ExplanationState) -> None:
    answer(wish)
    tops = wish.picture.lesion_tops
    assert tops == ((pytest.approx(0.25), pytest.approx(0.375)), (pytest.approx(0.75), pytest.approx(0.375)))
    above = colour_at(window.picture, 0.25, 0.375 - 14 / window.picture.zoom.target.height())
    assert above.lightness() < GREY  # the ground of the badge


def test_what_is_kept_is_said(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_cache(CacheStatistics(12, 30 * 1024**2, 4, 12))
    answer(wish)
    assert panel.kept.text() == "12 explanations kept, 30 MB"


# The picture


def test_map_is_laid_over_the_frame_that_it_belongs_to(window: MainWindow, wish: ExplanationState) -> None:
    answer(wish)
    view = window.picture
    red = colour_at(view, 0.25, 0.4)
    assert red.red() > red.blue() + 40
    blue = colour_at(view, 0.75, 0.5)
    assert blue.blue() > blue.red() + 40
    assert colour_at(view, 0.5, 0.2).getRgb()[:3] == (GREY,) * 3
    window.state.playback.set_frame(make_frame(1))
    assert colour_at(view, 0.25, 0.4).getRgb()[:3] == (GREY,) * 3


def test_opacity_thins_the_map(window: MainWindow, wish: ExplanationState) -> None:
    answer(wish)
    wish.set_opacity(0.0)
    assert colour_at(window.picture, 0.25, 0.4).getRgb()[:3] == (GREY,) * 3


def test_over_a_map_only_the_rim_of_the_mask_is_drawn(
    window: MainWindow, opened: AppState, wish: ExplanationState
) -> None:
    opened.analysis.set_overlay(make_overlay())
    tinted = colour_at(window.picture, 0.5, 0.5)
    answer(wish)
    assert tinted.getRgb()[:3] != (GREY,) * 3
    assert colour_at(window.picture, 0.5, 0.5).getRgb()[:3] == (GREY,) * 3


def test_frame_under_the_map_loses_its_colours_only_while_it_stands(
    window: MainWindow, opened: AppState, wish: ExplanationState
) -> None:
    frame = make_frame(0)
    red = frame.rgb.copy()
    red[:] = (200, 40, 40)
    opened.playback.set_frame(replace(frame, rgb=red))
    answer(wish)
    plain = colour_at(window.picture, 0.5, 0.2)
    assert plain.red() == plain.green() == plain.blue()
    wish.set_grey(False)
    assert colour_at(window.picture, 0.5, 0.2).red() == 200
    wish.set_grey(True)
    opened.playback.is_playing = True
    assert colour_at(window.picture, 0.5, 0.2).red() == 200
    opened.playback.is_playing = False


def test_sign_says_what_it_is_and_how_far_to_trust_it(window: MainWindow, wish: ExplanationState) -> None:
    overlay = window.picture.relevance
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


def test_in_motion_a_late_explanation_says_so(window: MainWindow, opened: AppState, wish: ExplanationState) -> None:
    answer(wish)
    opened.playback.is_playing = True
    opened.playback.set_frame(make_frame(7))
    assert not badge_is_painted(window.picture)
    wish.set_late(7)
    assert badge_is_painted(window.picture)
    opened.playback.is_playing = False


# Picking


@pytest.mark.parametrize(("key", "kind"), [(Qt.Key.Key_L, "lesion"), (Qt.Key.Key_X, "pixel")])
def test_a_click_on_the_frame_picks_the_target(
    window: MainWindow, wish: ExplanationState, key: Qt.Key, kind: str
) -> None:
    view = window.picture
    QTest.keyClick(view, key)
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
    place = view.zoom.transform.map(QPoint(40, 30)) + QPoint(1, 1)
    QTest.mouseClick(view, LEFT, pos=place)
    assert wish.request(0.5).target == Target(kind, 40, 30)
    assert view.cursor().shape() != Qt.CursorShape.CrossCursor
    QTest.mouseClick(view, LEFT, pos=place + QPoint(30, 0))
    assert wish.target == Target(kind, 40, 30)  # one click, one target


def test_a_click_beside_the_frame_picks_nothing(window: MainWindow, wish: ExplanationState) -> None:
    QTest.keyClick(window.picture, Qt.Key.Key_X)
    window.picture.zoom_by(0.5)
    QTest.mouseClick(window.picture, LEFT, pos=QPoint(3, 3))
    assert wish.picking == "pixel"
    assert wish.target == Target()


def test_escape_ends_picking_and_leaves_the_target(
    window: MainWindow, panel: ExplainPanel, wish: ExplanationState
) -> None:
    QTest.keyClick(window.picture, Qt.Key.Key_L)
    assert panel.choices.target.currentData() == "lesion"
    QTest.keyClick(window.picture, Qt.Key.Key_Escape)
    assert wish.picking == ""
    assert panel.choices.target.currentData() == "mask"
    assert window.picture.cursor().shape() != Qt.CursorShape.CrossCursor


def test_picking_switches_explanations_on(window: MainWindow, wish: ExplanationState) -> None:
    wish.set_method("off")
    QTest.keyClick(window.picture, Qt.Key.Key_L)
    assert wish.method == "lrp"


# Keys and the strip


def test_tab_goes_round_from_the_picture(window: MainWindow, wish: ExplanationState) -> None:
    methods = []
    for _ in range(4):
        QTest.keyClick(window.picture, Qt.Key.Key_Tab)
        methods.append(wish.method)
    assert methods == ["hirescam", "off", "lrp", "hirescam"]
    assert window.focusWidget() is window.picture


def test_tab_in_a_panel_goes_to_the_next_control(
    window: MainWindow, panel: ExplainPanel, wish: ExplanationState
) -> None:
    QTest.keyClick(window.picture, Qt.Key.Key_F6)
    first = window.focusWidget()
    assert panel.isAncestorOf(first)
    QTest.keyClick(first, Qt.Key.Key_Tab)
    assert window.focusWidget() is not first
    assert panel.isAncestorOf(window.focusWidget())
    assert wish.method == "lrp"
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert window.focusWidget() is window.picture


def test_strip_shows_each_block_and_puts_it_on_the_frame(window: MainWindow, wish: ExplanationState) -> None:
    QTest.keyClick(window.picture, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert wish.is_strip_shown
    strip = window.strip
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
    assert window.state.playback.index == 0


def test_arrows_in_the_strip_do_not_step_the_video(window: MainWindow, wish: ExplanationState) -> None:
    QTest.keyClick(window.picture, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    answer(wish)
    assert window.focusWidget() is window.strip
    wanted: list[int] = []
    window.state.playback.frame_wanted.connect(wanted.append)
    QTest.keyClick(window.strip, Qt.Key.Key_Right)
    assert not wanted
    QTest.keyClick(window.strip, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert not window.strip.isVisible()
    assert window.focusWidget() is window.picture
    QTest.keyClick(window.picture, Qt.Key.Key_Right)
    assert wanted == [1]


def test_grad_cam_closes_the_strip(window: MainWindow, wish: ExplanationState) -> None:
    wish.set_strip_shown(True)
    wish.show_layer("bottleneck")
    QTest.keyClick(window.strip, Qt.Key.Key_Tab)
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
    window: MainWindow, panel: ExplainPanel, wish: ExplanationState
) -> None:
    assert not panel.visibleRegion().isEmpty()
    window.explain_dock.close()
    wish.set_method("off")
    wish.set_method("lrp")
    assert not window.explain_dock.isVisible()  # whoever closed it does not want it


def test_only_what_is_there_can_be_saved_or_measured(window: MainWindow, wish: ExplanationState) -> None:
    actions = window.named_actions
    assert not actions["save_figure"].isEnabled()
    assert not actions["stability"].isEnabled()
    answer(wish)
    assert actions["save_figure"].isEnabled()
    assert actions["stability"].isEnabled()
    answer(wish, request=replace(wish.request(0.5), with_stability=True))
    assert not actions["stability"].isEnabled()


def test_timeline_has_a_lane_for_relevance_outside_while_explaining(window: MainWindow, wish: ExplanationState) -> None:
    lane = np.full(50, np.nan, np.float32)
    wish.set_lane(lane)
    wish.note_outside(20, 0.62)
    QTest.mouseMove(window.timeline, QPoint(window.timeline.x_of(20), 20))
    assert "62 % of the relevance outside" in window.timeline.hover_text()
    with_lane = window.timeline.height()
    wish.set_method("off")
    assert "relevance" not in window.timeline.hover_text()
    assert window.timeline.height() < with_lane


@pytest.mark.parametrize("width", [1280, 1120])
@pytest.mark.parametrize("method", ["lrp", "gradcam"])
def test_nothing_of_the_panel_is_cut_off_at_its_side(
    window: MainWindow, panel: ExplainPanel, wish: ExplanationState, method: str, width: int
) -> None:
    apply_theme(QApplication.instance())  # its letters are larger than Qt's own
    window.resize(width, 720)
    wish.set_method(method)
    wish.set_layer_names(BLOCKS)
    wish.set_smooth(True)
    wish.set_cache(CacheStatistics(1200, 256 * 1024**2, 4, 12))
    answer(wish)
    QApplication.processEvents()
    assert panel.minimumSizeHint().width() <= window.explain_dock.widget().viewport().width()
