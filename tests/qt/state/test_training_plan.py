"""What would be started: the split by patient, what is refused and what is warned of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import NO_CENTRE, CorrectedFrame, FrameKey
from medseg_gui.qt.state.training_plan import RECIPES, TrainingPlan
from medseg_gui.types import INSTRUMENT, POLYP


def frames_of(sizes: dict[str, int], centre: str = NO_CENTRE, classes: frozenset[int] = frozenset({POLYP})):
    return tuple(
        CorrectedFrame(FrameKey(f"{name}{'0' * 12}", i, i / 25), centre, name, f"{name}.mp4", classes, True, name)
        for name, count in sizes.items()
        for i in range(count)
    )


def plan_of(frames: tuple[CorrectedFrame, ...], **changes: object) -> TrainingPlan:
    return replace(TrainingPlan(frames, base="polyp-x", network="unet_lite0"), **changes)


def test_whole_patients_are_held_out_about_a_fifth() -> None:
    plan = plan_of(frames_of({"a": 10, "b": 10, "c": 10, "d": 12}))
    assert plan.counts == (30, 12)
    assert plan.held_out == {"unnamed/d"}
    assert plan.refusal == ""
    assert plan.warnings == ()
    sides = [{p.group for p in side} for side in (plan.to_learn, plan.to_compare)]
    assert sides[0].isdisjoint(sides[1])
    assert {patient for _, patient in plan.groups.values()} == {"a", "b", "c", "d"}


def test_each_hospital_keeps_some_of_its_own_apart() -> None:
    north, south = frames_of({"a": 8, "b": 2, "c": 2}, "north"), frames_of({"d": 8, "e": 2}, "south")
    assert plan_of(north + south).held_out == {"north/c", "south/e"}


def test_of_two_equal_patients_one_is_held_out() -> None:
    assert plan_of(frames_of({"a": 20, "b": 20})).counts == (20, 20)


def test_a_patient_without_the_class_is_not_held_out_alone() -> None:
    frames = frames_of({"a": 10, "b": 10}) + frames_of({"c": 5}, classes=frozenset())
    assert plan_of(frames).held_out != {"unnamed/c"}
    assert plan_of(frames, chosen_out=frozenset({"unnamed/c"})).warnings == (
        "None of the held-out frames shows a polyp: only false alarms can be compared.",
    )


def test_one_patient_is_cut_in_time_and_warned_of() -> None:
    plan = plan_of(frames_of({"a": 30}))
    assert plan.counts == (24, 6)
    assert {key.index for p in plan.to_compare for key in p.keys} == set(range(24, 30))
    assert "of one patient" in plan.warnings[0]
    assert plan.refusal == ""


@pytest.mark.parametrize(
    ("frames", "changes", "told"),
    [
        (None, {}, "Looking for"),
        ((), {}, "No frame is corrected yet"),
        (frames_of({"a": 20, "b": 20}), {"base": ""}, "No weights look for polyp"),
        (frames_of({"a": 2, "b": 2}), {}, "2 frames to learn from is too little"),
        (frames_of({"a": 20, "b": 20}), {"chosen_out": frozenset()}, "No frames are held out"),
        (frames_of({"a": 20, "b": 20}, classes=frozenset({INSTRUMENT})), {}, "shows a polyp"),
        (frames_of({"a": 20, "b": 20}), {"p": 0.5}, "frames of two centres"),
        (tuple(replace(f, is_there=False) for f in frames_of({"a": 9})), {}, "sources of all corrected frames"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(
    frames: tuple[CorrectedFrame, ...] | None, changes: dict[str, object], told: str
) -> None:
    assert told in plan_of(frames, **changes).refusal  # type: ignore[arg-type]


def test_five_frames_are_possible_but_warned_of() -> None:
    plan = plan_of(frames_of({"a": 5}))
    assert plan.counts == (4, 1)
    assert plan.refusal == ""
    assert any("teach little" in w for w in plan.warnings)


def test_missing_sources_and_own_predictions_are_told() -> None:
    frames = frames_of({"a": 20, "b": 20})
    frames = (*frames[:20], *(replace(f, proposed_by="polyp-x@12345678") for f in frames[20:]))
    told = plan_of((*frames, replace(frames[0], is_there=False))).warnings
    assert told[0].startswith("20 of 20 held-out masks are predictions of polyp-x")
    assert told[1].startswith("1 frame cannot be used")


def test_frames_that_the_base_has_learnt_from_are_held_out_last_and_told() -> None:
    frames = frames_of({"a": 10, "b": 10, "c": 10, "d": 10})
    seen = frozenset({hidden_name(frames[-1].key.source_hash, 9)})
    assert plan_of(frames, seen=seen).held_out == {"unnamed/c"}
    told = plan_of(frames, seen=seen, chosen_out=frozenset({"unnamed/d"})).warnings
    assert told == ("polyp-x has already learnt from d.mp4: hold out others for an honest comparison.",)


def test_a_patient_can_be_left_out() -> None:
    plan = plan_of(frames_of({"a": 10, "b": 10, "c": 10}), left_out=frozenset({"unnamed/a"}))
    assert {patient for _, patient in plan.groups.values()} == {"b", "c"}


def test_the_recipe_sees_as_many_pictures_whatever_the_set() -> None:
    few, many = (plan_of(frames_of({"a": n, "b": n // 4}), recipe="balanced").settings for n in (80, 300))
    assert few["epochs"] * 80 == pytest.approx(many["epochs"] * 300, rel=0.05)
    assert few["batch-size"] == 8
    assert plan_of(frames_of({"a": 6, "b": 2})).settings["batch-size"] == 2
    assert [RECIPES[r].pictures for r in ("quick", "balanced", "thorough")] == sorted(
        r.pictures for r in RECIPES.values()
    )
    expert = plan_of(frames_of({"a": 80, "b": 20}), expert={"epochs": 2}, p=0.0).settings
    assert expert["epochs"] == 2
    assert "interpretability-p" not in expert
