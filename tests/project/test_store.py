"""The project on disk: what is written is what is read, after closing too."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from medseg_gui.errors import DataError, ProjectError, SourceError
from medseg_gui.media import open_source
from medseg_gui.project import masks
from medseg_gui.project.records import (
    ACCEPTED,
    CORRECTED,
    PREDICTED,
    SKIPPED,
    TO_DO,
    FrameFilter,
    FrameKey,
    class_mask,
    label_map,
    lesions_from_labels,
)
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP
from tests.project.conftest import FRAMES, SIZE, key_of, label_map_of, lesions_of


def test_a_mask_is_there_after_reopening(folder: Path) -> None:
    with Project(folder, "Ada") as project:
        key = key_of(project, 2)
        project.write_mask(key, lesions_of(2), SIZE, PREDICTED, weights="polyp-unet@1", name="frame2.png")
        project.write_mask(key, lesions_of(3), SIZE, weights="polyp-unet@2")
        project.set_notes(key, "flat, under the fold")
    with Project(folder, "Ben") as project:
        lesions = project.read_mask(key)
        assert lesions == lesions_of(3)
        np.testing.assert_array_equal(label_map(lesions, SIZE), label_map_of(3))
        assert set(np.unique(class_mask(lesions, SIZE))) == {0, POLYP, INSTRUMENT}
        frame = project.frame(key)
        assert frame is not None
        assert (frame.state, frame.author, frame.weights, frame.name) == (
            CORRECTED,
            "Ada",
            "polyp-unet@1",
            "frame2.png",
        )
        assert (frame.notes, frame.size, frame.centre) == ("flat, under the fold", SIZE, "C1")


def test_each_reader_has_notes_of_their_own(folder: Path) -> None:
    def notes(project: Project) -> list[str]:
        return [record.notes for record in project.frames()]

    with Project(folder, "Ada") as project:
        key = key_of(project, 0)
        project.add_frames([key], SIZE)
        project.set_notes(key, "surely flat")
        project.reader = 2
        assert notes(project) == [""]
        project.set_notes(key, "raised")
        project.set_notes(key, "raised, 5 mm")
        assert notes(project) == ["raised, 5 mm"]
        project.reader = 1
        assert notes(project) == ["surely flat"]


def test_what_nobody_touched_is_empty(folder: Path) -> None:
    with Project(folder) as project:
        assert project.read_mask(key_of(project, 0)) == ()
        assert project.frame(key_of(project, 0)) is None
        assert project.undo() is None
        assert project.redo() is None


def test_undo_goes_back_across_frames_and_over_closing(folder: Path) -> None:
    with Project(folder) as project:
        first, second = key_of(project, 0), key_of(project, 1)
        project.write_mask(first, lesions_of(0), SIZE, PREDICTED, title="accept")
        project.write_mask(second, lesions_of(1), SIZE, title="brush")
        project.write_mask(first, lesions_of(4)[:1], SIZE, title="eraser")
    with Project(folder) as project:
        assert project.undo_titles() == (["eraser", "brush", "accept"], [])
        assert project.undo() == first
        assert project.read_mask(first) == lesions_of(0)
        assert project.frame(first).state == PREDICTED
        assert project.undo() == second
        assert project.read_mask(second) == ()
        assert project.undo_titles() == (["accept"], ["brush", "eraser"])
    with Project(folder) as project:
        assert project.redo() == second
        assert project.read_mask(second) == lesions_of(1)
        assert project.redo() == first
        assert project.read_mask(first) == lesions_of(4)[:1]
        assert project.redo() is None
        project.undo()
        project.write_mask(second, (), SIZE, title="clear")
        assert project.undo_titles() == (["clear", "brush", "accept"], [])


def test_random_strokes_are_all_undone_and_redone(folder: Path) -> None:
    random = np.random.default_rng(1)
    with Project(folder) as project:
        history = [()]
        key = key_of(project, 0)
        for _ in range(30):
            labels = random.choice([0, 0, 1, 2, 9], SIZE).astype(np.uint16)
            labels[:, : random.integers(SIZE[1])] = 0
            classes = {i: int(random.integers(1, 3)) for i in (1, 2, 9)}
            history.append(lesions_from_labels(labels, classes))
            project.write_mask(key, history[-1], SIZE)
        for expected in reversed(history[:-1]):
            project.undo()
            assert project.read_mask(key) == expected
        for expected in history[1:]:
            project.redo()
            assert project.read_mask(key) == expected


@pytest.mark.parametrize(("limit", "value"), [("MOST_STEPS", 3), ("MOST_STEP_BYTES", 400)])
def test_the_journal_stays_within_its_bound(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(masks, limit, value)
    with Project(folder) as project:
        for i in range(12):
            project.write_mask(key_of(project, 0), lesions_of(i % 5), SIZE, title=str(i))
        done, _ = project.undo_titles()
        assert 0 < len(done) <= 3
        assert done[0] == "11"
        while project.undo():
            pass
        assert project.read_mask(key_of(project, 0)) == lesions_of((11 - len(done)) % 5)


def test_frames_are_filtered_and_counted(folder: Path) -> None:
    with Project(folder) as project:
        keys = [key_of(project, i) for i in range(FRAMES)]
        project.add_frames(keys, SIZE, [f"frame{i}.png" for i in range(FRAMES)])
        project.write_mask(keys[1], lesions_of(1), SIZE, ACCEPTED)
        project.write_mask(keys[3], lesions_of(3)[:1], SIZE)
        project.set_state([keys[0], keys[4]], SKIPPED)
        assert [f.key for f in project.frames()] == keys
        assert [f.key for f in project.frames(FrameFilter(states=(CORRECTED, ACCEPTED)))] == [keys[1], keys[3]]
        assert [f.key for f in project.frames(FrameFilter(states=(TO_DO,)))] == [keys[2]]
        assert [f.key for f in project.frames(FrameFilter(class_id=INSTRUMENT))] == [keys[1]]
        assert len(project.frames(FrameFilter(centre="C1"))) == FRAMES
        assert project.frames(FrameFilter(centre="C2")) == []
        assert project.frames(FrameFilter(states=())) == []
        assert project.frames(FrameFilter(source_hash="x")) == []
        assert project.progress() == {
            "to_do": 1, "predicted": 0, "corrected": 1, "accepted": 1, "rejected": 0, "skipped": 2,
        }  # fmt: skip
        assert project.progress(FrameFilter(class_id=POLYP))["to_do"] == 0


def test_the_second_reader_sees_nothing_of_the_first(folder: Path) -> None:
    with Project(folder, "Ada") as project:
        key = key_of(project, 0)
        project.write_mask(key, lesions_of(0), SIZE, ACCEPTED)
    with Project(folder, "Ben", reader=2) as project:
        assert project.read_mask(key) == ()
        assert project.frame(key).state == TO_DO
        assert project.frame(key).author == ""
        assert project.undo() is None
        project.write_mask(key, lesions_of(1), SIZE)
        assert project.read_mask(key, reader=1) == lesions_of(0)
    with Project(folder, "Ada") as project:
        assert project.read_mask(key) == lesions_of(0)
        assert project.frame(key).state == ACCEPTED


def test_a_mask_of_another_frame_is_refused_and_nothing_changes(folder: Path) -> None:
    with Project(folder) as project:
        key = key_of(project, 0)
        project.write_mask(key, lesions_of(0), SIZE)
        lines = len(project.audit())
        twice = (lesions_of(0)[0], lesions_of(1)[0])
        for wrong in (
            lambda: project.write_mask(FrameKey(key.source_hash, 0, 0.04), (), SIZE),
            lambda: project.write_mask(FrameKey("another", 0, 0.0), (), SIZE),
            lambda: project.write_mask(key, (), (SIZE[0], SIZE[1] + 1)),
            lambda: project.write_mask(key, twice, SIZE),
            lambda: project.write_mask(key, (), SIZE, "perfect"),
            lambda: project.write_mask(key_of(project, 1), lesions_of(1), (50, 50)),
            lambda: project.set_state([key, key_of(project, 1)], SKIPPED),
            lambda: project.set_notes(key_of(project, 1), "?"),
        ):
            with pytest.raises(DataError):
                wrong()
        assert project.read_mask(key) == lesions_of(0)
        assert project.frame(key).state == CORRECTED
        assert project.frame(key_of(project, 1)) is None
        assert len(project.audit()) == lines


def test_every_change_is_noted_and_no_note_can_be_changed(folder: Path) -> None:
    with Project(folder, "Ada") as project:
        key = key_of(project, 0)
        project.write_mask(key, lesions_of(0), SIZE, title="brush")
        project.set_state([key], ACCEPTED)
        project.undo()
        actions = [(entry.author, entry.action) for entry in project.audit(key)]
        assert actions == [("Ada", "brush"), ("Ada", "set state"), ("Ada", "undo brush")]
        assert project.audit()[0].action == "add source"
        assert project.audit()[0].key is None
    with sqlite3.connect(folder / "project.sqlite") as connection:
        for statement in ("UPDATE audit SET author = 'x'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                connection.execute(statement)


def test_text_of_any_kind_is_text(folder: Path) -> None:
    nasty = '\'); DROP TABLE lesion; --\n🔬 "%s" |'
    with Project(folder, nasty) as project:
        key = key_of(project, 0)
        project.write_mask(key, lesions_of(0), SIZE, title=nasty, name=nasty, weights=nasty)
        project.set_notes(key, nasty)
        assert project.frame(key).notes == project.frame(key).name == project.frame(key).author == nasty
        assert project.frames(FrameFilter(centre=nasty, source_hash=nasty, states=(nasty,))) == []
        assert project.read_mask(key) == lesions_of(0)


def test_scores_are_remembered(folder: Path) -> None:
    with Project(folder) as project:
        keys = [key_of(project, i) for i in range(2)]
        project.add_frames(keys, SIZE)
        project.set_scores("uncertainty", {keys[0]: 0.5, keys[1]: 0.25})
        project.set_scores("uncertainty", {keys[1]: 0.75})
        assert project.scores("uncertainty") == {keys[0]: 0.5, keys[1]: 0.75}
        assert project.scores("flicker") == {}
        project.set_scores("uncertainty", {keys[1]: 0.1}, "polyp@2")
        assert project.score_weights("uncertainty") == {keys[0]: "", keys[1]: "polyp@2"}


def test_a_project_and_its_sources_can_be_carried_elsewhere(folder: Path, pictures: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick" / "deep"
    stick.mkdir(parents=True)
    for moved in (folder, pictures):
        shutil.move(moved, stick)
    with Project(stick / folder.name) as project:
        assert project.missing_sources() == []
        with project.open_source(project.sources()[0].hash) as source:
            assert source.frame_count == FRAMES


def test_a_missing_source_is_found_by_its_content(folder: Path, pictures: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "renamed"
    with Project(folder) as project:
        source_hash = project.sources()[0].hash
        shutil.copytree(pictures, tmp_path / "elsewhere" / "changed")
        (tmp_path / "elsewhere" / "changed" / "frame0.png").write_bytes(b"other")
        shutil.move(pictures, other)
        assert [s.hash for s in project.missing_sources()] == [source_hash]
        with pytest.raises(SourceError, match="is not where it was"):
            project.open_source(source_hash)
        assert [s.path for s in project.relocate(tmp_path)] == ["../elsewhere/renamed"]
        assert project.missing_sources() == []
        with project.open_source(source_hash) as source:
            assert source.path.resolve() == other
        (other / "frame0.png").write_bytes(b"changed")
        with pytest.raises(SourceError, match="was changed"):
            project.open_source(source_hash)


def test_a_video_is_found_too_and_a_source_is_added_once(folder: Path, pictures: Path) -> None:
    with Project(folder) as project:
        with open_source(pictures / "frame0.png") as source:
            project.add_source(source)
            project.add_source(source, "C2")
        assert [(s.kind, s.centre) for s in project.sources()] == [("folder", "C1"), ("image", "C2")]
        (pictures / "frame0.png").rename(pictures.parent / "moved.png")
        assert [s.path for s in project.relocate(pictures.parent)] == ["../moved.png"]


def test_a_project_starts_in_a_folder_of_its_own(tmp_path: Path, pictures: Path) -> None:
    with pytest.raises(ProjectError, match="already holds"):
        Project.create(pictures)
    with pytest.raises(ProjectError, match="is not a project"):
        Project(tmp_path / "nowhere")
