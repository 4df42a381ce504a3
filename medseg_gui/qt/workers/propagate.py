"""Carries lesions from frame to frame in the background, with a source and networks of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from medseg_gui.editing.propagation import STOP_BELOW, Probability, interpolate, known_lesions, propagate
from medseg_gui.errors import SourceError
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import lesions_from_labels
from medseg_gui.qt.state.correction_requests import key_of
from medseg_gui.qt.state.propagation import CarriedFrame
from medseg_gui.qt.workers.decode import OpenSource, open_any
from medseg_gui.qt.workers.edit import decode
from medseg_gui.qt.workers.job_worker import JobWorker
from medseg_gui.qt.workers.networks import FrameSegmenter, Networks, segment_with

if TYPE_CHECKING:
    from medseg_gui.editing import Lesions
    from medseg_gui.media import Source
    from medseg_gui.types import Frame

_UNSURE = "stopped at frame {index}, where it became unsure ({confidence:.0%})"
_GONE = "stopped at frame {index}, where no lesion is left"


@dataclass(frozen=True)
class CarryJob:
    """What to carry where.

    Attributes:
        spec: as `DecodeWorker.open` takes it.
        source_id: the content hash it had when it was opened for the screen.
        weights: names of the weights that have a say, each for a class of its own.
        start: the corrected frame that lesions come from.
        indices: frames to carry them to, nearest first.
        end: the other corrected frame when those in between are to be filled, else None.
    """

    spec: str
    source_id: str
    weights: tuple[str, ...]
    start: MaskEdit
    indices: Sequence[int]
    end: MaskEdit | None = None


class PropagateWorker(JobWorker[CarryJob]):
    """Owns, for the time of a job, a source and networks of its own.

    Args:
        open_source: as `media.open_source`; tests give their own.
        networks: where networks come from; tests give their own.
    """

    carried = Signal(object, object)  # CarryJob, CarriedFrame
    ended = Signal(object, str)  # CarryJob, why it ended before its time, "" when it did not

    def __init__(self, open_source: OpenSource | None = None, networks: Networks | None = None) -> None:
        super().__init__()
        self._open_source = open_source or open_any
        self._networks = networks or Networks()

    def do(self, job: CarryJob) -> None:
        """Carry or fill in the masks of a job."""
        reason = "it failed"
        try:
            reason = self._do(job)
        finally:
            self.ended.emit(job, reason)

    def _do(self, job: CarryJob) -> str:
        segmenters = self._load(job) if job.end is None else []
        source = self._open_source(job.spec)
        try:
            if source.source_id != job.source_id:
                raise SourceError(f"{source.title} has changed since it was opened; open it again first.")
            if job.end is not None:
                return self._fill(job, source, decode(job.end))
            return self._carry(job, source, segmenters)
        finally:
            source.close()

    def _load(self, job: CarryJob) -> list[FrameSegmenter]:
        if job.weights:
            self._networks.begin()
        return [self._networks.load(name) for name in job.weights]

    def _carry(self, job: CarryJob, source: Source, segmenters: list[FrameSegmenter]) -> str:
        """The network looks at the start frame too: how it differs from the mask there is what the person corrected."""
        lesions, start = decode(job.start), source.read(job.start.key.index)
        rgb, before = start.rgb, _seen(segmenters, start)
        known = known_lesions(lesions, before)
        for frame in self._frames(job, source):
            seen = _seen(segmenters, frame)
            carried = propagate(lesions, rgb, frame.rgb, seen, before, known)
            if not carried.confidence_of:
                return _GONE.format(index=frame.index)
            if carried.confidence < STOP_BELOW:
                return _UNSURE.format(index=frame.index, confidence=carried.confidence)
            lesions, rgb, before = carried.lesions, frame.rgb, seen
            self._tell(job, frame, lesions, carried.confidence, "carried mask")
        return self._stopped(job)

    def _fill(self, job: CarryJob, source: Source, last: Lesions) -> str:
        """Interpolation knows nothing of what happens between; it is as sure as the two frames are near."""
        first, start, end = decode(job.start), job.start.key.index, job.end.key.index if job.end else 0
        for frame in self._frames(job, source):
            share = (frame.index - start) / (end - start)
            self._tell(job, frame, interpolate(first, last, share), 1.0, "interpolated mask")
        return self._stopped(job)

    def _frames(self, job: CarryJob, source: Source) -> Iterator[Frame]:
        for index in job.indices:
            if self.should_end(job):
                return
            yield source.read(index)

    def _stopped(self, job: CarryJob) -> str:
        return "stopped" if self.should_end(job) else ""

    def _tell(self, job: CarryJob, frame: Frame, lesions: Lesions, confidence: float, title: str) -> None:
        edit = MaskEdit(
            key_of(frame),
            lesions_from_labels(lesions.labels, lesions.classes),
            lesions.shape,
            title=title,
            name=frame.name,
        )
        self.carried.emit(job, CarriedFrame(edit, confidence))


def _seen(segmenters: list[FrameSegmenter], frame: Frame) -> Probability | None:
    """What the networks see in a frame, None when there are none."""
    return segment_with(segmenters, frame).probability if segmenters else None
