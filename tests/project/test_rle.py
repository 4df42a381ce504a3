"""Run-length encoding against pycocotools, and against the pixels themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from medseg_gui.errors import DataError, ShapeError
from medseg_gui.project import rle

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=23)
MASKS = arrays(np.bool_, SHAPES)
LABELS = arrays(np.uint16, SHAPES, elements=st.sampled_from([0, 0, 1, 2, 7, 300]))


def ring(size: tuple[int, int]) -> np.ndarray:
    """A one-pixel border around the picture: a hole inside, and every edge touched."""
    mask = np.ones(size, bool)
    mask[1:-1, 1:-1] = False
    return mask


@settings(deadline=None)
@given(MASKS)
@example(np.zeros((5, 3), bool))
@example(np.ones((3, 5), bool))
@example(ring((7, 11)))
@example(np.indices((9, 8)).sum(axis=0) % 2 == 0)
def test_it_writes_what_pycocotools_writes(mask: np.ndarray) -> None:
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    mine = rle.encode(mask)
    assert mine.text == theirs["counts"].decode()
    assert [mine.height, mine.width] == theirs["size"]
    assert mine.area_px == coco.area(theirs) == mask.sum()
    assert mine.box == tuple(coco.toBbox(theirs).astype(int))
    np.testing.assert_array_equal(mine.to_mask(), mask)
    assert rle.from_counts(mine.counts, *mask.shape) == mine == rle.from_text(mine.text, *mask.shape)


@settings(deadline=None)
@given(LABELS)
def test_a_label_map_comes_back(labels: np.ndarray) -> None:
    found = rle.encode_labels(labels)
    assert set(found) == set(np.unique(labels)) - {0}
    painted = rle.paint(list(found.values()), labels.shape, list(found))
    np.testing.assert_array_equal(painted, labels)


@settings(deadline=None)
@given(st.data())
def test_the_difference_is_that_of_the_pixels(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    first, second = (data.draw(arrays(np.bool_, shape)) for _ in range(2))
    difference = rle.encode(first) ^ rle.encode(second)
    np.testing.assert_array_equal(difference.to_mask(), first ^ second)
    assert rle.encode(second) ^ difference == rle.encode(first)


@settings(deadline=None)
@given(MASKS, st.tuples(*[st.integers(0, 3)] * 4))
@example(np.ones((3, 5), bool), (0, 0, 0, 0))
@example(np.ones((3, 5), bool), (2, 1, 0, 0))
def test_a_part_is_encoded_as_the_frame_around_it(part: np.ndarray, margins: tuple[int, int, int, int]) -> None:
    left, right, top, bottom = margins
    frame = np.pad(part, ((top, bottom), (left, right)))
    assert rle.encode_part(part, (left, top), frame.shape) == rle.encode(frame)


@pytest.mark.parametrize("size", [(1, 1), (2160, 3840), (61, 1919)])
def test_large_runs_and_small_pictures(size: tuple[int, int]) -> None:
    for mask in (np.zeros(size, bool), np.ones(size, bool), np.arange(size[0])[:, None] % 97 < np.arange(size[1]) % 5):
        theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert rle.encode(mask).text == theirs["counts"].decode()
        np.testing.assert_array_equal(rle.encode(mask).to_mask(), mask)


def test_runs_of_no_length_that_others_write_are_read() -> None:
    assert rle.from_counts([2, 0, 1, 3, 0], 2, 3) == rle.encode(np.array([[0, 0, 1], [0, 1, 1]]))


@pytest.mark.parametrize("text", ["", "é", "~", "P", "PPPPPPPPPP1", "5", "\n", "1111"])
def test_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        rle.from_text(text, 3, 3)
    with pytest.raises(DataError):
        rle.RunLength(3, 3, text).to_mask()


@settings(deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=40, max_codepoint=130), max_size=30))
def test_any_text_is_a_mask_or_an_error(text: str) -> None:
    try:
        mask = rle.from_text(text, 4, 5).to_mask()
    except DataError:
        return
    assert mask.shape == (4, 5)


@pytest.mark.parametrize("counts", [[-1, 10], [3], [9, 1], ["9"], [True, 8], [10**30]])
def test_counts_that_do_not_fill_the_picture_are_refused(counts: list[object]) -> None:
    with pytest.raises(DataError):
        rle.from_counts(counts, 3, 3)  # type: ignore[arg-type]


def test_sizes_must_agree() -> None:
    with pytest.raises(ShapeError):
        rle.empty(2, 3) ^ rle.empty(3, 2)
    with pytest.raises(ShapeError):
        rle.paint([rle.empty(2, 3)], (3, 2))
