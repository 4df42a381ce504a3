"""The questions that a project asks its database, and how their rows become records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medseg_gui.project.records import AuditEntry, FrameFilter, FrameKey, FrameRecord

Query = tuple[str, tuple[Any, ...]]

FRAME_ROW = (
    "SELECT frame.id, time_s, height, width FROM frame JOIN source ON source.id = source_id"
    " WHERE hash = ? AND frame_index = ?"
)
STATE = "SELECT state FROM reading WHERE frame_id = ? AND reader = ?"
SCORES = (
    "SELECT hash, frame_index, time_s, value, score.weights FROM score JOIN frame ON frame.id = frame_id"
    " JOIN source ON source.id = source_id WHERE score.name = ?"
)

_STEP = (
    "SELECT step.id, title, frame_id, state_before, state_after, hash, frame_index, time_s, height, width"
    " FROM step JOIN frame ON frame.id = frame_id JOIN source ON source.id = source_id WHERE reader = ?"
)
# By whether the steps are undone: the last one done comes first, and so does the last one undone.
STEPS = {0: f"{_STEP} AND undone = 0 ORDER BY step.id DESC", 1: f"{_STEP} AND undone = 1 ORDER BY step.id"}
STEP_LESIONS = {
    0: "SELECT lesion_id, class_before, difference FROM step_lesion WHERE step_id = ?",
    1: "SELECT lesion_id, class_after, difference FROM step_lesion WHERE step_id = ?",
}

_FRAMES = (
    " FROM frame JOIN source ON source.id = source_id"
    " LEFT JOIN reading ON reading.frame_id = frame.id AND reading.reader = ?1"
    " LEFT JOIN note ON note.frame_id = frame.id AND note.reader = ?1"
)
_COLUMNS = (
    "SELECT hash, frame_index, time_s, frame.name, height, width, coalesce(state, 'to_do'), coalesce(author, ''),"
    " coalesce(changed_at, ''), weights, coalesce(note.text, ''), centre"
)
# A condition whose parameter is NULL does not matter, so that one constant text serves every filter.
_WANTED = (
    " WHERE (?2 IS NULL OR instr(?2, '|' || coalesce(state, 'to_do') || '|')) AND (?3 IS NULL OR hash = ?3)"
    " AND (?4 IS NULL OR centre = ?4) AND (?5 IS NULL OR EXISTS"
    " (SELECT 1 FROM lesion WHERE lesion.frame_id = frame.id AND lesion.reader = ?1 AND class_id = ?5))"
)


def frames(wanted: FrameFilter, reader: int) -> Query:
    """Frames in the order of sources and time."""
    return f"{_COLUMNS}{_FRAMES}{_WANTED} ORDER BY source_id, frame_index", _parameters(wanted, reader)


def progress(wanted: FrameFilter, reader: int) -> Query:
    """(state, count) of the frames."""
    return f"SELECT coalesce(state, 'to_do') AS s, count(*){_FRAMES}{_WANTED} GROUP BY s", _parameters(wanted, reader)


def one_frame(key: FrameKey, reader: int) -> Query:
    """One frame."""
    return f"{_COLUMNS}{_FRAMES} WHERE hash = ?2 AND frame_index = ?3", (reader, key.source_hash, key.index)


def lesions(key: FrameKey, reader: int) -> Query:
    """(frame_id, height, width, lesion_id, class_id, check_sum, rle) of a frame's lesions."""
    statement = (
        "SELECT frame.id, height, width, lesion_id, class_id, check_sum, rle FROM lesion"
        " JOIN frame ON frame.id = frame_id JOIN source ON source.id = source_id"
        " WHERE hash = ? AND frame_index = ? AND reader = ? ORDER BY lesion.id"
    )
    return statement, (key.source_hash, key.index, reader)


def audit(key: FrameKey | None) -> Query:
    """Lines of the audit table, oldest first."""
    statement = (
        "SELECT at, author, reader, action, hash, frame_index, time_s, details FROM audit"
        " LEFT JOIN frame ON frame.id = frame_id LEFT JOIN source ON source.id = source_id"
        " WHERE ?1 IS NULL OR (hash = ?1 AND frame_index = ?2) ORDER BY audit.id"
    )
    return statement, (key.source_hash if key else None, key.index if key else None)


def frame_from_row(row: Sequence[Any]) -> FrameRecord:
    """A frame from a row of `frames` or `one_frame`."""
    return FrameRecord(FrameKey(*row[:3]), row[3], (row[4], row[5]), *row[6:])


def audit_from_row(row: Sequence[Any]) -> AuditEntry:
    """A line from a row of `audit`."""
    key = FrameKey(*row[4:7]) if row[4] is not None else None
    return AuditEntry(row[0], row[1], row[2], row[3], key, row[7])


def _parameters(wanted: FrameFilter, reader: int) -> tuple[Any, ...]:
    states = f"|{'|'.join(wanted.states)}|" if wanted.states is not None else None
    return reader, states, wanted.source_hash, wanted.centre, wanted.class_id
