"""Corrected frames as a data set to learn from: whose they are, and a copy that training reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.data.mask_file import read_mask
from medseg_gui.errors import DataError
from medseg_gui.media.folder import ImageFolder
from medseg_gui.project.corrected_frames import corrected_frames, name_patient, write_examples
from medseg_gui.project.records import ACCEPTED, NO_CENTRE, REJECTED, FrameKey, lesions_from_class_mask
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP

SIZE = (48, 64)


def add_folder(project: Project, folder: Path, names: list[str], centre: str = "", seed: int = 0) -> list[FrameKey]:
    """A folder of pictures that look nothing alike, each corrected; every second one shows a polyp."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for name in names:
        coarse = rng.integers(0, 255, (6, 8, 3), np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_NEAREST))
    source = ImageFolder(folder)
    project.add_source(source, centre)
    keys = [FrameKey(source.source_id, i, float(t)) for i, t in enumerate(source.frame_times)]
    for i, key in enumerate(keys):
        mask = np.zeros(SIZE, np.uint8)
        mask[10:30, 10 + i : 40] = POLYP if i % 2 == 0 else 0
        project.write_mask(key, lesions_from_class_mask(mask), SIZE, name=source.names[i])
    return keys


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p") as made:
        yield made


def test_patients_are_told_by_names_else_by_likeness(project: Project, tmp_path: Path) -> None:
    keys = add_folder(project, tmp_path / "rigid", ["OP1_1.png", "OP1_2.png", "OP2_1.png"], "Hospital A")
    others = add_folder(project, tmp_path / "own", ["a.png", "b.png"], seed=1)
    picture = cv2.imread(str(tmp_path / "own" / "a.png"))
    cv2.imwrite(str(tmp_path / "own" / "b.png"), picture + 1)  # nearly the same scene
    project.set_state([keys[1]], REJECTED)
    frames = {f.key: f for f in corrected_frames(project)}
    assert set(frames) == {keys[0], keys[2], *others}
    assert frames[keys[0]].group != frames[keys[2]].group
    assert frames[keys[0]].centre == "Hospital_A"
    assert frames[keys[0]].title == "rigid · OP1"
    assert frames[keys[0]].classes == {POLYP}
    assert frames[others[0]].centre == NO_CENTRE
    assert frames[others[0]].group == frames[others[1]].group
    assert all("own" not in f.group for f in frames.values()), "a recording's name may name a patient"


def test_recordings_of_one_name_are_one_patient(project: Project, tmp_path: Path) -> None:
    add_folder(project, tmp_path / "rigid", ["OP1_1.png", "OP2_1.png"])
    first, second = corrected_frames(project)
    name_patient(project, [first.recording, second.recording], "Mrs. Jones")
    named = corrected_frames(project)
    assert len({f.group for f in named}) == 1
    assert {f.title for f in named} == {"Mrs. Jones"}
    assert "Jones" not in named[0].group
    name_patient(project, [first.recording], "")
    assert len({f.group for f in corrected_frames(project)}) == 2
    (project.folder / "patients.json").write_text("nonsense")
    assert corrected_frames(project) == (first, second)


def test_a_hospital_can_be_named_later(project: Project, tmp_path: Path) -> None:
    keys = add_folder(project, tmp_path / "own", ["a.png"])
    project.set_centre([keys[0].source_hash], "North/East")
    assert corrected_frames(project)[0].centre == "North_East"
    project.set_centre([keys[0].source_hash], "")
    assert corrected_frames(project)[0].centre == NO_CENTRE


def test_accepted_predictions_are_told_apart_from_what_a_person_drew(project: Project, tmp_path: Path) -> None:
    keys = add_folder(project, tmp_path / "own", ["a.png", "b.png"])
    lesions = project.read_mask(keys[0])
    third = replace(keys[0], index=0)
    project.write_mask(third, lesions, SIZE, state=ACCEPTED, weights="polyp@1234")
    told = {f.key: f.proposed_by for f in corrected_frames(project)}
    assert told == {keys[0]: "polyp@1234", keys[1]: ""}


def test_training_reads_the_copy_with_the_same_groups(project: Project, tmp_path: Path) -> None:
    add_folder(project, tmp_path / "rigid", ["OP1_1.png", "OP1_2.png", "OP2_1.png"], "A")
    keys = add_folder(project, tmp_path / "own", ["a.png", "b.png"], seed=1)
    both = np.zeros(SIZE, np.uint8)
    both[:10], both[20:30] = POLYP, INSTRUMENT
    project.write_mask(keys[0], lesions_from_class_mask(both), SIZE)
    frames = corrected_frames(project)
    steps: list[tuple[int, int]] = []
    left_out = write_examples(
        project,
        {f.key: (f.centre, f.patient) for f in frames},
        tmp_path / "copy",
        lambda done, total: steps.append((done, total)),
    )
    assert left_out == 0
    assert steps[-1] == (5, 5)
    examples = read_dataset(tmp_path / "copy")
    assert sorted(e.group for e in examples) == sorted(f.group for f in frames)
    copied = next(e for e in examples if e.image.stem.endswith("_000000") and e.centre == NO_CENTRE)
    assert copied.mask is not None
    assert (read_mask(copied.mask) == (both == POLYP)).all()
    instruments = read_dataset(tmp_path / "copy", INSTRUMENT)
    marked = [read_mask(e.mask).sum() for e in instruments if e.mask is not None]
    assert sorted(marked) == [0, 0, 0, 0, 640]
    original = cv2.imread(str(tmp_path / "own" / "a.png"))
    assert (cv2.imread(str(copied.image)) == original).all()


def test_frames_whose_source_is_gone_are_left_out(project: Project, tmp_path: Path) -> None:
    add_folder(project, tmp_path / "one", ["a.png", "b.png"])
    add_folder(project, tmp_path / "two", ["a.png"], seed=1)
    shutil.rmtree(tmp_path / "one")
    frames = corrected_frames(project)
    assert [f.is_there for f in frames] == [False, False, True]
    groups = {f.key: (f.centre, f.patient) for f in frames}
    assert write_examples(project, groups, tmp_path / "copy") == 2
    assert len(read_dataset(tmp_path / "copy")) == 1
    shutil.rmtree(tmp_path / "two")
    with pytest.raises(DataError, match="None of the corrected frames"):
        write_examples(project, groups, tmp_path / "copy2")
