# ruff: noqa: F811  fixtures of the project's tests
"""The project's worker with a real project on the disk: order, refusals, undo, two windows, damage, the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.editing.lesions import Lesions
from medseg_gui.media import open_source
from medseg_gui.project.backup import list_backups
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.edits import FrameEdit, MaskEdit, NotesEdit, StateEdit, StepEdit
from medseg_gui.project.records import ACCEPTED, CORRECTED, TO_DO, FrameFilter, FrameKey, label_map
from medseg_gui.project.store import Project
from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.state.project import STATE_CODES, FrameContent, Saving, Task
from medseg_gui.qt.workers.keeper import DEFAULT_NAME
from medseg_gui.qt.workers.project import ProjectWorker
from tests.project.conftest import FRAMES, SIZE, folder, lesions_of, pictures  # noqa: F401
from tests.qt.fakes import Heard

CLIP = orders.ShowSource("c0ffee", "clip.mp4", "video", Path("/clips/clip.mp4"), np.arange(40) / 25, False)


def clip_key(index: int) -> FrameKey:
    return FrameKey(CLIP.source_id, index, index / 25)


def stroke(index: int, number: int = 0) -> orders.Save:
    return orders.Save(MaskEdit(clip_key(index), lesions_of(number), SIZE, title="brush"))


class Ears:
    """Everything that the worker says."""

    def __init__(self, worker: ProjectWorker) -> None:
        self.opened, self.saved = Heard(worker.opened), Heard(worker.saved)
        self.content, self.stepped = Heard(worker.content_read), Heard(worker.stepped)
        self.failed, self.noticed = Heard(worker.failed), Heard(worker.noticed)
        self.offered, self.damaged = Heard(worker.offered), Heard(worker.damaged)
        self.states, self.listed, self.counted = map(Heard, (worker.states_changed, worker.listed, worker.counted))
        self.lane, self.task, self.compared = map(Heard, (worker.lane_read, worker.task_changed, worker.compared))


@pytest.fixture
def worker(qapp: object) -> Iterator[ProjectWorker]:
    worker = ProjectWorker(retry_ms=30, author="Ada")
    worker.start()
    yield worker
    worker.stop()
    worker.wait()


@pytest.fixture
def ears(worker: ProjectWorker) -> Ears:
    return Ears(worker)


def ask(qtbot: QtBot, worker: ProjectWorker, ears: Ears, *asked: orders.Order) -> None:
    """Ask for all of these, and wait until the last one was obeyed."""
    seen = len(ears.saved)
    for order in asked:
        worker.ask(order)
    qtbot.waitUntil(lambda: len(ears.saved) >= seen + len(asked), timeout=30_000)  # pages and films take their time


def read(qtbot: QtBot, worker: ProjectWorker, ears: Ears, key: FrameKey) -> FrameContent:
    ears.content.calls.clear()
    worker.read(key)
    qtbot.waitUntil(lambda: len(ears.content) > 0 and ears.content.last[0].key == key)
    return ears.content.last[0]


def pixels(lesions: Lesions | None) -> np.ndarray:
    assert lesions is not None
    return lesions.labels


def test_a_first_correction_without_a_project_is_on_the_disk(qtbot: QtBot, worker: ProjectWorker, ears: Ears) -> None:
    ask(qtbot, worker, ears, CLIP, stroke(3))
    info = ears.opened.last[0]
    assert (info.is_default, info.folder) == (True, paths.user_projects_dir() / DEFAULT_NAME)
    assert ears.saved.last == (Saving(), 1)
    with sqlite3.connect(f"file:{info.folder / DATABASE_NAME}?mode=ro", uri=True) as connection:
        assert connection.execute("SELECT count(*) FROM lesion").fetchone()[0] == len(lesions_of(0))
    content = read(qtbot, worker, ears, clip_key(3))
    assert (content.record.state, content.record.author) == (CORRECTED, "Ada")
    assert (pixels(content.lesions) == label_map(lesions_of(0), SIZE)).all()


def test_the_project_by_default_opens_at_the_start_only_if_it_is_there(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears
) -> None:
    ask(qtbot, worker, ears, orders.OpenDefault())
    assert not len(ears.opened)
    Project.create(paths.user_projects_dir() / DEFAULT_NAME).close()
    ask(qtbot, worker, ears, orders.OpenDefault())
    assert ears.opened.last[0].is_default


def test_a_second_window_corrects_into_another_default_project(qtbot: QtBot, worker: ProjectWorker, ears: Ears) -> None:
    with Project.create(paths.user_projects_dir() / DEFAULT_NAME):
        ask(qtbot, worker, ears, CLIP, stroke(0))
    assert ears.opened.last[0].name == f"{DEFAULT_NAME} 2"
    assert ears.saved.last == (Saving(), 1)


def test_what_is_read_holds_every_edit_that_was_asked_before(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, tmp_path: Path
) -> None:
    worker.ask(orders.CreateProject(tmp_path / "p"))
    worker.ask(CLIP)
    for number in range(5):
        worker.ask(stroke(1, number))
    content = read(qtbot, worker, ears, clip_key(1))
    assert (pixels(content.lesions) == label_map(lesions_of(4), SIZE)).all()


def test_undo_and_redo_walk_the_journal_after_reopening(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, tmp_path: Path
) -> None:
    ask(qtbot, worker, ears, orders.CreateProject(tmp_path / "p"), CLIP, stroke(1), stroke(2))
    ask(qtbot, worker, ears, orders.Save(StepEdit(clip_key(2))), orders.CloseProject())
    ask(qtbot, worker, ears, orders.OpenProject(tmp_path / "p"), orders.WalkJournal())
    assert ears.stepped.last[0].key == clip_key(1)
    assert ears.stepped.last[0].lesions is None
    ask(qtbot, worker, ears, orders.WalkJournal())
    assert ears.noticed.last == ("There is nothing to undo.",)
    ask(qtbot, worker, ears, orders.WalkJournal(is_redo=True))
    assert (pixels(ears.stepped.last[0].lesions) == label_map(lesions_of(0), SIZE)).all()


def test_a_refused_write_is_told_once_and_tried_again(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The drive is pulled out between two strokes, and comes back."""
    folder_, away = tmp_path / "p", tmp_path / "in the pocket"
    ask(qtbot, worker, ears, orders.CreateProject(folder_), CLIP, stroke(0))
    folder_.rename(away)
    ask(qtbot, worker, ears, stroke(0, 1), stroke(1, 2), orders.Save(StateEdit((clip_key(0),), ACCEPTED)))
    assert ears.saved.last[0].waiting == 3
    assert "plug the drive back in" not in ears.saved.last[0].trouble
    assert len(ears.failed) == 1
    assert "plug the drive back in; your work is kept in memory" in str(ears.failed.last[0])
    assert (pixels(read(qtbot, worker, ears, clip_key(0)).lesions) == label_map(lesions_of(1), SIZE)).all()
    caplog.clear()
    qtbot.wait(300)  # the last frame is remembered some time after it was shown, but not in a folder made for that
    assert not folder_.exists()
    away.rename(folder_)
    qtbot.waitUntil(lambda: ears.saved.last[0] == Saving())
    content = read(qtbot, worker, ears, clip_key(0))
    assert content.record.state == ACCEPTED
    assert len(ears.failed) == 1
    caplog.clear()


