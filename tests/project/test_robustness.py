"""What goes wrong with disks, drives, versions and other programs: a sentence, and the work is kept."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from medseg_gui.errors import DataError, MedsegError, OutputError, ProjectError
from medseg_gui.project.backup import KEPT, last_good_backup, list_backups, restore
from medseg_gui.project.database import DATABASE_NAME, DamagedProjectError
from medseg_gui.project.edits import MaskEdit, NotesEdit, StateEdit, StepEdit
from medseg_gui.project.records import ACCEPTED, SKIPPED
from medseg_gui.project.store import Project
from medseg_gui.project.unsaved import Unsaved
from tests.conftest import ROOT
from tests.project.conftest import SIZE, key_of, lesions_of


@pytest.fixture
def filled(folder: Path) -> Path:
    """A project with two masks, and a backup that holds the first only."""
    with Project(folder) as project:
        project.write_mask(key_of(project, 0), lesions_of(0), SIZE)
        project.back_up()
        project.write_mask(key_of(project, 1), lesions_of(1), SIZE)
        project._changed = False  # so that closing makes no newer backup
    return folder


def test_a_project_is_open_once(folder: Path) -> None:
    with Project(folder), pytest.raises(ProjectError, match=r"already open in process \d+ on .*close it there"):
        Project(folder)
    Project(folder).close()


def test_another_process_is_shut_out_and_a_dead_one_is_not_missed(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from medseg_gui.project.store import Project\n"
        "p = Project(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"open\n"
    with pytest.raises(ProjectError, match=f"process {child.pid}"):
        Project(folder)
    child.kill()
    child.communicate()
    Project(folder).close()


def test_a_newer_version_is_told(filled: Path) -> None:
    with sqlite3.connect(filled / DATABASE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ProjectError, match="newer version") as caught:
        Project(filled)
    assert not isinstance(caught.value, DamagedProjectError)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER INSERT ON lesion BEGIN DELETE FROM reading; END",
        "CREATE VIEW evil AS SELECT * FROM lesion",
        "DROP TRIGGER audit_is_not_deleted",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
    ],
)
def test_a_database_that_somebody_changed_is_refused(filled: Path, statement: str) -> None:
    with sqlite3.connect(filled / DATABASE_NAME) as connection:
        connection.execute(statement)
    with pytest.raises(DamagedProjectError, match="restore"):
        Project(filled)


@pytest.mark.parametrize("left", [0, 50, 3000, 4096, 20000])
def test_a_truncated_database_is_told_and_restored(filled: Path, left: int) -> None:
    database = filled / DATABASE_NAME
    database.write_bytes(database.read_bytes()[:left])
    with pytest.raises(DamagedProjectError, match="restore` puts back the backup") as caught:
        Project(filled)
    assert caught.value.backup == last_good_backup(filled)
    aside = restore(filled)
    assert aside.stat().st_size == left
    with Project(filled) as project:
        assert project.read_mask(key_of(project, 0)) == lesions_of(0)
        assert project.read_mask(key_of(project, 1)) == ()


def test_bit_flips_are_told_or_do_no_harm(filled: Path) -> None:
    """Whatever bit is wrong, what is read is what was written, or there is a sentence."""
    database = filled / DATABASE_NAME
    sound = database.read_bytes()
    chance = random.Random(0)
    told = 0
    used = [place for place, byte in enumerate(sound) if byte]  # most of a small database is empty pages
    for _ in range(80):
        broken = bytearray(sound)
        broken[chance.choice(used)] ^= 1 << chance.randrange(8)
        database.write_bytes(broken)
        try:
            with Project(filled) as project:
                keys = [key_of(project, i) for i in (0, 1)]
                masks = [project.read_mask(key) for key in keys]
        except MedsegError:
            told += 1
        else:
            assert masks == [lesions_of(0), lesions_of(1)]
    assert told > 5


def test_a_flipped_bit_inside_a_mask_is_found(filled: Path) -> None:
    database = filled / DATABASE_NAME
    content = database.read_bytes()
    text = lesions_of(1)[0].mask.text.encode()
    assert content.count(text) >= 1
    database.write_bytes(content.replace(text, text[:-1] + bytes([text[-1] ^ 1])))
    with Project(filled) as project:
        assert project.read_mask(key_of(project, 0)) == lesions_of(0)
        with pytest.raises(ProjectError, match="damaged on the disk"):
            project.read_mask(key_of(project, 1))
        before = list_backups(filled)
        with pytest.raises(ProjectError, match="damaged"):
            project.back_up()
        assert list_backups(filled) == before, "a damaged copy never takes a good one's place"


def test_unsound_backups_are_passed_over(filled: Path) -> None:
    with Project(filled) as project:
        newest = project.back_up()
    newest.write_bytes(newest.read_bytes()[:5000])
    good = last_good_backup(filled)
    assert good is not None
    assert good < newest
    for backup in list_backups(filled):
        backup.unlink()
    (filled / DATABASE_NAME).write_bytes(b"no database")
    with pytest.raises(DamagedProjectError, match="there is no backup"):
        Project(filled)
    with pytest.raises(ProjectError, match="no backup"):
        restore(filled)


def test_closing_backs_up_what_was_changed_and_keeps_a_few(folder: Path) -> None:
    for i in range(KEPT + 2):
        with Project(folder) as project:
            project.write_mask(key_of(project, 0), lesions_of(i), SIZE)
    count = len(list_backups(folder))
    Project(folder).close()
    assert count == len(list_backups(folder)) == KEPT
    assert not list((folder / "backups").glob("*.part"))


def full(project: Project) -> None:
    """As a full disk: the file must not grow."""
    connection = project._database._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_keeps_the_work_and_says_so_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Project(folder) as project:
        unsaved = Unsaved(project)
        key = key_of(project, 0)
        assert unsaved.save(MaskEdit(key, lesions_of(0), SIZE)) == ""
        full(project)
        large = [MaskEdit(key, lesions_of(i % 5), SIZE, title="x" * 20_000) for i in range(1, 4)]
        assert "the disk is full; free some space; your work is kept in memory" in unsaved.save(large[0])
        assert unsaved.save(large[1]) == ""
        assert unsaved.save(StateEdit((key,), ACCEPTED)) == ""
        assert (unsaved.count, unsaved.frames) == (3, {key})
        assert unsaved.read_mask(key) == lesions_of(2)
        assert project.read_mask(key) == lesions_of(0)
        assert unsaved.undo() == key
        assert unsaved.read_mask(key) == lesions_of(1)
        assert {r.levelno for r in caplog.records} == {logging.WARNING}
        project._database._connection.execute("PRAGMA max_page_count = 100000")
        assert unsaved.retry() == ""
        assert unsaved.count == 0
        assert project.frame(key).state == ACCEPTED
        assert unsaved.undo() == key
        assert unsaved.read_mask(key) == lesions_of(0)


def test_a_disk_that_takes_no_more_bytes_keeps_the_work(folder: Path) -> None:
    """The system itself refuses to let files grow, in the middle of a transaction."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Project(folder) as project:
        unsaved = Unsaved(project)
        key = key_of(project, 0)
        unsaved.save(MaskEdit(key, lesions_of(0), SIZE))
        size = max(f.stat().st_size for f in folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            told = [unsaved.save(MaskEdit(key, lesions_of(i % 5), SIZE, title="x" * 9000)) for i in range(1, 4)]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [bool(sentence) for sentence in told] == [True, False, False]
        assert (unsaved.count, unsaved.read_mask(key)) == (3, lesions_of(3))
        assert project.read_mask(key) == lesions_of(0)
        assert unsaved.retry() == ""
        assert (unsaved.count, project.read_mask(key)) == (0, lesions_of(3))


def test_a_read_only_disk_keeps_the_work(folder: Path) -> None:
    with Project(folder) as project:
        unsaved = Unsaved(project)
        project._database._connection.execute("PRAGMA query_only = ON")
        assert "it is read-only" in unsaved.save(MaskEdit(key_of(project, 0), lesions_of(0), SIZE))
        project._database._connection.execute("PRAGMA query_only = OFF")
        assert unsaved.save(NotesEdit(key_of(project, 0), "flat")) == ""
        assert project.frame(key_of(project, 0)).notes == "flat"


@pytest.mark.parametrize("anew", [False, True])
def test_an_unplugged_drive_keeps_the_work_until_it_is_back(folder: Path, anew: bool) -> None:
    away = folder.with_name("in the pocket")
    with Project(folder) as project:
        unsaved = Unsaved(project)
        key = key_of(project, 0)
        unsaved.save(MaskEdit(key, lesions_of(0), SIZE))
        if anew:  # another copy with the same content, as a drive that is mounted again
            shutil.copytree(folder, away)
            shutil.rmtree(folder)
        else:
            folder.rename(away)
        assert "plug the drive back in" in unsaved.save(MaskEdit(key, lesions_of(1), SIZE))
        assert unsaved.save(MaskEdit(key, lesions_of(2), SIZE)) == ""
        assert unsaved.read_mask(key) == lesions_of(2)
        away.rename(folder)
        assert unsaved.retry() == ""
        assert unsaved.count == 0
    with Project(folder) as project:
        assert project.read_mask(key) == lesions_of(2)
        assert project.undo() == key
        assert project.read_mask(key) == lesions_of(1)


def test_a_damaged_frame_does_not_hold_up_the_others(filled: Path) -> None:
    database = filled / DATABASE_NAME
    text = lesions_of(1)[0].mask.text.encode()
    database.write_bytes(database.read_bytes().replace(text, text[:-1] + bytes([text[-1] ^ 1])))
    with Project(filled) as project:
        unsaved = Unsaved(project)
        damaged, sound = key_of(project, 1), key_of(project, 0)
        assert "damaged on the disk" in unsaved.save(MaskEdit(damaged, lesions_of(2), SIZE))
        assert unsaved.save(MaskEdit(sound, lesions_of(3), SIZE)) == ""
        assert unsaved.save(StateEdit((damaged, sound), ACCEPTED)) == ""
        assert unsaved.save(NotesEdit(sound, "flat")) == ""
        assert unsaved.count == 3, "what touches the damaged frame waits, and what follows it there"
        assert project.read_mask(sound) == lesions_of(3)
        assert unsaved.read_mask(damaged) == lesions_of(2)
        project._changed = False  # a backup of this would be refused, with a warning


def test_a_wrong_edit_is_not_kept(folder: Path) -> None:
    with Project(folder) as project:
        unsaved = Unsaved(project)
        with pytest.raises(DataError):
            unsaved.save(StateEdit((key_of(project, 0),), SKIPPED))
        assert unsaved.count == 0


def test_strokes_survive_a_killed_process(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "kill_loop.py"), "--rounds", "5", "--folder", str(tmp_path / "killed")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "5 of 5 rounds" in result.stdout


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="choose another folder"):
        Project.create(tmp_path / "file" / "project")


