"""A run of frames to which lesions were carried: looked at, then accepted or rejected as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from medseg_gui.project.edits import MaskEdit

BACK, FORWARD, BETWEEN = "back", "forward", "between"
LEAST_FRAMES, MOST_FRAMES = 1, 500


@dataclass(frozen=True)
class CarriedFrame:
    """Lesions that were carried to a frame.

    Attributes:
        edit: as it will be written when it is accepted.
        confidence: in [0, 1].
    """

    edit: MaskEdit
    confidence: float


class PropagationState(QObject):
    """Views ask through the methods above `begin`; `Propagating` answers through those from there on.

    Attributes:
        count: how many frames to carry lesions over.
        frames: frame index -> what was carried there.
        is_running: whether more are on their way.
        total: how many were asked for.
        reason: why it ended before, "" when it did not.
    """

    count_changed = Signal(int)
    changed = Signal()
    wanted = Signal(str)  # BACK, FORWARD or BETWEEN
    stop_wanted = Signal()
    accepted = Signal()
    rejected = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.count = 25
        self.frames: dict[int, CarriedFrame] = {}
        self.is_running = False
        self.total = 0
        self.reason = ""

    def set_count(self, count: int) -> None:
        """How many frames to carry lesions over, kept within bounds."""
        count = min(max(count, LEAST_FRAMES), MOST_FRAMES)
        if count != self.count:
            self.count = count
            self.count_changed.emit(count)

    def carry(self, direction: str) -> None:
        """Carry the lesions of this frame to those before (BACK) or after it, or fill the frames BETWEEN two."""
        self.wanted.emit(direction)

    def stop(self) -> None:
        """Carry them no further; what was carried stays to be looked at."""
        self.stop_wanted.emit()

    def accept(self) -> None:
        """Make what was carried the masks of those frames."""
        if self.frames:
            self.accepted.emit()

    def reject(self) -> None:
        """Forget what was carried."""
        if self.frames or self.is_running:
            self.rejected.emit()

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last frame of the run, None when there is none."""
        return (min(self.frames), max(self.frames)) if self.frames else None

    @property
    def least_confidence(self) -> float:
        """Of the least sure frame; 1 without any."""
        return min((f.confidence for f in self.frames.values()), default=1.0)

    def begin(self, total: int) -> None:
        """So many frames are on their way."""
        self.frames, self.is_running, self.total, self.reason = {}, True, total, ""
        self.changed.emit()

    def add(self, frame: CarriedFrame) -> None:
        """One has come."""
        self.frames[frame.edit.key.index] = frame
        self.changed.emit()

    def end(self, reason: str) -> None:
        """No more will come."""
        self.is_running, self.reason = False, reason
        self.changed.emit()

    def clear(self) -> None:
        """There is no run any more."""
        self.frames, self.is_running, self.total, self.reason = {}, False, 0, ""
        self.changed.emit()
