"""What can be wished for, and what a wish changes."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.state.explanation import METHODS, ExplanationState
from medseg_gui.types import ExplanationRequest, Target


@pytest.fixture
def wish(qapp: object) -> ExplanationState:
    return ExplanationState()


def test_nothing_is_asked_for_at_first(wish: ExplanationState) -> None:
    assert wish.request(0.5) is None


def test_cycle_comes_back_to_the_kind_of_grad_cam_used_last(wish: ExplanationState) -> None:
    seen = []
    for _ in range(3):
        wish.cycle_method()
        seen.append(wish.method)
    assert seen == ["lrp", "hirescam", "off"]
    wish.set_method("gradcam")
    wish.set_method("off")
    wish.cycle_method()
    wish.cycle_method()
    assert wish.method == "gradcam"


def test_a_request_holds_only_what_its_method_heeds(wish: ExplanationState) -> None:
    wish.set_rule("zplus")
    wish.set_layer("decoder 1")
    wish.set_method("lrp")
    assert wish.request(0.4) == ExplanationRequest(rule="zplus", threshold=0.4)
    wish.set_method("gradcam")
    assert wish.request(0.4) == ExplanationRequest(method="gradcam", layer="decoder 1", threshold=0.4)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.set_method("lrp"),
        lambda w: w.set_rule("epsilon"),
        lambda w: w.set_target(Target("rim")),
        lambda w: w.set_class(2),
        lambda w: w.set_smooth(True),
        lambda w: w.set_layer("bottleneck"),
    ],
)
def test_each_wish_asks_once_and_forgets_the_measurement(wish: ExplanationState, qtbot: QtBot, change: object) -> None:
    wish.wants_stability = True
    asked: list[bool] = []
    wish.request_changed.connect(lambda: asked.append(wish.wants_stability))
    change(wish)
    change(wish)
    assert asked == [False]


@pytest.mark.parametrize("bad", ["", "LRP", "layers"])
def test_unknown_words_change_nothing(wish: ExplanationState, bad: str) -> None:
    before = wish.method, wish.rule
    wish.set_method(bad)
    wish.set_rule(bad)
    assert (wish.method, wish.rule) == before
    assert bad not in METHODS


def test_strip_goes_with_lrp(wish: ExplanationState) -> None:
    wish.toggle_strip()
    assert (wish.is_strip_shown, wish.method) == (True, "lrp")
    wish.show_layer("bottleneck")
    wish.toggle_strip()
    assert (wish.is_strip_shown, wish.method, wish.shown_layer) == (False, "lrp", "")


def test_clip_stays_within_its_bounds(wish: ExplanationState) -> None:
    wish.set_clip(0.2)
    assert wish.clip == 0.95
    wish.set_clip(3.0)
    assert wish.clip == 1.0


def test_a_click_counts_only_while_one_is_awaited(wish: ExplanationState) -> None:
    wish.pick(3, 4)
    assert wish.target == Target()
    wish.set_picking("pixel")
    wish.pick(3, 4)
    assert (wish.target, wish.picking) == (Target("pixel", 3, 4), "")


def test_lane_passes_over_frames_that_are_not_there(wish: ExplanationState) -> None:
    wish.note_outside(3, 0.5)  # a camera has no lane
    wish.set_lane(np.full(4, np.nan, np.float32))
    wish.note_outside(9, 0.5)
    wish.note_outside(2, 0.5)
    assert np.flatnonzero(~np.isnan(wish.lane)).tolist() == [2]
