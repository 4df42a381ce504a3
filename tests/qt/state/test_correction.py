"""The correction: what a change starts from, steps over frames, what is written and in which order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from medseg_gui.editing import Box, Change, Lesions
from medseg_gui.editing.shape import grow
from medseg_gui.project.records import ACCEPTED, CORRECTED, label_map
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.correction_requests import (
    ChangeRequest,
    KeepRequest,
    Proposal,
    key_from_text,
    key_of,
    key_text,
)
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.qt.workers.edit import keep
from medseg_gui.types import INSTRUMENT, POLYP
from tests.qt.views.scene import FRAME_SIZE, Editing, make_frame, open_clip

PREDICTED_PX = 3676  # the middle quarter of the frame, stretched


@pytest.fixture
def editing(state: AppState) -> Editing:
    """Answers at once."""
    editing = Editing(state)
    open_clip(state)
    return editing


@pytest.fixture
def correction(state: AppState, editing: Editing) -> CorrectionState:
    """Of the first frame."""
    return state.correction


def draw(correction: CorrectionState, *points: tuple[float, float], erases: bool = False) -> None:
    """One stroke."""
    (x, y), *others = points
    assert correction.begin_stroke(x, y, 1.0, erases)
    for x, y in others:
        correction.extend_stroke(x, y, 1.0)
    correction.end_stroke()


def pixels(correction: CorrectionState) -> np.ndarray:
    assert correction.lesions is not None
    return correction.lesions.labels.copy()


def test_frame_is_uncorrected_until_it_is_touched(correction: CorrectionState) -> None:
    assert not correction.is_corrected
    assert correction.shown is not None
    assert correction.shown.areas_px == {1: PREDICTED_PX}
    draw(correction, (10, 10))
    assert correction.is_corrected


def test_first_stroke_starts_from_the_prediction(correction: CorrectionState, editing: Editing) -> None:
    correction.set_brush_px(3)
    draw(correction, (20, 45), (45, 45))
    assert correction.picture is not None
    assert list(correction.picture.areas_px) == [1]
    assert correction.picture.areas_px[1] > PREDICTED_PX
    (edit,) = editing.edits
    assert edit.state == CORRECTED
    assert np.array_equal(label_map(edit.lesions, edit.size), pixels(correction))


@pytest.mark.parametrize(("start", "area"), [("prediction", PREDICTED_PX), ("empty", 0)])
def test_what_a_stroke_starts_from_is_a_choice(correction: CorrectionState, start: str, area: int) -> None:
    correction.set_start_from(start)
    correction.begin_new(INSTRUMENT)
    draw(correction, (5, 5))
    assert correction.picture is not None
    areas = correction.picture.areas_px
    assert sum(areas.values()) - areas[correction.chosen] == area


def test_starting_from_the_frame_corrected_before(correction: CorrectionState, state: AppState) -> None:
    draw(correction, (10, 10))
    before = pixels(correction)
    state.playback.seek(7)
    correction.set_start_from("previous")
    draw(correction, (130, 80))
    after = pixels(correction)
    assert np.array_equal(after[before > 0], before[before > 0])
    assert not np.array_equal(after, before)


def test_strokes_go_into_the_chosen_lesion_or_a_new_one(correction: CorrectionState) -> None:
    draw(correction, (45, 30), (20, 20))
    assert correction.lesions is not None
    assert dict(correction.lesions.classes) == {1: POLYP}
    correction.begin_new(INSTRUMENT)
    draw(correction, (140, 70))
    assert dict(correction.lesions.classes) == {1: POLYP, 2: INSTRUMENT}
    assert correction.chosen == 2
    assert correction.choose_at(60, 45) == 1
    assert correction.class_id == POLYP
    assert correction.choose_at(2, 88) == 0
    assert correction.chosen == 1


def test_other_lesions_are_spared_by_the_brush_but_not_by_the_eraser(correction: CorrectionState) -> None:
    correction.begin_new(INSTRUMENT)
    draw(correction, (20, 45), (140, 45))
    assert correction.picture is not None
    assert correction.picture.areas_px[1] == PREDICTED_PX
    draw(correction, (20, 45), (140, 45), erases=True)
    assert correction.picture.areas_px[1] < PREDICTED_PX
    assert correction.picture.areas_px[2] == 0


def test_accepting_makes_the_prediction_the_mask(correction: CorrectionState, editing: Editing) -> None:
    refused: list[str] = []
    correction.refused.connect(refused.append)
    correction.accept()
    (edit,) = editing.edits
    assert edit.state == ACCEPTED
    assert edit.lesions[0].mask.area_px == PREDICTED_PX
    correction.accept()
    assert len(refused) == len(editing.edits) == 1


def test_accepting_that_nothing_is_there_is_a_step_too(correction: CorrectionState, editing: Editing) -> None:
    correction.set_proposal(Proposal(key_of(make_frame(0)), LesionPicture.empty(FRAME_SIZE)))
    correction.accept()
    assert [e.lesions for e in editing.edits] == [()]
    assert correction.is_corrected
    correction.undo()
    assert not correction.is_corrected
    assert editing.steps == [(0, False)]


def test_undo_and_redo_lead_over_frames(correction: CorrectionState, state: AppState, editing: Editing) -> None:
    states = []
    for index in (3, 9, 3):
        state.playback.seek(index)
        draw(correction, (10 + 30 * len(states), 10))
        states.append(pixels(correction))
    for _ in range(3):
        correction.undo()
    assert editing.steps == [(3, False), (9, False), (3, False)]
    assert not correction.is_corrected
    assert correction.undo_title == ""
    for index, expected in zip((3, 9, 3), states, strict=True):
        assert correction.redo_title == "brush"
        correction.redo()
        assert state.playback.index == index
        assert np.array_equal(pixels(correction), expected)
    assert len(editing.edits) == 3


def test_corrections_come_back_with_their_frame(correction: CorrectionState, state: AppState) -> None:
    draw(correction, (10, 10))
    before = pixels(correction)
    state.playback.seek(20)
    assert not correction.is_corrected
    state.playback.seek(0)
    assert np.array_equal(pixels(correction), before)


def test_each_edit_is_told_before_it_is_undone(qapp: object) -> None:
    correction, waiting, told = CorrectionState(), list[KeepRequest](), list[str]()
    correction.keep_wanted.connect(waiting.append)
    correction.edited.connect(lambda edit: told.append(f"edited {edit.title}"))
    correction.undone.connect(lambda key: told.append("undone"))
    correction.set_frame(make_frame(0))
    correction.set_start_from("empty")
    draw(correction, (10, 10))
    draw(correction, (50, 50))
    correction.undo()
    assert told == []
    assert correction.undo_title == "brush"
    while waiting:
        correction.on_kept(keep(waiting.pop(0)))
    assert told == ["edited brush", "edited brush", "undone"]
    assert correction.lesions is not None
    assert correction.lesions.at(10, 10)
    assert not correction.lesions.at(50, 50)


def test_tool_that_comes_late_works_on_what_is_there_by_then(qapp: object) -> None:
    correction, asked = CorrectionState(), list[ChangeRequest]()
    correction.change_wanted.connect(asked.append)
    correction.set_frame(make_frame(0))
    correction.set_start_from("empty")
    draw(correction, (50, 50))
    correction.ask("grow", partial(grow, lesion_id=1, distance_px=2))
    draw(correction, (100, 50))
    correction.on_change(asked[0], asked[0].make(asked[0].base))
    assert len(asked) == 2
    correction.on_change(asked[1], asked[1].make(asked[1].base))
    assert correction.lesions is not None
    assert correction.lesions.at(100, 50)
    assert correction.lesions.at(50, 50 + correction.brush_px + 1)


def test_stored_lesions_are_waited_for_and_never_overrun_a_stroke(correction: CorrectionState) -> None:
    key = key_of(make_frame(0))
    correction.expect(key)
    assert not correction.begin_stroke(10, 10, 1.0, erases=False)
    stored = Lesions(np.full(FRAME_SIZE, 4, np.uint16), {4: INSTRUMENT})
    correction.set_lesions(key, stored, is_corrected=True)
    assert correction.is_corrected
    assert correction.chosen == 0 or correction.class_id == INSTRUMENT
    assert correction.begin_stroke(10, 10, 1.0, erases=True)
    correction.set_lesions(key, None, is_corrected=False)
    assert correction.stroke is not None
    correction.end_stroke()
    assert not correction.lesions.at(10, 10)


def test_steps_before_the_history_are_the_projects(correction: CorrectionState) -> None:
    asked: list[str] = []
    correction.undo_wanted.connect(lambda: asked.append("undo"))
    correction.redo_wanted.connect(lambda: asked.append("redo"))
    correction.set_journal("polygon", "")
    draw(correction, (10, 10))
    correction.undo()
    assert asked == []
    assert correction.undo_title == "polygon"
    correction.undo()
    correction.set_journal("", "polygon")
    correction.undo()
    assert asked == ["undo"]
    correction.redo()
    assert asked == ["undo", "redo"]
    correction.redo()
    assert correction.is_corrected


def test_history_that_no_longer_fits_is_left_to_the_project(correction: CorrectionState) -> None:
    asked: list[str] = []
    correction.undo_wanted.connect(lambda: asked.append("undo"))
    draw(correction, (10, 10))
    correction.set_lesions(key_of(make_frame(0)), Lesions.empty(FRAME_SIZE), is_corrected=True)
    correction.undo()
    assert asked == ["undo"]
    assert correction.lesions is not None
    assert not correction.lesions.labels.any()


@pytest.mark.parametrize("finish", [CorrectionState.cancel, lambda c: c.set_frame(make_frame(8))])
def test_stroke_that_is_given_up_changes_nothing(
    correction: CorrectionState, editing: Editing, finish: Callable[[CorrectionState], None]
) -> None:
    correction.begin_stroke(10, 10, 1.0, erases=False)
    finish(correction)
    correction.end_stroke()
    assert editing.edits == []
    assert not correction.is_corrected


def test_previews_change_nothing_and_newer_ones_replace_them(correction: CorrectionState, editing: Editing) -> None:
    for distance in (2, 9):
        correction.ask("grow", partial(grow, lesion_id=1, distance_px=distance), is_preview=True)
    assert correction.preview is not None
    assert correction.preview.at(80 - 40 - 8, 45) == 1
    assert editing.edits == []
    correction.cancel()
    assert correction.preview is None
    assert correction.picture is None


def test_change_that_changes_nothing_is_no_step(correction: CorrectionState, editing: Editing) -> None:
    def nothing(lesions: Lesions) -> Change:
        return lesions.paint(np.zeros((2, 2), np.bool_), Box(0, 0, 2, 2), 1)

    correction.ask("nothing", nothing)
    assert editing.edits == []
    assert not correction.is_corrected


def test_keys_survive_as_text() -> None:
    key = key_of(make_frame(3))
    assert key_from_text(key_text(key)) == key
