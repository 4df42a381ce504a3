"""Undo and redo of changes across frames, within a bound of memory, in a form that a store can keep."""

from __future__ import annotations

import json
import struct
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.change import Box, Change, Labels
from medseg_gui.errors import DataError

MEMORY_BYTES = 256 * 1024**2
_LENGTH = struct.Struct("<I")
_FORMAT = 2


@dataclass(frozen=True)
class Step:
    """One undoable change of one frame, compressed.

    Attributes:
        frame: what tells the frame, as a text (the project's frame key).
        title: what was done, in words for a menu ("Undo brush").
        data: the change; a store keeps these bytes as they are.
        is_first: whether nobody had corrected the frame before; undone, it is uncorrected again.
    """

    frame: str
    title: str
    data: bytes
    is_first: bool = False

    @property
    def change(self) -> Change:
        """The change itself, unpacked."""
        return unpack_change(self.data)


class History:
    """Steps done and undone, over all frames, oldest forgotten first when memory runs short.

    Args:
        memory_bytes: of all compressed steps together; the newest step is kept whatever its size.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._done: deque[Step] = deque()
        self._undone: list[Step] = []
        self._memory_bytes = memory_bytes
        self._used = 0

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return bool(self._undone)

    @property
    def used_bytes(self) -> int:
        """Memory of all steps."""
        return self._used

    @property
    def undo_title(self) -> str:
        """What `undo` would undo, empty when nothing."""
        return self._done[-1].title if self._done else ""

    @property
    def redo_title(self) -> str:
        """What `redo` would do again, empty when nothing."""
        return self._undone[-1].title if self._undone else ""

    @property
    def last(self) -> Step | None:
        """The step that `undo` would take back."""
        return self._done[-1] if self._done else None

    @property
    def next(self) -> Step | None:
        """The step that `redo` would do again."""
        return self._undone[-1] if self._undone else None

    def add(self, frame: str, title: str, change: Change) -> Step | None:
        """Remember a change that was just made; what was undone before is forgotten.

        Returns:
            The step, for a store to keep; None for an empty change, which is no step.
        """
        if change.is_empty:
            return None
        step = Step(frame, title, pack_change(change))
        self.append(step)
        return step

    def append(self, step: Step) -> None:
        """Remember a step that was packed elsewhere, on another thread say; else as `add`."""
        self._used -= sum(_cost(s) for s in self._undone)
        self._undone.clear()
        self._done.append(step)
        self._used += _cost(step)
        self._forget_oldest()

    def clear(self) -> None:
        """Forget all steps."""
        self._done.clear()
        self._undone.clear()
        self._used = 0

    def undo(self) -> tuple[str, Change] | None:
        """(frame, change to apply there) that takes the last step back; None when there is none."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        return step.frame, step.change.reversed()

    def redo(self) -> tuple[str, Change] | None:
        """(frame, change to apply there) that does the last undone step again; None when there is none."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        return step.frame, step.change

    def steps(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """(done, oldest first; undone, the next to redo last), all that `restored` needs."""
        return tuple(self._done), tuple(self._undone)

    @classmethod
    def restored(
        cls, done: tuple[Step, ...], undone: tuple[Step, ...] = (), memory_bytes: int = MEMORY_BYTES
    ) -> History:
        """The history as it was when `steps` gave it."""
        history = cls(memory_bytes)
        history._done, history._undone = deque(done), list(undone)
        history._used = sum(_cost(s) for s in (*done, *undone))
        history._forget_oldest()
        return history

    def _forget_oldest(self) -> None:
        while self._used > self._memory_bytes and len(self._done) > 1:
            self._used -= _cost(self._done.popleft())


def pack_change(change: Change) -> bytes:
    """A change as bytes: a JSON header, then runs of pixels that are alike before and after, deflated.

    Masks are flat: a box of millions of pixels has some thousand runs, and is unpacked as quickly as it is copied.
    """
    header = {
        "format": _FORMAT,
        "box": [change.box.x0, change.box.y0, change.box.x1, change.box.y1],
        "classes": [_pairs(change.classes_before), _pairs(change.classes_after)],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    before, after = change.before.ravel(), change.after.ravel()
    turns = (before[1:] != before[:-1]) | (after[1:] != after[:-1])
    starts = np.concatenate([np.zeros(min(before.size, 1), np.intp), np.flatnonzero(turns) + 1])
    lengths = np.diff(starts, append=before.size)
    runs = (
        lengths.astype("<u4").tobytes() + before[starts].astype("<u2").tobytes() + after[starts].astype("<u2").tobytes()
    )
    return _LENGTH.pack(len(text)) + text + zlib.compress(runs, 1)


def unpack_change(data: bytes) -> Change:
    """The change that `pack_change` packed.

    Raises:
        DataError: the bytes are damaged or of a newer version.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        header: dict[str, Any] = json.loads(data[_LENGTH.size : _LENGTH.size + length])
        if header["format"] != _FORMAT:
            raise ValueError(f"format {header['format']}")
        box = Box(*header["box"])
        lengths, before, after = _runs(zlib.decompress(data[_LENGTH.size + length :]), box)
        before, after = (np.repeat(ids, lengths).reshape(box.shape) for ids in (before, after))
        classes_before, classes_after = (dict(map(tuple, pairs)) for pairs in header["classes"])
        return Change(box, before, after, classes_before, classes_after)
    except (struct.error, ValueError, KeyError, TypeError, zlib.error) as e:
        raise DataError("A step of the undo history is damaged; it and all before it cannot be undone.", str(e)) from e


def _runs(raw: bytes, box: Box) -> tuple[NDArray[np.uint32], Labels, Labels]:
    """Lengths of the runs, and their lesion ids before and after; their sum is looked at before room is made for it."""
    count, rest = divmod(len(raw), 8)
    lengths = np.frombuffer(raw, "<u4", count)
    if rest or int(lengths.sum(dtype=np.uint64)) != box.shape[0] * box.shape[1]:
        raise ValueError("runs that do not fill their box")
    before, after = np.frombuffer(raw, "<u2", offset=4 * count).reshape(2, count)
    return lengths, before, after


def _pairs(classes: Mapping[int, int]) -> list[list[int]]:
    return [[int(k), int(v)] for k, v in classes.items()]


def _cost(step: Step) -> int:
    return len(step.data) + len(step.frame) + len(step.title)
