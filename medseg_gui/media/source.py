"""What every source of frames promises."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from medseg_gui.types import Frame


def name_of(path: Path) -> str:
    """What a person calls a file or folder. Linux takes any bytes for a name; those that are no text are replaced."""
    return os.fsencode(path.name).decode("utf-8", "replace")


class Source(ABC):
    """Gives frames by index. Not thread-safe: whoever opens it reads and closes it, from one thread.

    Attributes:
        kind: key of `media.SOURCES`.
        title: short name for a window's title.
        path: where it lies, None for a camera.
        source_id: content hash, the same wherever the file lies.
        is_live: whether frames come by themselves and cannot be asked for again.
        frame_rate: nominal, frames/s.
        frame_times: (frame_count,) float64 presentation times in seconds, strictly increasing.
    """

    kind: ClassVar[str]
    is_live: ClassVar[bool] = False

    title: str
    path: Path | None
    source_id: str
    frame_rate: float
    frame_times: NDArray[np.float64]

    @abstractmethod
    def read(self, index: int) -> Frame:
        """One frame; after any jump the same pixels as read straight through.

        Raises:
            SourceError: there is no such frame, or it cannot be decoded.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of files and devices; twice does no harm."""

    @property
    def frame_count(self) -> int:
        """How many frames there are; for a camera, how many have come so far."""
        return len(self.frame_times)

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, in seconds."""
        if not self.frame_count:
            return 0.0
        return float(self.frame_times[-1] - self.frame_times[0]) + 1 / self.frame_rate

    def index_at(self, time_s: float) -> int:
        """The newest frame whose time is not after `time_s`; the first one before the beginning."""
        return max(int(np.searchsorted(self.frame_times, time_s, side="right")) - 1, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
