"""The tables of a project, how they came to be version by version, and the check that a file holds nothing else.

What a release wrote is never edited again: a change is one more text in `_VERSIONS`. New files and old ones go through
the same statements, so that they hold the same tables to the letter.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x4D534750  # "MSGP", told by `file`

_FIRST = """
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    centre TEXT NOT NULL,
    frame_count INTEGER NOT NULL
) STRICT;

CREATE TABLE frame (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES source (id),
    frame_index INTEGER NOT NULL CHECK (frame_index >= 0),
    time_s REAL NOT NULL,
    name TEXT NOT NULL,
    height INTEGER NOT NULL CHECK (height > 0),
    width INTEGER NOT NULL CHECK (width > 0),
    weights TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    UNIQUE (source_id, frame_index)
) STRICT;

-- What one reader did with a frame; the second reader has rows of their own.
CREATE TABLE reading (
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    reader INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('to_do', 'predicted', 'corrected', 'accepted', 'rejected', 'skipped')),
    author TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (frame_id, reader)
) STRICT, WITHOUT ROWID;
CREATE INDEX reading_state ON reading (reader, state, frame_id);

CREATE TABLE lesion (
    id INTEGER PRIMARY KEY,
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    reader INTEGER NOT NULL,
    lesion_id INTEGER NOT NULL CHECK (lesion_id BETWEEN 1 AND 65535),
    class_id INTEGER NOT NULL,
    check_sum INTEGER NOT NULL,
    rle TEXT NOT NULL,
    UNIQUE (frame_id, reader, lesion_id)
) STRICT;
CREATE INDEX lesion_class ON lesion (reader, class_id, frame_id);

CREATE TABLE score (
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    name TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (name, frame_id)
) STRICT, WITHOUT ROWID;

-- Undo: the pixels that a step turned over, lesion by lesion, so that one entry serves both directions.
CREATE TABLE step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    reader INTEGER NOT NULL,
    title TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX step_reader ON step (reader, undone, id, bytes);

CREATE TABLE step_lesion (
    step_id INTEGER NOT NULL REFERENCES step (id) ON DELETE CASCADE,
    lesion_id INTEGER NOT NULL,
    class_before INTEGER,
    class_after INTEGER,
    difference TEXT NOT NULL,
    PRIMARY KEY (step_id, lesion_id)
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    author TEXT NOT NULL,
    reader INTEGER NOT NULL,
    action TEXT NOT NULL,
    frame_id INTEGER REFERENCES frame (id),
    details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_frame ON audit (frame_id);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit table is only added to'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit table is only added to'); END;
"""


# A second reader is to be blind, so notes are each reader's own. What each wrote last is in the audit table.
_NOTES_OF_READERS = """
CREATE TABLE note (
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    reader INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (frame_id, reader)
) STRICT, WITHOUT ROWID;
INSERT INTO note SELECT frame_id, reader, details FROM audit WHERE id IN
    (SELECT max(id) FROM audit WHERE action = 'set notes' AND frame_id IS NOT NULL GROUP BY frame_id, reader);
INSERT INTO note SELECT id, 1, notes FROM frame WHERE notes <> '' AND id NOT IN (SELECT frame_id FROM note);
ALTER TABLE frame DROP COLUMN notes;
"""

# Other weights measure otherwise. Of scores from before, nobody knows which weights made them.
_WEIGHTS_OF_SCORES = "ALTER TABLE score ADD COLUMN weights TEXT NOT NULL DEFAULT '';"

_VERSIONS = (_FIRST, _NOTES_OF_READERS, _WEIGHTS_OF_SCORES)  # of each version, what it changed in the one before
VERSION = len(_VERSIONS)


def create_tables(connection: sqlite3.Connection, version: int = VERSION) -> None:
    """Make the tables of a version in a new, empty database, in one transaction."""
    _run(connection, f"{''.join(_VERSIONS[:version])}PRAGMA application_id = {APPLICATION_ID};", version)


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Bring the tables of an older version up to ours, in one transaction; nothing is lost.

    Raises:
        sqlite3.Error: it cannot be written; the file stays as it was.
    """
    _run(connection, "".join(_VERSIONS[version:]), VERSION)


def is_as_expected(connection: sqlite3.Connection, version: int) -> bool:
    """Whether a database holds exactly our tables, indexes and triggers of a version.

    A trigger or view that somebody added would run as part of our own statements, so a file that has one is refused.
    """
    fresh = sqlite3.connect(":memory:")
    try:
        create_tables(fresh, version)
        return _objects(fresh) == _objects(connection)
    except UnicodeDecodeError:  # SQLite's own sentence about a damaged table quotes the damage
        return False
    finally:
        fresh.close()


def _run(connection: sqlite3.Connection, script: str, version: int) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version = {version};COMMIT;")
    finally:
        if connection.in_transaction:
            connection.rollback()


def _objects(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")
    return {(row[0], row[1], row[2] or "") for row in rows}
