"""Projects of older versions are opened and keep everything."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from medseg_gui.errors import OutputError
from medseg_gui.project import database, schema
from medseg_gui.project.backup import check_all
from medseg_gui.project.database import DATABASE_NAME, DamagedProjectError
from medseg_gui.project.records import FrameKey
from medseg_gui.project.store import Project

KEYS = [FrameKey("ab12", index, index / 25) for index in range(3)]
ROWS_OF_VERSION_1 = """
INSERT INTO source VALUES (1, 'ab12', '../a.mp4', 'a.mp4', 'video', 'C1', 9);
INSERT INTO frame VALUES
    (1, 1, 0, 0.00, '', 48, 65, 'w@1', 'flat; no, raised'), (2, 1, 1, 0.04, '', 48, 65, '', 'before any audit'),
    (3, 1, 2, 0.08, '', 48, 65, '', '');
INSERT INTO score VALUES (1, 'flicker', 0.5);
INSERT INTO reading VALUES (1, 1, 'accepted', 'Ada', 'now'), (1, 2, 'rejected', 'Ben', 'now');
INSERT INTO audit (at, author, reader, action, frame_id, details) VALUES
    ('1', 'Ada', 1, 'set notes', 1, 'fl'), ('2', 'Ada', 1, 'set notes', 1, 'flat'),
    ('3', 'Ada', 1, 'set state', 1, 'x'),
    ('4', 'Ben', 2, 'set notes', 1, 'flat; no, raised');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A project of the first version, in which the second reader wrote over the notes of the first."""
    folder = tmp_path / "old"
    folder.mkdir()
    connection = sqlite3.connect(folder / DATABASE_NAME)
    schema.create_tables(connection, 1)
    connection.executescript(ROWS_OF_VERSION_1)
    connection.close()
    return folder


def notes_of(folder: Path, reader: int) -> list[str]:
    with Project(folder, reader=reader) as project:
        return [record.notes for record in project.frames()]


def version_of(folder: Path) -> int:
    with sqlite3.connect(folder / DATABASE_NAME) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_each_reader_gets_their_own_notes_back(old: Path) -> None:
    check_all(old / DATABASE_NAME)
    assert version_of(old) == 1, "a look changes nothing"
    for _ in range(2):  # the second time, it is of our version
        assert notes_of(old, 1) == ["flat", "before any audit", ""]
        assert notes_of(old, 2) == ["flat; no, raised", "", ""]
    assert version_of(old) == schema.VERSION
    with Project(old) as project:
        record = project.frame(KEYS[0])
        assert record is not None
        assert (record.state, record.author, record.weights) == ("accepted", "Ada", "w@1")
        assert len(project.audit()) == 4
        assert (project.scores("flicker"), project.score_weights("flicker")) == ({KEYS[0]: 0.5}, {KEYS[0]: ""})


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_a_changed_file_of_any_version_is_refused(tmp_path: Path, version: int) -> None:
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    schema.create_tables(connection, version)
    connection.execute("CREATE VIEW evil AS SELECT * FROM lesion")
    connection.close()
    with pytest.raises(DamagedProjectError, match="not as this program made them"):
        Project(tmp_path)
    assert version_of(tmp_path) == version


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_full_disk(connection: sqlite3.Connection, version: int) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        schema.upgrade(connection, version)

    with monkeypatch.context() as patched:
        patched.setattr(database, "upgrade", with_full_disk)
        with pytest.raises(OutputError, match="the disk is full"):
            Project(old)
    assert version_of(old) == 1
    assert notes_of(old, 1)[0] == "flat"