def test_unsaved_work_is_not_left_behind_for_another_project(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """But it goes along into a copy elsewhere."""
    ask(qtbot, worker, ears, orders.CreateProject(tmp_path / "p"), CLIP, stroke(0))
    (tmp_path / "p").rename(tmp_path / "in the pocket")
    ask(qtbot, worker, ears, stroke(1), orders.CreateProject(tmp_path / "other"))
    assert "1 edit is not saved yet" in str(ears.failed.last[0])
    assert ears.opened.last[0].name == "p"
    ask(qtbot, worker, ears, orders.CopyProject(tmp_path / "copy"))
    assert ears.saved.last[0] == Saving()
    assert ears.opened.last[0].paths[CLIP.source_id].resolve() == Path("/clips/clip.mp4").resolve()
    for index in (0, 1):
        assert read(qtbot, worker, ears, clip_key(index)).record.state == CORRECTED
    caplog.clear()


def test_a_project_in_another_window_is_told(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, tmp_path: Path
) -> None:
    ask(qtbot, worker, ears, orders.CreateProject(tmp_path / "p"))
    with Project(folder):
        ask(qtbot, worker, ears, orders.OpenProject(folder))
    assert "is already open in process" in str(ears.failed.last[0])
    assert ears.opened.last[0].name == "p", "the one that was open stays"


def test_a_newer_version_is_told(qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    ask(qtbot, worker, ears, orders.OpenProject(folder))
    assert "newer version" in str(ears.failed.last[0])
    assert not len(ears.opened)


def test_a_damaged_project_offers_its_backup(qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path) -> None:
    assert list_backups(folder)
    (folder / DATABASE_NAME).write_bytes(b"no database")
    ask(qtbot, worker, ears, orders.OpenProject(folder))
    assert ears.damaged.last == (folder,)
    sentence, action = ears.offered.last
    assert ("damaged. Its last good backup is of " in sentence, action) == (True, "restore")
    ask(qtbot, worker, ears, orders.RestoreProject(folder))
    assert ears.opened.last[0].folder == folder
    assert "kept as damaged-" in ears.noticed.last[0]


def test_missing_sources_are_offered_to_be_looked_for(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, pictures: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere" / "deep" / "pictures"
    moved.parent.mkdir(parents=True)
    pictures.rename(moved)
    ask(qtbot, worker, ears, orders.OpenProject(folder))
    assert ears.offered.last == ("The source is not where it was last; no mask is lost.", "relocate")
    assert len(ears.opened.last[0].missing) == 1
    ask(qtbot, worker, ears, orders.Relocate(tmp_path / "elsewhere"))
    assert ears.noticed.last == ("1 source was found; 0 still missing.",)
    assert not ears.opened.last[0].missing


def test_pictures_of_a_folder_are_to_do_and_a_video_is_only_known(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, pictures: Path
) -> None:
    with Project(folder) as project:
        source_id = project.sources()[0].hash
    other = pictures.with_name("other")
    other.mkdir()
    (other / "a.png").write_bytes((pictures / "frame0.png").read_bytes())
    from medseg_gui.media import open_source

    source = open_source(other)
    shown = orders.ShowSource(source.source_id, "other", "folder", other, source.frame_times, False)
    ask(qtbot, worker, ears, orders.OpenProject(folder), CLIP, shown, orders.ListFrames("time", FrameFilter()))
    records = ears.listed.last[0].records
    assert [(r.key.source_hash, r.name, r.size, r.state) for r in records] == [(source.source_id, "a.png", SIZE, TO_DO)]
    known = [s.hash for s in ears.opened.last[0].sources]
    assert known == [source_id, CLIP.source_id, source.source_id]
    assert ears.lane.last[1].tolist() == [STATE_CODES[TO_DO]]


def test_a_state_makes_an_unknown_frame_known_and_never_overwrites_a_mask(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears
) -> None:
    ask(qtbot, worker, ears, CLIP, stroke(0))
    for index in (0, 1):
        key = clip_key(index)
        ask(qtbot, worker, ears, orders.Save(FrameEdit(key, SIZE)), orders.Save(StateEdit((key,), ACCEPTED)))
    assert ears.states.last == ((clip_key(1),), ACCEPTED)
    assert (pixels(read(qtbot, worker, ears, clip_key(0)).lesions) == label_map(lesions_of(0), SIZE)).all()
    assert not pixels(read(qtbot, worker, ears, clip_key(1)).lesions).any(), "accepted as empty"
    qtbot.waitUntil(lambda: len(ears.counted) > 0 and ears.counted.last[0][ACCEPTED] == 2)


def test_a_wrong_edit_is_told_and_the_next_ones_are_written(qtbot: QtBot, worker: ProjectWorker, ears: Ears) -> None:
    unknown = FrameKey("beef", 0, 0.0)
    ask(qtbot, worker, ears, CLIP, orders.Save(NotesEdit(unknown, "?")), stroke(0))
    assert "does not know" in str(ears.failed.last[0])
    assert ears.saved.last == (Saving(), 2)
    assert read(qtbot, worker, ears, clip_key(0)).record.state == CORRECTED


def test_closing_writes_what_is_still_on_its_way(worker: ProjectWorker, ears: Ears, tmp_path: Path) -> None:
    worker.ask(orders.CreateProject(tmp_path / "p"))
    worker.ask(CLIP)
    for index in range(20):
        worker.ask(stroke(index))
    worker.stop()
    worker.wait()
    with Project(tmp_path / "p") as project:
        assert project.progress()[CORRECTED] == 20


def test_the_last_frame_is_remembered(qtbot: QtBot, worker: ProjectWorker, ears: Ears, tmp_path: Path) -> None:
    ask(qtbot, worker, ears, orders.CreateProject(tmp_path / "p"), CLIP)
    read(qtbot, worker, ears, clip_key(7))
    ask(qtbot, worker, ears, orders.CloseProject(), orders.OpenProject(tmp_path / "p"))
    assert ears.opened.last[0].place == clip_key(7)


def test_a_second_reader_is_blind_and_compared(qtbot: QtBot, worker: ProjectWorker, ears: Ears, tmp_path: Path) -> None:
    ask(qtbot, worker, ears, orders.CreateProject(tmp_path / "p"), CLIP, stroke(0, 0), stroke(1, 0))
    ask(qtbot, worker, ears, orders.Save(NotesEdit(clip_key(0), "surely flat")), orders.SetReader(2))
    assert ears.opened.last[0].reader == 2
    content = read(qtbot, worker, ears, clip_key(0))
    assert (content.record.state, content.lesions, content.record.notes) == (TO_DO, None, "")
    ask(qtbot, worker, ears, stroke(0, 0), stroke(1, 3))
    ask(qtbot, worker, ears, orders.ListFrames("disagreement", FrameFilter()), orders.Compare(clip_key(1), 1))
    listed, comparison = ears.listed.last[0], ears.compared.last[0]
    assert [r.key.index for r in listed.records] == [1, 0]
    assert (listed.scores[0], listed.scores[1]) == (pytest.approx(comparison.dice, abs=1e-6), 1.0)
    assert 0 < comparison.dice < 1
    assert sorted(comparison.contours) == [1, 2]
    assert all(comparison.contours.values())


def test_scores_order_the_list(qtbot: QtBot, worker: ProjectWorker, ears: Ears) -> None:
    keys = tuple(clip_key(i) for i in range(4))
    ask(qtbot, worker, ears, CLIP, orders.AddFrames(keys, SIZE))
    wish = orders.ListFrames("uncertainty", FrameFilter())
    ask(qtbot, worker, ears, wish)
    assert ears.listed.last[0].unscored == 4
    ask(qtbot, worker, ears, orders.SaveScores("uncertainty", {keys[2]: 0.9, keys[1]: 0.2}), wish)
    listed = ears.listed.last[0]
    assert [r.key.index for r in listed.records] == [2, 1, 0, 3]
    assert listed.unscored == 2


@pytest.mark.parametrize("name", ["png", "coco", "csv"])
def test_export_and_import(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, pictures: Path, tmp_path: Path, name: str
) -> None:
    with Project(folder) as project:
        key = FrameKey(project.sources()[0].hash, 2, 2 / 25)
        project.write_mask(key, lesions_of(1), SIZE, name="frame2.png")
    out = tmp_path / "out"
    ask(qtbot, worker, ears, orders.OpenProject(folder), orders.ExportFrames(name, out, (CORRECTED,)))
    assert ears.noticed.last[0].startswith("1 frame went to out.")
    assert ears.task.last == (None,)
    if name != "csv":
        ask(qtbot, worker, ears, orders.CreateProject(tmp_path / "new"), orders.ImportFrames(name, out))
        assert ears.noticed.last[0] == "1 frame got a mask."
        qtbot.waitUntil(lambda: len(ears.counted) > 0 and ears.counted.last[0][CORRECTED] == 1)


def test_an_edit_does_not_wait_for_the_end_of_an_export(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, pictures: Path, tmp_path: Path
) -> None:
    with Project(folder) as project:
        keys = [FrameKey(project.sources()[0].hash, i, i / 25) for i in range(FRAMES)]
        for key in keys:
            project.write_mask(key, lesions_of(1), SIZE, name=f"frame{key.index}.png")
    seen: list[int] = []

    def note(task: Task | None) -> None:  # on the worker's thread, between two pictures
        seen.append(worker._edits_seen)
        if task is not None and task.done == 1:
            worker.ask(orders.Save(MaskEdit(keys[0], lesions_of(4), SIZE)))

    worker.task_changed.connect(note, Qt.ConnectionType.DirectConnection)
    ask(qtbot, worker, ears, orders.OpenProject(folder), orders.ExportFrames("png", tmp_path / "out", (CORRECTED,)))
    qtbot.waitUntil(lambda: len(seen) == FRAMES + 2)
    assert seen == [0, 0, 1, 1, 1, 1, 1]


def with_masks(folder: Path) -> str:
    """Masks on three frames of the pictures' project; gives their source."""
    with Project(folder) as project:
        source_hash = project.sources()[0].hash
        for index in range(3):
            project.write_mask(FrameKey(source_hash, index, index / 25), lesions_of(index), SIZE)
    return source_hash


def test_a_report_and_a_video_are_written(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, tmp_path: Path
) -> None:
    import medseg_gui.case_explanations  # noqa: F401  with torch: longer than an answer is waited for on a busy machine

    source_hash = with_masks(folder)
    report = orders.WriteReport(tmp_path / "case.pdf", (CORRECTED,), deidentify=True)
    ask(qtbot, worker, ears, orders.OpenProject(folder), report)
    assert ears.noticed.last[0].startswith("The report of 3 frames is ready: case.pdf. Look through it")
    one = orders.WriteReport(tmp_path / "one.pdf", (), FrameKey(source_hash, 1, 1 / 25), explain="lrp")
    ask(qtbot, worker, ears, one)
    assert ears.noticed.last[0] == "The report of 1 frame is ready: one.pdf."
    ask(qtbot, worker, ears, orders.WriteVideo(tmp_path / "masks.mp4", source_hash))
    assert ears.noticed.last[0] == f"The video of {FRAMES} frames is ready: masks.mp4."
    assert ears.task.calls[-2][0] == Task("Writing the video", FRAMES, FRAMES)
    assert ears.task.last == (None,)
    with open_source(tmp_path / "masks.mp4") as video:
        assert video.frame_count == FRAMES
    assert (tmp_path / "case.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["case.pdf", "masks.mp4"])
def test_a_stopped_report_or_video_leaves_nothing(
    qtbot: QtBot, worker: ProjectWorker, ears: Ears, folder: Path, tmp_path: Path, name: str
) -> None:
    source_hash, place = with_masks(folder), tmp_path / "out"
    place.mkdir()

    def stop(task: Task | None) -> None:  # on the worker's thread, after the first frame
        if task is not None and task.done == 1:
            worker.stop_task()

    worker.task_changed.connect(stop, Qt.ConnectionType.DirectConnection)
    path = place / name
    order = orders.WriteVideo(path, source_hash) if name == "masks.mp4" else orders.WriteReport(path, (CORRECTED,))
    ask(qtbot, worker, ears, orders.OpenProject(folder), order)
    assert ears.noticed.last[0] == f"Writing the {'video' if name == 'masks.mp4' else 'report'} was stopped."
    assert not list(place.iterdir())
