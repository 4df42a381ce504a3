"""No patient stands on both sides of a split."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import DataError


def examples_of(sizes: dict[str, list[int]]) -> list[Example]:
    return [
        Example(Path(f"{centre}/{group}_{i}.jpg"), Path("m.png"), centre, f"{centre}/{group}")
        for centre, groups in sizes.items()
        for group, size in enumerate(groups)
        for i in range(size)
    ]


@given(
    st.dictionaries(st.sampled_from("ABC"), st.lists(st.integers(1, 9), min_size=12, max_size=30), min_size=1),
    st.integers(0, 5),
)
def test_groups_stay_whole_and_nothing_is_lost(sizes: dict[str, list[int]], seed: int) -> None:
    everything = examples_of(sizes)
    training, validation = split_by_group(everything, 0.2, seed)
    assert {e.group for e in training}.isdisjoint(e.group for e in validation)
    assert sorted(e.image for e in training + validation) == sorted(e.image for e in everything)


def test_every_centre_gives_its_share() -> None:
    _, validation = split_by_group(examples_of({"A": [1] * 100, "B": [5] * 40}), 0.1, 0)
    assert sum(e.centre == "A" for e in validation) == 10
    assert sum(e.centre == "B" for e in validation) == 20


def test_a_centre_is_cut_alike_whatever_stands_beside_it() -> None:
    alone = split_by_group(examples_of({"A": [2] * 30}), 0.2, 3)[1]
    beside = split_by_group(examples_of({"A": [2] * 30, "B": [1] * 50}), 0.2, 3)[1]
    assert [e for e in beside if e.centre == "A"] == alone


def test_named_groups_are_held_out() -> None:
    training, validation = split_by_group(examples_of({"A": [3, 4, 5]}), 0.1, 0, hold_out=["A/1"])
    assert {e.group for e in validation} == {"A/1"}
    assert len(training) == 8


def test_an_unknown_group_is_told() -> None:
    with pytest.raises(DataError, match="No group or centre is called 'OP9'"):
        split_by_group(examples_of({"A": [3, 4]}), 0.1, 0, hold_out=["OP9"])


def test_one_patient_cannot_be_split() -> None:
    with pytest.raises(DataError, match="too few patients"):
        split_by_group(examples_of({"A": [30]}), 0.1, 0)
