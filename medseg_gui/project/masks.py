"""Lesions of one frame in the tables, and the undo journal: what a step turned over is kept, not whole pictures.

The difference of two masks serves both ways: laid over the newer it gives the older, and the other way round. It
costs some bytes for each row that a stroke crosses, whatever the size of the frame.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from medseg_gui.errors import ProjectError
from medseg_gui.project.records import Lesion
from medseg_gui.project.rle import RunLength, empty

# The oldest steps are forgotten beyond either of these. 2000 ordinary strokes at 4K take some megabytes.
MOST_STEPS = 2000
MOST_STEP_BYTES = 64 * 1024**2

_LESIONS = "SELECT lesion_id, class_id, check_sum, rle FROM lesion WHERE frame_id = ? AND reader = ? ORDER BY id"


def lesions_from_rows(
    rows: Iterable[Sequence[Any]], frame_id: int, reader: int, size: tuple[int, int]
) -> tuple[Lesion, ...]:
    """Lesions of a frame as their rows tell.

    Args:
        rows: (lesion_id, class_id, check_sum, rle).
        frame_id, reader: whose rows they are; part of the check sum.
        size: (height, width) of the frame.

    Raises:
        ProjectError: a row is not as it was written.
    """
    lesions = []
    for lesion_id, class_id, check_sum, text in rows:
        if check_sum != _check_sum(frame_id, reader, lesion_id, class_id, text):
            raise ProjectError(
                "The mask of a frame was damaged on the disk; take it from the last backup (`medseg project restore`)."
            )
        lesions.append(Lesion(lesion_id, class_id, RunLength(*size, text)))
    return tuple(lesions)


def read_lesions(
    connection: sqlite3.Connection, frame_id: int, reader: int, size: tuple[int, int]
) -> tuple[Lesion, ...]:
    """Lesions of a frame, as `lesions_from_rows`."""
    return lesions_from_rows(connection.execute(_LESIONS, (frame_id, reader)), frame_id, reader, size)


def replace_lesions(connection: sqlite3.Connection, frame_id: int, reader: int, lesions: Sequence[Lesion]) -> None:
    """Put lesions in the place of those that were there."""
    connection.execute("DELETE FROM lesion WHERE frame_id = ? AND reader = ?", (frame_id, reader))
    connection.executemany(
        "INSERT INTO lesion (frame_id, reader, lesion_id, class_id, check_sum, rle) VALUES (?, ?, ?, ?, ?, ?)",
        [(frame_id, reader, x.lesion_id, x.class_id, _sum_of(frame_id, reader, x), x.mask.text) for x in lesions],
    )


def record_step(
    connection: sqlite3.Connection,
    frame_id: int,
    reader: int,
    title: str,
    before: tuple[str, Sequence[Lesion]],
    after: tuple[str, Sequence[Lesion]],
    size: tuple[int, int],
) -> None:
    """Add a step to the journal; what had been undone can no longer be redone.

    Args:
        title: what was done, in words for a menu.
        before, after: (state, lesions) of the frame.
        size: (height, width) of the frame.
    """
    changes = list(_changes(before[1], after[1], size))
    used = sum(len(change[3]) for change in changes) + len(title) + 100
    connection.execute("DELETE FROM step WHERE reader = ? AND undone = 1", (reader,))
    step = connection.execute(
        "INSERT INTO step (frame_id, reader, title, state_before, state_after, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        (frame_id, reader, title, before[0], after[0], used),
    ).lastrowid
    connection.executemany("INSERT INTO step_lesion VALUES (?, ?, ?, ?, ?)", [(step, *change) for change in changes])
    _forget_oldest(connection, reader)


def apply_step(lesions: Sequence[Lesion], changes: Iterable[Sequence[Any]], size: tuple[int, int]) -> list[Lesion]:
    """Lesions after a step is undone or redone.

    Args:
        lesions: as they are.
        changes: (lesion_id, class it is to have or None for none at all, difference).
        size: (height, width) of the frame.
    """
    result = {x.lesion_id: x for x in lesions}
    for lesion_id, class_id, text in changes:
        old = result.pop(lesion_id, None)
        if class_id is not None:
            mask = (old.mask if old else empty(*size)) ^ RunLength(*size, text)
            result[lesion_id] = Lesion(lesion_id, class_id, mask)
    return [result[i] for i in sorted(result)]


def _changes(
    before: Sequence[Lesion], after: Sequence[Lesion], size: tuple[int, int]
) -> Iterable[tuple[int, int | None, int | None, str]]:
    """(lesion_id, class before, class after, difference) of each lesion that changed."""
    old, new = ({x.lesion_id: x for x in lesions} for lesions in (before, after))
    nothing = empty(*size)
    for i in sorted(old.keys() | new.keys()):
        if old.get(i) != new.get(i):
            masks = [lesions[i].mask if i in lesions else nothing for lesions in (old, new)]
            classes = [lesions[i].class_id if i in lesions else None for lesions in (old, new)]
            yield i, classes[0], classes[1], (masks[0] ^ masks[1]).text


def _forget_oldest(connection: sqlite3.Connection, reader: int) -> None:
    kept, used = 0, 0
    for step, size in connection.execute(
        "SELECT id, bytes FROM step WHERE reader = ? AND undone = 0 ORDER BY id DESC", (reader,)
    ).fetchall():
        kept, used = kept + 1, used + size
        if kept > MOST_STEPS or (used > MOST_STEP_BYTES and kept > 1):
            connection.execute("DELETE FROM step WHERE reader = ? AND undone = 0 AND id <= ?", (reader, step))
            return


def _sum_of(frame_id: int, reader: int, lesion: Lesion) -> int:
    return _check_sum(frame_id, reader, lesion.lesion_id, lesion.class_id, lesion.mask.text)


def _check_sum(frame_id: int, reader: int, lesion_id: int, class_id: int, text: str) -> int:
    return zlib.crc32(f"{frame_id} {reader} {lesion_id} {class_id} {text}".encode())
