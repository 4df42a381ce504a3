"""Computes by what the review queue is ordered: how unsure, how restless, or how far off the mask a prediction is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal

from medseg_gui.errors import DroppedError, ExplanationError, NothingPredictedError, SourceError
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.review import FLICKER, UNCERTAINTY
from medseg_gui.qt.workers.decode import OpenSource, open_any
from medseg_gui.qt.workers.explainers import Explainers
from medseg_gui.qt.workers.job_worker import JobWorker
from medseg_gui.qt.workers.networks import FrameSegmenter, Networks, segment_with
from medseg_gui.types import POLYP, ExplanationRequest, Frame, Segmentation, UInt8Array

if TYPE_CHECKING:
    from medseg_gui.media import Source

logger = logging.getLogger(__name__)

_REPORT_EVERY_S = 0.5
# A frame and its mirror images; each flip undoes itself.
_FLIPS: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (0, 1))


@dataclass(frozen=True, eq=False)
class ScoreJob:
    """What to compute.

    Attributes:
        name: one of `state.review.SCORES`.
        keys: of which frames.
        specs: source hash -> where the source lies.
        weights: names of the weights, each for a class of its own.
        threshold: probability from which a pixel is marked.
        class_id: what the weights mark, where only one class can be scored.
        weights_ids: ids of the weights, to be remembered beside the scores.
    """

    name: str
    keys: Sequence[FrameKey]
    specs: Mapping[str, str]
    weights: tuple[str, ...]
    threshold: float
    class_id: int = POLYP
    weights_ids: str = ""


class ScoreWorker(JobWorker[ScoreJob]):
    """Owns, for the time of a job, a source and networks of its own.

    Args:
        open_source: as `media.open_source`; tests give their own.
        networks, explainers: where they come from; tests give their own.
    """

    scored = Signal(object, object)  # ScoreJob, {FrameKey: score}
    progressed = Signal(object, int, int)  # ScoreJob, frames done, frames in all
    ended = Signal(object)  # ScoreJob, whether it came to its end or not
    noticed = Signal(str)

    def __init__(
        self,
        open_source: OpenSource | None = None,
        networks: Networks | None = None,
        explainers: Explainers | None = None,
    ) -> None:
        super().__init__()
        self._open_source = open_source or open_any
        self._networks = networks or Networks()
        self._explainers = explainers or Explainers()

    def stop(self) -> None:
        """Ask the worker to end; what is being explained is given up."""
        super().stop()
        self._explainers.end()

    def do(self, job: ScoreJob) -> None:
        """Score the frames of a job."""
        try:
            if self.may_go_on(job):
                self._do(job)
        except DroppedError:
            logger.debug("Scoring was given up: the window closes")
        finally:
            self._explainers.close()
            self.ended.emit(job)

    def _do(self, job: ScoreJob) -> None:
        measure = self._measure(job)
        found: dict[FrameKey, float] = {}
        done, unread, reported_at = 0, 0, time.monotonic()
        for source_hash, keys in groupby(sorted(job.keys), key=lambda key: key.source_hash):
            source = self._open_source(job.specs[source_hash])
            try:
                if source.source_id != source_hash:
                    raise SourceError(f"{source.title} was changed since it was annotated; its scores are left out.")
                for key in keys:
                    if not self.may_go_on(job):
                        return
                    score = _try(measure, source, key.index)
                    unread += score is None
                    found |= {key: score} if score is not None else {}
                    done += 1
                    if done == len(job.keys) or time.monotonic() - reported_at > _REPORT_EVERY_S:
                        self.scored.emit(job, found)
                        self.progressed.emit(job, done, len(job.keys))
                        found, reported_at = {}, time.monotonic()
            finally:
                source.close()
        if unread:
            self.noticed.emit(f"{unread} of {len(job.keys)} frames got no score; they stand at the end.")

    def _measure(self, job: ScoreJob) -> Callable[[Source, int], float]:
        if job.name in (UNCERTAINTY, FLICKER):
            self._networks.begin()
            segmenters = [self._networks.load(name) for name in job.weights]
            if job.name == UNCERTAINTY:
                return lambda source, index: uncertainty(segmenters, source.read(index))
            return lambda source, index: flicker_at(segmenters, source, index, job.threshold)
        _, explainer = self._explainers.load(job.weights[0])
        request = ExplanationRequest(method="lrp", class_id=job.class_id, threshold=job.threshold)
        is_unwanted = self._is_stopping.is_set
        return lambda source, index: explainer.explain(source.read(index), request, is_unwanted).trust.outside


def uncertainty(segmenters: list[FrameSegmenter], frame: Frame) -> float:
    """Entropy over test-time augmentation in bits a pixel, of the class that is least sure.

    Source: see `editing.flicker.mean_entropy`.
    """
    from medseg_gui.editing.flicker import mean_entropy

    seen = [_flipped(segment_with(segmenters, _flip(frame, axes)), axes) for axes in _FLIPS]
    return max(mean_entropy([s[class_id] for s in seen]) for class_id in seen[0])


def flicker_at(segmenters: list[FrameSegmenter], source: Source, index: int, threshold: float) -> float:
    """Disagreement with the mask of the frame before, carried along with the tissue; 0 for a first frame.

    Source: see `editing.flicker.flicker`.
    """
    from medseg_gui.editing.flicker import flicker

    frame = source.read(index)
    if index == 0:
        return 0.0
    before = source.read(index - 1)
    if before.size != frame.size:
        return 0.0  # pictures of two scopes have no motion between them
    masks = [_mask(segment_with(segmenters, f), threshold) for f in (frame, before)]
    return flicker(masks[0], frame.rgb, masks[1], before.rgb)


def _mask(segmentation: Segmentation, threshold: float) -> UInt8Array:
    from medseg_gui.overlay import label_map

    return label_map(segmentation, dict.fromkeys(segmentation.probability, threshold))


def _flip(frame: Frame, axes: tuple[int, ...]) -> Frame:
    return Frame(frame.index, frame.time_s, frame.source_id, np.ascontiguousarray(np.flip(frame.rgb, axes)))


def _flipped(segmentation: Segmentation, axes: tuple[int, ...]) -> dict[int, np.ndarray]:
    return {class_id: np.flip(p, axes) for class_id, p in segmentation.probability.items()}


def _try(measure: Callable[[Source, int], float], source: Source, index: int) -> float | None:
    """None where a frame cannot be read or explained; 0 where nothing is marked, so that nothing lies outside it."""
    try:
        value = float(measure(source, index))
    except NothingPredictedError:
        return 0.0
    except (SourceError, ExplanationError):
        return None
    return value if np.isfinite(value) else None
