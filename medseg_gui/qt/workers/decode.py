"""Opens sources and decodes the frame that is asked for last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal

from medseg_gui import paths
from medseg_gui.allocator import give_back_freed_memory
from medseg_gui.errors import SourceError
from medseg_gui.qt.frame_pixels import Size, frame_pixels
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.workers.priority import NEXT_FRAME, stand_back
from medseg_gui.qt.workers.worker import Mailbox, Worker, as_medseg_error
from medseg_gui.runtime.session import shrink

if TYPE_CHECKING:
    from medseg_gui.media import Source
    from medseg_gui.types import Frame

logger = logging.getLogger(__name__)

_LONGEST_STRIDE = 4  # at higher speed, each so many frames are asked for
FRAMES_AHEAD = 2  # with one, a frame that came late on a busy computer made the one after it late, too

OpenSource = Callable[[str], "Source"]


class DecodeWorker(Worker):
    """Owns the open source. What fails to open leaves the one that is open untouched.

    Args:
        open_source: as `media.open_source`; tests give their own.
    """

    opened = Signal(object)  # SourceInfo
    project_found = Signal(str)  # what was to be opened is a project
    frame_ready = Signal(object, object)  # Frame, its `frame_pixels` for the view
    frame_ahead = Signal(object, object)  # the same for a frame that will be asked for next
    pixels_ready = Signal(object, object)  # the same for the frame on screen, after the view has changed
    frame_failed = Signal(object, bool)  # MedsegError, whether the source is gone altogether

    def __init__(self, open_source: OpenSource | None = None) -> None:
        super().__init__()
        self._open_source = open_source or open_any
        self._specs: Mailbox[str] = Mailbox()
        self._wanted: Mailbox[tuple[str, int]] = Mailbox()
        self._shown: Mailbox[tuple[str, int]] = Mailbox()
        self._to_refit: Mailbox[Frame] = Mailbox()
        self._view: Size | None = None
        self._network_sizes: Collection[int] = ()
        self._loop: tuple[int, int] | None = None
        self._source: Source | None = None
        self._last_index = -1
        self._ahead: set[tuple[int, Size | None]] = set()  # which frames were read ahead, for a view of which size

    # From any thread

    def open(self, spec: str) -> None:
        """Open a path, "camera:0" or "demo" instead of what is open now."""
        if self._specs.put(spec):
            self.wake()

    def request(self, source_id: str, index: int) -> None:
        """Ask for a frame of a source, -1 for a camera's newest; earlier requests that still wait are forgotten."""
        if self._wanted.put((source_id, index)):
            self.wake()

    def read_ahead(self, source_id: str, index: int) -> None:
        """A frame stands on screen; from now until the next one is due there is time to make that ready."""
        if self._shown.put((source_id, index)):
            self.wake()

    def loop(self, loop: tuple[int, int] | None) -> None:
        """Which range is played over and over, first and last index; None for none."""
        self._loop = loop

    def fit_to(self, view: Size | None, frame: Frame | None) -> None:
        """Make frames ready for a view of this size in pixels of the screen, None for as they are; one of them now."""
        self._view = view
        if frame is not None and self._to_refit.put(frame):
            self.wake()

    def shrink_to(self, sizes: Collection[int]) -> None:
        """Have frames that are read ahead ready for networks that see pictures of these sizes, in pixels a side."""
        self._network_sizes = sizes

    # On the worker's own thread

    def begin(self) -> None:
        """Stand back behind painting."""
        stand_back(NEXT_FRAME)

    def work(self) -> None:
        """Open, then read; ahead only when nothing is waited for."""
        if (spec := self._specs.take()) is not None:
            self._open(spec)
        shown = self._shown.take()
        if (wanted := self._wanted.take()) is not None:
            self._read(*wanted)
        elif shown is not None:
            self._read_ahead(*shown)
        if (frame := self._to_refit.take()) is not None:
            self.pixels_ready.emit(frame, frame_pixels(frame.rgb, self._view))

    def end(self) -> None:
        """Close the source."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _open(self, spec: str) -> None:
        if is_project(spec):
            self.project_found.emit(spec)
            return
        source = self._open_source(spec)
        self.end()
        self._source, self._last_index = source, -1
        self._ahead.clear()
        give_back_freed_memory()
        logger.info("Opened %s %s", source.kind, source.source_id)
        self.opened.emit(_describe(spec, source))

    def _read(self, source_id: str, index: int) -> None:
        source = self._source
        if source is None or source.source_id != source_id:
            return
        self._ahead.clear()  # had it been there, nobody would ask
        try:
            frame = source.read(index)
            pixels = frame_pixels(frame.rgb, self._view)
        except Exception as e:
            self.frame_failed.emit(as_medseg_error(e), _is_gone(source))
            return
        self.frame_ready.emit(frame, pixels)

    def _read_ahead(self, source_id: str, index: int) -> None:
        """While frames are shown one after the other, have the next ones ready before their time comes.

        Key frames take longer than others; without this the picture would come late by the difference. It begins
        when the frame before it is painted: painting would otherwise share the processor with decoding. Shrinking it
        for the networks here and not where they run makes 20 predictions a second of 19 on two slow cores.
        """
        source = self._source
        if source is None or source.source_id != source_id or source.is_live:
            return
        following = [(i, self._view) for i in self._following(source, index)]
        self._ahead.intersection_update(following)
        for missing in (f for f in following if f not in self._ahead):
            if not self._wanted.is_empty:
                return
            self._ahead.add(missing)
            with suppress(SourceError):  # told when the frame is asked for
                frame = source.read(missing[0])
                frame = replace(frame, small={size: shrink(frame.rgb, size) for size in self._network_sizes})
                self.frame_ahead.emit(frame, frame_pixels(frame.rgb, missing[1]))

    def _following(self, source: Source, index: int) -> Iterator[int]:
        """What will be shown after this frame, next first; nothing when nobody can tell."""
        first, last = self._loop or (0, source.frame_count - 1)
        is_turn = self._loop is not None and index == first and 0 <= last - self._last_index < _LONGEST_STRIDE
        step, self._last_index = 1 if is_turn else index - self._last_index, index
        if not 0 < step <= _LONGEST_STRIDE:
            return
        for _ in range(FRAMES_AHEAD):
            is_at_end = index <= last < index + step
            index = first if is_at_end and self._loop is not None else index + step
            if index >= source.frame_count or (is_at_end and self._loop is None):
                return
            yield index


def open_any(spec: str) -> Source:
    """Open a source by what a person may ask for; "demo" is the bundled clip.

    Raises:
        SourceError: it cannot be opened.
    """
    from medseg_gui.media import open_source  # PyAV takes its time; the window is there first

    return open_source(str(paths.demo_clip()) if spec == "demo" else spec)


def is_project(spec: str) -> bool:
    """Whether a path leads to a project folder, or to the database in one."""
    from medseg_gui.project.database import DATABASE_NAME

    path = Path(spec)
    return path.name == DATABASE_NAME or (path / DATABASE_NAME).is_file()


def _describe(spec: str, source: Source) -> SourceInfo:
    return SourceInfo(
        # As an absolute path it is still found from another folder, in the list of recent sources.
        spec=spec if spec == "demo" or source.path is None else str(Path(spec).absolute()),
        kind=source.kind,
        title=source.title,
        source_id=source.source_id,
        frame_times=np.empty(0) if source.is_live else source.frame_times,
        frame_rate=source.frame_rate,
        is_live=source.is_live,
    )


def _is_gone(source: Source) -> bool:
    """A camera that gives nothing is unplugged; a file may have one bad frame and go on."""
    return source.is_live or (source.path is not None and not source.path.exists())
