"""Looks through a whole source in the background, to fill the timeline."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from medseg_gui.errors import SourceError
from medseg_gui.qt.workers.decode import OpenSource, open_any
from medseg_gui.qt.workers.job_worker import JobWorker
from medseg_gui.qt.workers.networks import FrameSegmenter, Networks, segment_with

if TYPE_CHECKING:
    from medseg_gui.media import Source

logger = logging.getLogger(__name__)

COARSE_STEP = 8
_REPORT_EVERY_S = 0.2
_MOST_FAILURES = 20


@dataclass(frozen=True, eq=False)
class ScanJob:
    """What to look through.

    Attributes:
        spec: as `DecodeWorker.open` takes it.
        source_id: the content hash it had when it was opened for the screen.
        weights: names of the weights, each for a class of its own.
        indices: frames to look at, ascending.
    """

    spec: str
    source_id: str
    weights: tuple[str, ...]
    indices: Sequence[int]


class ScanWorker(JobWorker[ScanJob]):
    """Owns, for the time of a job, a source and networks of its own.

    Args:
        open_source: as `media.open_source`; tests give their own.
        networks: where networks come from; tests give their own.
    """

    noted = Signal(object, object)  # ScanJob, {frame index: {class id: highest probability}}
    progressed = Signal(object, int, int)  # ScanJob, frames done, frames in all
    ended = Signal(object)  # ScanJob, whether it came to its end or not

    def __init__(self, open_source: OpenSource | None = None, networks: Networks | None = None) -> None:
        super().__init__()
        self._open_source = open_source or open_any
        self._networks = networks or Networks()

    def do(self, job: ScanJob) -> None:
        """Look through the frames of a job."""
        try:
            if not self.should_end(job):
                self._do(job)
        finally:
            self.ended.emit(job)

    def _do(self, job: ScanJob) -> None:
        self._networks.begin()
        segmenters = [self._networks.load(name) for name in job.weights]
        source = self._open_source(job.spec)
        try:
            if source.source_id != job.source_id:
                raise SourceError(f"{source.title} has changed since it was opened; open it again to scan it.")
            self._look_through(job, source, segmenters)
        finally:
            source.close()

    def _look_through(self, job: ScanJob, source: Source, segmenters: list[FrameSegmenter]) -> None:
        peaks: dict[int, dict[int, float]] = {}
        total, reported_at, failures = len(job.indices), time.monotonic(), 0
        for done, index in enumerate(coarse_to_fine(job.indices), 1):
            if not self.may_go_on(job):
                break
            try:
                frame = source.read(index)
                failures = 0
            except SourceError:
                failures += 1  # its place on the timeline stays empty
                if failures == _MOST_FAILURES:
                    raise
                continue
            seen = segment_with(segmenters, frame)
            peaks[index] = {c: seen.max_probability(c) for c in seen.probability}
            if done == total or time.monotonic() - reported_at > _REPORT_EVERY_S:
                self._report(job, peaks, done)
                peaks, reported_at = {}, time.monotonic()
        if peaks:
            self.noted.emit(job, peaks)

    def _report(self, job: ScanJob, peaks: dict[int, dict[int, float]], done: int) -> None:
        self.noted.emit(job, peaks)
        self.progressed.emit(job, done, len(job.indices))


def coarse_to_fine(indices: Sequence[int]) -> Iterator[int]:
    """Every eighth first, so that the whole timeline has a shape early; then all between, in one more pass.

    Each pass runs forward, which decodes a video without jumps; more passes would decode it more often.
    """
    yield from (i for i in indices if i % COARSE_STEP == 0)
    yield from (i for i in indices if i % COARSE_STEP)