def test_steps_of_undo_reach_the_journal_in_their_order(folder: Path) -> None:
    """Three strokes, of which the last one waits for the disk; then undo three times and redo three times."""
    with Project(folder) as project:
        unsaved, key = Unsaved(project), key_of(project, 0)
        for number in (0, 1):
            unsaved.save(MaskEdit(key, lesions_of(number), SIZE))
        project._database._connection.execute("PRAGMA query_only = ON")
        assert unsaved.save(MaskEdit(key, lesions_of(2), SIZE))
        assert not unsaved.save(StepEdit(key))
        assert unsaved.count == 0
        assert unsaved.save(StepEdit(key))  # this one is on the disk
        assert unsaved.count == 1
        project._database._connection.execute("PRAGMA query_only = OFF")
        assert unsaved.save(StepEdit(key)) == ""
        assert project.read_mask(key) == ()
        for number in (0, 1, 2):
            unsaved.save(StepEdit(key, is_redo=True))
            assert project.read_mask(key) == lesions_of(number)


def test_a_step_of_another_frame_is_refused_and_changes_nothing(folder: Path) -> None:
    with Project(folder) as project:
        unsaved, key = Unsaved(project), key_of(project, 0)
        unsaved.save(MaskEdit(key, lesions_of(0), SIZE))
        with pytest.raises(DataError, match="another step"):
            unsaved.save(StepEdit(key_of(project, 1)))
        assert project.read_mask(key) == lesions_of(0)
        assert unsaved.count == 0
