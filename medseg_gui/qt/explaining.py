"""The journey of an explanation, beside that of its frame: what is asked of the explain worker, and what is shown.

Picture and prediction come first. While playing, one frame at a time is explained, with a rest after each; what is
too old goes. Paused, the explanation is of exactly the frame on screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer

from medseg_gui.errors import MedsegError
from medseg_gui.qt.figure import FigureRequest
from medseg_gui.qt.relevance_cache import CacheKey, RelevanceCache
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.explanation_picture import CacheStatistics, ExplanationPicture, FigureOrder
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.workers.explain import ExplainJob, ExplainWorker
from medseg_gui.qt.workers.picture import ColourRequest, PictureWorker
from medseg_gui.types import CLASS_NAMES, ExplanationRequest, Frame, Relevance, Target

if TYPE_CHECKING:
    from medseg_gui.explanation_record import ExplanationRecord

# An explanation takes longer than a prediction, so it may be older; after a second it would lie on other tissue.
STALE_AFTER_S = 1.0
# While playing, the worker rests as long as it worked, within these bounds: half of its core stays free.
_SHORTEST_REST_MS = 250
_LONGEST_REST_MS = 3000
_TOO_LATE = "Explanations take too long here to follow the video; pause to see the one of a frame."


class Explaining(QObject):
    """Asks for explanations and hears the answers, on behalf of the pipeline.

    Args:
        state: what is wanted, and where the answers go.
        explain, picture: workers, not started here.
        cache: what was explained before.
    """

    def __init__(
        self,
        state: AppState,
        explain: ExplainWorker,
        picture: PictureWorker,
        parent: QObject | None = None,
        cache: RelevanceCache | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._explain, self._picture = state, explain, picture
        self._wish = state.explanation
        self._cache = cache or RelevanceCache()
        self._passes = 0
        self._pending: ExplainJob | None = None
        self._asked: ExplanationRequest | None = None
        self._predicting: dict[int, str] = {}
        self._weights_ids: dict[str, str] = {}
        self._layer_names: dict[str, tuple[str, ...]] = {}
        self._records: dict[str, tuple[Mapping[str, str], int]] = {}
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self.on_rested)
        self._watch()

    def _watch(self) -> None:
        state, wish = self._state, self._wish
        state.session.source_changed.connect(self.on_source_changed)
        state.session.weights_chosen.connect(self.on_weights_chosen)
        state.playback.frame_changed.connect(self.on_frame_changed)
        state.playback.playing_changed.connect(self.on_playing_changed)
        state.display.threshold_changed.connect(self.on_request_changed)
        wish.request_changed.connect(self.on_request_changed)
        wish.look_changed.connect(self.colour_again)
        wish.strip_shown_changed.connect(self.colour_again)
        wish.figure_ordered.connect(self.on_figure_ordered)
        self._explain.ready.connect(self.on_ready)
        self._explain.explained.connect(self.on_explained)
        self._explain.refused.connect(self.on_refused)
        self._explain.noticed.connect(state.session.notice)
        self._picture.coloured.connect(self.on_coloured)
        self._picture.saved.connect(self.on_saved)

    # What is asked

    def on_source_changed(self, source: SourceInfo | None) -> None:
        """A place that was picked belongs to the source it was picked in."""
        if self._wish.target.x is not None:
            self._wish.set_target(Target())
        self._begin_anew()

    def on_weights_chosen(self) -> None:
        """What other weights said no longer holds."""
        chosen = {c: name for c, name in self._state.session.chosen.items() if name}
        self._explain.keep(frozenset(chosen.values()))
        if chosen and self._wish.class_id not in chosen:
            self._wish.set_class(next(iter(chosen)))
        self._wish.set_layer_names(self._layer_names.get(self._weights, ()))
        self._wish.set_warnings(*self._records.get(self._weights, ({}, 0)))
        self._begin_anew()

    def on_predicting(self, class_id: int, name: str) -> None:
        """Weights look for a class from now on: to load them a second time no longer keeps a prediction waiting."""
        self._predicting[class_id] = name
        if class_id == self._wish.class_id:
            self._ask()

    def on_request_changed(self) -> None:
        """Another explanation is wanted, or none; one that is being made for the old wish is not shown."""
        before, self._asked = self._asked, self._request
        if before is None or self._asked is None or _plain(before) != _plain(self._asked):
            self._begin_anew()
        else:
            self._ask()  # the same with its stability: the map may stay meanwhile

    def on_frame_changed(self, frame: Frame) -> None:
        """Another frame is on screen."""
        self._wish.wants_stability = False
        if not self._state.playback.is_playing:
            self._drop_foreign()
            self._ask()
            return
        self._judge()
        if self._pending is None and not self._rest.isActive():
            self._ask()
        elif (known := self._known(frame)) is not None:
            self._accept(known)

    def on_playing_changed(self, is_playing: bool) -> None:
        """Standing still, the frame on screen is explained, whatever was being made."""
        if not is_playing:
            self._rest.stop()
            self._drop_foreign()
            self._ask()

    def on_rested(self) -> None:
        """Playing goes on, and so do the explanations."""
        if self._state.playback.is_playing:
            self._ask()

    def _ask(self) -> None:
        """For the frame on screen, unless it is known already."""
        frame, request = self._state.playback.frame, self._request
        if frame is None or request is None:
            self._finish()
        elif not self._weights:
            self._finish()
            if self._state.session.device:  # until it is known, weights may still come
                name = CLASS_NAMES[request.class_id]
                error = MedsegError(f"No weights look for {name}; choose some in the tool bar.")
                self._wish.set_relevance(None, error)
        elif (known := self._known(frame)) is not None:
            self._finish()
            self._accept(known)
        elif self._predicting.get(request.class_id) == self._weights:
            self._pending = ExplainJob(frame, self._weights, request)
            self._explain.explain(self._pending)
            self._wish.set_computing(True)

    def _begin_anew(self) -> None:
        self._explain.cancel()
        self._begin_lane()
        self._drop_foreign()
        self._ask()

    def _drop_foreign(self) -> None:
        """What is shown goes unless it answers what is asked now, of the frame that stands still."""
        relevance, refusal = self._wish.relevance, self._wish.refusal
        if relevance is None and refusal is None:
            return
        if relevance is None or not self._is_answer(relevance):
            self._wish.set_relevance(None)
            self._wish.set_late(0)

    def _is_answer(self, relevance: Relevance) -> bool:
        frame, source, request = self._state.playback.frame, self._state.session.source, self._request
        if frame is None or source is None or request is None:
            return False
        same_frame = self._state.playback.is_playing or relevance.frame_index == frame.index
        same_weights = relevance.weights.rsplit("@", 1)[0] == self._weights
        return (
            same_frame
            and same_weights
            and relevance.source_id == source.source_id
            and _plain(relevance.request) == _plain(request)
        )

    def _finish(self) -> None:
        self._pending = None
        self._wish.set_computing(False)

    # What is answered

    def on_ready(self, name: str, weights_id: str, layer_names: tuple[str, ...], record: ExplanationRecord) -> None:
        """Weights were loaded to be explained."""
        self._weights_ids[name] = weights_id
        self._layer_names[name] = layer_names
        self._records[name] = record.warnings, record.images
        if name == self._weights:
            self._wish.set_layer_names(layer_names)
            self._wish.set_warnings(*self._records[name])

    def on_explained(self, job: ExplainJob, relevance: Relevance) -> None:
        """Keep it, and show it when it is what is wanted now."""
        self._passes += 1
        self._cache.put(CacheKey(relevance.weights, relevance.source_id, relevance.frame_index, job.request), relevance)
        self._tell_cache()
        self._rest_after(job, relevance.latency_ms)
        if self._is_wanted(job):
            self._accept(relevance)
        elif self._is_too_late(job):
            self._wish.set_relevance(None, MedsegError(_TOO_LATE))

    def on_refused(self, job: ExplainJob, error: MedsegError) -> None:
        """Say why there is none."""
        self._rest_after(job, 0.0)
        if self._is_wanted(job):
            self._wish.set_relevance(None, error)

    def _rest_after(self, job: ExplainJob, worked_ms: float) -> None:
        if job is self._pending:
            self._finish()
            if self._state.playback.is_playing:
                self._rest.start(round(min(max(worked_ms, _SHORTEST_REST_MS), _LONGEST_REST_MS)))

    def _accept(self, relevance: Relevance) -> None:
        self._wish.set_relevance(relevance)
        self._wish.note_outside(relevance.frame_index, relevance.trust.outside)
        self._tell_cache()
        self._judge()
        self.colour_again()

    def colour_again(self) -> None:
        """Colour the newest relevance as it is to look now; no network is asked."""
        wish = self._wish
        if wish.relevance is not None:
            self._picture.colour(
                ColourRequest(wish.relevance, wish.clip, wish.hidden_lesions, wish.shown_layer, wish.is_strip_shown)
            )

    def on_coloured(self, picture: ExplanationPicture) -> None:
        """Draw it, if it is still of what is shown."""
        if picture.relevance is self._wish.relevance:
            self._wish.set_picture(picture)

    def _judge(self) -> None:
        """How late the explanation is for the frame on screen; one that is too old goes."""
        relevance, frame = self._wish.relevance, self._state.playback.frame
        if relevance is None or frame is None:
            return
        if self._is_stale(relevance.frame_index, frame):
            self._wish.set_relevance(None)
            self._wish.set_late(0)
        else:
            self._wish.set_late(frame.index - relevance.frame_index)

    # Figures

    def on_figure_ordered(self, order: FigureOrder) -> None:
        """Have it drawn with what stands around it on screen."""
        source, overlay = self._state.session.source, self._state.analysis.overlay
        if source is None:
            return
        fits = overlay is not None and overlay.frame_index == order.frame.index
        class_id = order.explanation.relevance.request.class_id
        self._picture.save(
            FigureRequest(
                path=order.path,
                frame=order.frame,
                explanation=order.explanation,
                source_title=source.title,
                opacity=self._wish.opacity,
                is_grey=self._wish.is_grey,
                outlines=overlay.outlines.get(class_id, ()) if overlay is not None and fits else (),
                colour=self._state.display.colours[class_id],
                max_probability=self._max_probability(order.frame, class_id),
            )
        )

    def on_saved(self, path: str) -> None:
        """Say so."""
        self._state.session.notice(f"The figure was saved as {path}.")

    def _max_probability(self, frame: Frame, class_id: int) -> float | None:
        segmentation = self._state.analysis.segmentation
        is_of_frame = segmentation is not None and segmentation.frame_index == frame.index
        return segmentation.max_probability(class_id) if segmentation is not None and is_of_frame else None

    # Judging

    @property
    def _weights(self) -> str:
        return self._state.session.chosen.get(self._wish.class_id, "")

    @property
    def _request(self) -> ExplanationRequest | None:
        return self._wish.request(self._state.display.threshold)

    def _known(self, frame: Frame) -> Relevance | None:
        weights_id, request = self._weights_ids.get(self._weights), self._request
        if weights_id is None or request is None:
            return None
        return self._cache.get(CacheKey(weights_id, frame.source_id, frame.index, request))

    def _is_wanted(self, job: ExplainJob) -> bool:
        """Whether it answers what is asked now, of the frame on screen or, in motion, of one not long ago."""
        frame = self._state.playback.frame
        if frame is None or not self._is_asked(job):
            return False
        if self._state.playback.is_playing:
            return not self._is_stale(job.frame.index, frame)
        return job.frame.index == frame.index

    def _is_asked(self, job: ExplainJob) -> bool:
        source = self._state.session.source
        same_source = source is not None and job.frame.source_id == source.source_id
        return same_source and (job.request, job.weights) == (self._request, self._weights)

    def _is_too_late(self, job: ExplainJob) -> bool:
        """In motion, whether it was asked for and the picture has meanwhile gone on for too long."""
        frame = self._state.playback.frame
        if frame is None or not self._state.playback.is_playing or not self._is_asked(job):
            return False
        return frame.index > job.frame.index and self._is_stale(job.frame.index, frame)

    def _is_stale(self, index: int, frame: Frame) -> bool:
        source = self._state.session.source
        if source is None:
            return True
        times, behind = source.frame_times, frame.index - index
        behind_s = frame.time_s - times[index] if index < len(times) else behind / source.frame_rate
        return behind < 0 or behind_s > STALE_AFTER_S

    def _begin_lane(self) -> None:
        """Shares of another question cannot be compared; those known of this one are put back."""
        source, request = self._state.session.source, self._request
        lane = np.full(source.frame_count if source else 0, np.nan, np.float32)
        weights_id = self._weights_ids.get(self._weights)
        if source is not None and request is not None and weights_id is not None:
            for index, share in self._cache.outside_shares(weights_id, source.source_id, request).items():
                if index < len(lane):
                    lane[index] = share
        self._wish.set_lane(lane)

    def _tell_cache(self) -> None:
        cache = self._cache
        self._wish.set_cache(CacheStatistics(len(cache), cache.used_bytes, cache.hits, self._passes))


def _plain(request: ExplanationRequest) -> ExplanationRequest:
    """Without the extra measurement: what two requests must share to be about one map."""
    return replace(request, with_stability=False)
