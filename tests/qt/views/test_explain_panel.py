"""The panel "Explain": what it asks of the state, and that it follows it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from medseg_gui.errors import MedsegError, NothingPredictedError
from medseg_gui.qt import theme
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.explanation_picture import CacheStatistics
from medseg_gui.qt.views.check_curves import LOOKS
from medseg_gui.qt.views.check_figures import words
from medseg_gui.qt.views.explain_panel import ExplainPanel
from medseg_gui.types import INSTRUMENT, ExplanationRequest, Target
from tests.qt.fakes import BLOCKS, make_check, make_relevance
from tests.qt.views.explaining import answer, choose, click, colour_at, on_box
from tests.qt.views.scene import GREY, make_frame

LEFT = Qt.MouseButton.LeftButton


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


def test_lesions_carry_their_numbers_where_there_are_several(
    explaining_window: MainWindow, wish: ExplanationState
) -> None:
    answer(wish)
    tops = wish.picture.lesion_tops
    assert tops == ((pytest.approx(0.25), pytest.approx(0.375)), (pytest.approx(0.75), pytest.approx(0.375)))
    above = colour_at(explaining_window.picture, 0.25, 0.375 - 14 / explaining_window.picture.zoom.target.height())
    assert above.lightness() < GREY  # the ground of the badge


def test_what_is_kept_is_said(panel: ExplainPanel, wish: ExplanationState) -> None:
    wish.set_cache(CacheStatistics(12, 30 * 1024**2, 4, 12))
    answer(wish)
    assert panel.kept.text() == "12 explanations kept, 30 MB"
