"""The order in which frames are seen, and the agreement of two readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_gui.errors import DataError
from medseg_gui.project.records import ACCEPTED, PREDICTED, REJECTED, FrameFilter, class_mask
from medseg_gui.project.review import ReviewQueue, disagreement, reader_agreement
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP
from tests.project.conftest import FRAMES, SIZE, key_of, lesions_of


@pytest.fixture
def predicted(folder: Path) -> Path:
    with Project(folder) as project:
        for i in range(FRAMES):
            project.write_mask(key_of(project, i), lesions_of(i)[: 1 + i % 2], SIZE, PREDICTED)
    return folder


def walk(queue: ReviewQueue) -> list[int]:
    found = []
    while key := queue.next():
        found.append(key.index)
    return found


def test_the_queue_is_walked_forth_and_back(predicted: Path) -> None:
    with Project(predicted) as project:
        queue = ReviewQueue(project)
        assert queue.current is None
        assert queue.previous() is None
        assert walk(queue) == [0, 1, 2, 3, 4]
        assert queue.current == key_of(project, 4)
        assert [queue.previous().index for _ in range(4)] == [3, 2, 1, 0]
        assert queue.previous() is None
        assert queue.go_to(key_of(project, 3))
        assert queue.next() == key_of(project, 4)
        assert not queue.go_to(key_of(project, 99))


def test_it_is_ordered_by_scores_or_at_random(predicted: Path) -> None:
    with Project(predicted) as project:
        with pytest.raises(DataError, match="score flicker"):
            ReviewQueue(project, "flicker")
        project.set_scores("uncertainty", {key_of(project, i): v for i, v in ((1, 0.2), (3, 0.9), (2, 0.2))})
        assert walk(ReviewQueue(project, "uncertainty")) == [3, 1, 2, 0, 4]
        first = walk(ReviewQueue(project, "random", seed=1))
        assert sorted(first) == [0, 1, 2, 3, 4]
        assert first == walk(ReviewQueue(project, "random", seed=1))
        assert any(first != walk(ReviewQueue(project, "random", seed=s)) for s in range(2, 6))


def test_it_is_filtered_keeps_its_order_and_shows_progress(predicted: Path) -> None:
    with Project(predicted) as project:
        queue = ReviewQueue(project, wanted=FrameFilter(states=(PREDICTED,), class_id=INSTRUMENT))
        assert [k.index for k in queue.keys] == [1, 3]
        assert queue.progress() == (0, 2)
        project.set_state([queue.next()], ACCEPTED)
        assert queue.progress() == (1, 2)
        assert queue.next() == key_of(project, 3)
        assert walk(ReviewQueue(project, wanted=queue.wanted)) == [3]
        assert ReviewQueue(project, wanted=FrameFilter(centre="C2")).next() is None


def test_two_readers_are_compared(folder: Path) -> None:
    with Project(folder, "Ada") as project:
        for i in range(4):
            project.write_mask(key_of(project, i), lesions_of(i), SIZE, REJECTED if i == 3 else ACCEPTED)
    with Project(folder, "Ben", reader=2) as project:
        keys = [key_of(project, i) for i in range(4)]
        project.write_mask(keys[0], lesions_of(0), SIZE)
        project.write_mask(keys[1], lesions_of(4), SIZE)
        project.write_mask(keys[3], lesions_of(3), SIZE)
    with Project(folder, "Ada") as project:
        found = reader_agreement(project, POLYP)
        assert [a.key for a in found] == [keys[1], keys[0]]
        assert (found[1].dice, found[1].disagreement_px) == (1.0, 0)
        first, second = (class_mask(lesions_of(i), SIZE) == POLYP for i in (1, 4))
        assert found[0].dice == pytest.approx(2 * (first & second).sum() / (first.sum() + second.sum()))
        assert found[0].disagreement_px == (first ^ second).sum()
        picture = disagreement(project, keys[1], POLYP)
        np.testing.assert_array_equal(picture == 1, first & second)
        np.testing.assert_array_equal(picture == 2, first & ~second)
        np.testing.assert_array_equal(picture == 3, ~first & second)
        with pytest.raises(DataError):
            disagreement(project, key_of(project, 4), POLYP)
