"""What is written inside one transaction: frames, lesions, states, steps of undo, and the audit line beside each."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from medseg_gui.errors import DataError
from medseg_gui.project import masks, queries
from medseg_gui.project.records import STATES, TO_DO, FrameKey, Lesion
from medseg_gui.types import CLASS_NAMES

# Times of one frame come from one decoder; what differs by more than this is another frame.
_SAME_TIME_S = 1e-4


class Pen:
    """Writes for one person during one transaction; `Project` opens and ends that.

    Args:
        connection: inside a transaction.
        author, reader: who writes.
    """

    def __init__(self, connection: sqlite3.Connection, author: str, reader: int) -> None:
        self.connection, self._author, self._reader = connection, author, reader

    def frame_id(self, key: FrameKey, size: tuple[int, int], name: str) -> int:
        """Number of a frame, which is made known if it is not.

        Raises:
            DataError: the source is not known, or the frame has another size or time.
        """
        row = self.connection.execute(queries.FRAME_ROW, (key.source_hash, key.index)).fetchone()
        if row is None:
            return self._add_frame(key, size, name)
        if (row[2], row[3]) != tuple(size):
            raise DataError(
                f"Frame {key.index} has {row[3]}×{row[2]} px, the mask {size[1]}×{size[0]} px; it is of another frame."
            )
        return self.known_frame(key)

    def known_frame(self, key: FrameKey) -> int:
        """Number of a frame.

        Raises:
            DataError: it is not known, or stands at another time.
        """
        row = self.connection.execute(queries.FRAME_ROW, (key.source_hash, key.index)).fetchone()
        if row is None:
            raise DataError(f"The project does not know frame {key.index}; write a mask or add the frame first.")
        if abs(row[1] - key.time_s) > _SAME_TIME_S:
            raise DataError(
                f"Frame {key.index} stands at {row[1]:.4f} s, not at {key.time_s:.4f} s; open the source again."
            )
        return int(row[0])

    def lesions(self, frame_id: int, size: tuple[int, int]) -> tuple[Lesion, ...]:
        """Lesions of a frame."""
        return masks.read_lesions(self.connection, frame_id, self._reader, size)

    def state(self, frame_id: int) -> str:
        """State of a frame."""
        row = self.connection.execute(queries.STATE, (frame_id, self._reader)).fetchone()
        return str(row[0]) if row else TO_DO

    def put(self, frame_id: int, lesions: Sequence[Lesion], state: str, size: tuple[int, int]) -> None:
        """Put lesions and a state in the place of those that were there.

        Raises:
            DataError: a lesion, its size or the state cannot be.
        """
        _look_at_lesions(lesions, size)
        masks.replace_lesions(self.connection, frame_id, self._reader, lesions)
        self.set_state(frame_id, state)

    def set_state(self, frame_id: int, state: str) -> None:
        """Set the state of a frame.

        Raises:
            DataError: there is no such state.
        """
        if state not in STATES:
            raise DataError(f"There is no state {state}; use one of {', '.join(STATES)}.")
        values = (frame_id, self._reader, state, self._author, _now())
        self.connection.execute("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)", values)

    def set_notes(self, frame_id: int, notes: str) -> None:
        """Put a text of the reader beside a frame."""
        self.connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", (frame_id, self._reader, notes))

    def set_score(self, frame_id: int, name: str, value: float, weights: str) -> None:
        """Remember one score of a frame, and which weights made it."""
        self.connection.execute("INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?)", (frame_id, name, value, weights))

    def first_weights(self, frame_id: int, weights: str) -> None:
        """Remember which weights made the first proposal; later ones change nothing."""
        self.connection.execute("UPDATE frame SET weights = ? WHERE id = ? AND weights = ''", (weights, frame_id))

    def note(self, action: str, frame_id: int | None, details: str) -> None:
        """Add a line to the audit table."""
        self.connection.execute(
            "INSERT INTO audit (at, author, reader, action, frame_id, details) VALUES (?, ?, ?, ?, ?, ?)",
            (_now(), self._author, self._reader, action, frame_id, details),
        )

    def record_step(
        self,
        frame_id: int,
        title: str,
        before: tuple[str, Sequence[Lesion]],
        after: tuple[str, Sequence[Lesion]],
        size: tuple[int, int],
    ) -> None:
        """Add a step to the undo journal; see `masks.record_step`."""
        masks.record_step(self.connection, frame_id, self._reader, title, before, after, size)

    def forget_steps(self, frame_id: int) -> None:
        """Drop what could be undone on a frame, because its mask came anew from elsewhere."""
        self.connection.execute("DELETE FROM step WHERE frame_id = ? AND reader = ?", (frame_id, self._reader))

    def walk_journal(self, undone: int) -> FrameKey | None:
        """Undo the last step done (`undone` 0), or redo the last one undone (1).

        Returns:
            its frame, None when there is no such step.
        """
        step = self.connection.execute(queries.STEPS[undone], (self._reader,)).fetchone()
        if step is None:
            return None
        step_id, title, frame_id, state_before, state_after, source_hash, index, time_s, height, width = step
        changes = self.connection.execute(queries.STEP_LESIONS[undone], (step_id,)).fetchall()
        lesions = masks.apply_step(self.lesions(frame_id, (height, width)), changes, (height, width))
        state = state_after if undone else state_before
        self.put(frame_id, lesions, state, (height, width))
        self.connection.execute("UPDATE step SET undone = ? WHERE id = ?", (1 - undone, step_id))
        self.note(f"{'redo' if undone else 'undo'} {title}".strip(), frame_id, summary(lesions, state))
        return FrameKey(source_hash, index, time_s)

    def _add_frame(self, key: FrameKey, size: tuple[int, int], name: str) -> int:
        source = self.connection.execute("SELECT id FROM source WHERE hash = ?", (key.source_hash,)).fetchone()
        if source is None:
            raise DataError("The project does not know the source of this frame; add it first.")
        cursor = self.connection.execute(
            "INSERT INTO frame (source_id, frame_index, time_s, name, height, width) VALUES (?, ?, ?, ?, ?, ?)",
            (source[0], key.index, key.time_s, name, *size),
        )
        return int(cursor.lastrowid or 0)


def summary(lesions: Sequence[Lesion], state: str) -> str:
    """State, number and area of lesions, for the audit table."""
    return f"{state}: {len(lesions)} lesions, {sum(x.mask.area_px for x in lesions)} px"


def _look_at_lesions(lesions: Sequence[Lesion], size: tuple[int, int]) -> None:
    ids = [x.lesion_id for x in lesions]
    if len(set(ids)) < len(ids) or any(not 1 <= i <= 65535 for i in ids):
        raise DataError("Each lesion of a frame needs a number of its own, from 1 to 65535.")
    for lesion in lesions:
        if lesion.class_id not in CLASS_NAMES:
            raise DataError(f"There is no class {lesion.class_id}; use {' or '.join(CLASS_NAMES.values())}.")
        if (lesion.mask.height, lesion.mask.width) != tuple(size):
            raise DataError(f"A lesion has another size than its frame of {size[1]}×{size[0]} px.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
