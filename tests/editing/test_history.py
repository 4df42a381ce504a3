"""Undo and redo: exact, bounded, and as bytes that a store can keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_gui.editing import roles
from medseg_gui.editing.brush import paint_stroke
from medseg_gui.editing.change import Box
from medseg_gui.editing.history import History, pack_change, unpack_change
from medseg_gui.editing.lesions import Lesions
from medseg_gui.errors import DataError
from medseg_gui.types import INSTRUMENT
from tests.editing.shapes import labels, lesions_of

strokes = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.floats(0, 20), st.floats(0, 20)), min_size=1, max_size=12
)


def play(history: History, frames: dict[str, Lesions], moves: list) -> list[dict[str, Lesions]]:
    """Draw dots on frames; all states on the way."""
    states = [dict(frames)]
    for frame, lesion_id, x, y in moves:
        change = paint_stroke(frames[frame], np.array([[x, y]]), lesion_id, 3)
        if history.add(frame, "brush", change):
            frames[frame] = frames[frame].edited(change)
            states.append(dict(frames))
    return states


def same(a: dict[str, Lesions], b: dict[str, Lesions]) -> bool:
    return all(np.array_equal(a[k].labels, b[k].labels) and a[k].classes == b[k].classes for k in a)


@settings(deadline=None)
@given(strokes)
def test_undo_and_redo_walk_the_same_states(moves: list) -> None:
    history, frames = History(), {k: Lesions.empty((20, 20)) for k in "ab"}
    states = play(history, frames, moves)
    history = History.restored(*history.steps())
    for state in reversed(states[:-1]):
        frame, change = history.undo() or ("", None)
        frames[frame] = frames[frame].edited(change)
        assert same(frames, state)
    assert history.undo() is None
    history = History.restored(*history.steps())
    for state in states[1:]:
        frame, change = history.redo() or ("", None)
        frames[frame] = frames[frame].edited(change)
        assert same(frames, state)
    assert history.redo() is None


@settings(deadline=None)
@given(labels, labels)
def test_packing_loses_nothing(before: np.ndarray, after: np.ndarray) -> None:
    shape = tuple(np.minimum(before.shape, after.shape))
    change = roles.whole_frame(
        lesions_of(before[: shape[0], : shape[1]]), Lesions(after[: shape[0], : shape[1]].copy(), {1: 2, 9: 1})
    )
    again = unpack_change(pack_change(change))
    assert again.box == change.box
    np.testing.assert_array_equal(again.before, change.before)
    np.testing.assert_array_equal(again.after, change.after)
    assert again.classes_before == dict(change.classes_before)
    assert again.classes_after == dict(change.classes_after)


def test_packing_keeps_the_highest_ids() -> None:
    after = np.array([[65535, 0, 65535], [1, 65535, 2]], np.uint16)
    change = roles.whole_frame(Lesions.empty((2, 3)), Lesions(after))
    np.testing.assert_array_equal(unpack_change(pack_change(change)).after, [[65535, 0, 65535], [1, 65535, 2]])


def test_200_strokes_at_4k_fit_in_memory() -> None:
    """Long, broad strokes across the whole frame, the dearest that a hand draws."""
    rng = np.random.default_rng(0)
    lesions, history = Lesions.empty((2160, 3840)), History()
    change = paint_stroke(lesions, rng.uniform((0, 0), (3840, 2160), (12, 2)), 1, 60)
    step = history.add("frame", "brush", change)
    assert step is not None
    assert 200 * len(step.data) < 256 * 1024**2
    np.testing.assert_array_equal(step.change.after, change.after)


def test_the_oldest_step_goes_when_memory_is_short() -> None:
    history, lesions = History(memory_bytes=4000), Lesions.empty((64, 64))
    noise = np.random.default_rng(0).random((64, 64)) > 0.5
    for i in range(9):
        change = lesions.paint(noise, Box.whole(lesions.shape), i + 1)
        history.add("f", f"step {i}", change)
        lesions = lesions.edited(change)
    assert history.used_bytes <= 4000 or len(history.steps()[0]) == 1
    assert 1 <= len(history.steps()[0]) < 9
    assert history.undo_title == "step 8"


def test_a_new_step_ends_what_could_be_done_again() -> None:
    history, lesions = History(), Lesions.empty((9, 9))
    change = paint_stroke(lesions, np.array([[4, 4]]), 1, 2)
    history.add("f", "brush", change)
    used = history.used_bytes
    history.undo()
    assert (history.can_undo, history.can_redo, history.redo_title) == (False, True, "brush")
    history.add("f", "dot", change)
    assert (history.can_redo, history.undo_title, history.redo_title) == (False, "dot", "")
    assert history.used_bytes == used - len("brush") + len("dot")


def test_nothing_is_no_step_but_a_class_is() -> None:
    history, lesions = History(), lesions_of(np.ones((3, 3)))
    assert history.add("f", "nothing", roles.whole_frame(lesions, lesions)) is None
    assert history.add("f", "class", roles.change_class(lesions, 1, INSTRUMENT)) is not None


@pytest.mark.parametrize("cut", [0, 3, 10, 60, -1])
def test_damage_is_told(cut: int) -> None:
    data = pack_change(paint_stroke(Lesions.empty((9, 9)), np.array([[4, 4]]), 1, 2))
    with pytest.raises(DataError, match="damaged"):
        unpack_change(data[:cut])
    flipped = bytearray(data)
    flipped[-3] ^= 0xFF
    with pytest.raises(DataError, match="damaged"):
        unpack_change(bytes(flipped))
