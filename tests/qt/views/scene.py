"""A small clip for the views: a grey video, with a square polyp in the middle of every frame."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from medseg_gui import overlay
from medseg_gui.overlay import Overlay
from medseg_gui.project.edits import MaskEdit
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.correction_requests import ChangeRequest, KeepRequest, Kept
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.performance import PerformanceState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.propagation import PropagationState
from medseg_gui.qt.state.session import SessionState, SourceInfo, WeightsEntry
from medseg_gui.qt.workers.edit import decode, keep, keep_carried, picture_of, propose
from medseg_gui.types import INSTRUMENT, POLYP, Frame, Segmentation

SOURCE_ID = "5ca1ab1e"
FRAME_SIZE = (90, 160)
GREY = 100
RATE = 25.0

WEIGHTS = (
    WeightsEntry("polyp-small", "unet_lite0", POLYP, 0.5, "# Small\n\nDice **0.88**"),
    WeightsEntry("polyp-large", "unet_resnet34", POLYP, 0.5, "# Large"),
    WeightsEntry("instrument-small", "unet_lite0", INSTRUMENT, 0.5, "# Instruments"),
)


def new_state() -> AppState:
    """A state in which nothing is open."""
    return AppState(
        SessionState(),
        PlaybackState(),
        DisplayState(),
        AnalysisState(),
        PerformanceState(),
        ExplanationState(),
        CorrectionState(),
        PropagationState(),
    )


def make_source(count: int = 50, kind: str = "video", is_live: bool = False) -> SourceInfo:
    """A source of so many frames, 25 a second, whose clock begins at one second."""
    times = np.empty(0) if is_live else 1 + np.arange(count) / RATE
    return SourceInfo("/clips/colon.mp4", kind, "colon.mp4", SOURCE_ID, times, RATE, is_live)


def make_frame(index: int = 0, size: tuple[int, int] = FRAME_SIZE) -> Frame:
    """An even grey frame."""
    return Frame(index, 1 + index / RATE, SOURCE_ID, np.full((*size, 3), GREY, np.uint8))


def make_segmentation(index: int = 0, hole: bool = False) -> Segmentation:
    """The middle quarter of the frame is polyp for certain; with `hole`, its own middle is not."""
    probability = np.zeros((72, 128), np.float32)
    probability[18:54, 32:96] = 1.0
    if hole:
        probability[30:42, 52:76] = 0.0
    return Segmentation(index, SOURCE_ID, FRAME_SIZE, {POLYP: probability}, latency_ms=12.0)


def make_overlay(index: int = 0, hole: bool = False, show_probability: bool = False) -> Overlay:
    """What is drawn over it."""
    return overlay.compose(make_segmentation(index, hole), {POLYP: 0.5}, show_probability)


class Answering(QObject):
    """Stands in for the pipeline: every frame that is wanted comes at once."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self._state = state
        state.playback.frame_wanted.connect(self.on_frame_wanted)

    def on_frame_wanted(self, index: int) -> None:
        """Show it."""
        self._state.playback.set_frame(make_frame(index))


def open_clip(state: AppState, count: int = 50, kind: str = "video") -> None:
    """What the pipeline does when a source was opened."""
    source = make_source(count, kind)
    state.analysis.reset(source.frame_count)
    state.playback.reset(source.frame_times)
    state.session.set_source(source)


def answer(correction: CorrectionState, kept: Kept) -> None:
    """What the edit worker says of a change, one after the other."""
    correction.on_kept(kept)
    correction.on_drawn(kept.request, picture_of(kept.request.lesions))


class Editing(QObject):
    """Stands in for the edit worker: what the correction asks is done at once; it sees what `make_segmentation` shows.

    Attributes:
        edits: every mask that was to be written.
        steps: every step that was walked, (frame index, whether it was redone).
    """

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self._correction = state.correction
        self.edits: list[MaskEdit] = []
        self.steps: list[tuple[int, bool]] = []
        state.playback.frame_changed.connect(self.on_frame_changed)
        correction = state.correction
        correction.keep_wanted.connect(self.on_keep_wanted)
        correction.change_wanted.connect(self.on_change_wanted)
        correction.keep_carried_wanted.connect(lambda edit: answer(correction, keep_carried(edit)))
        correction.load_wanted.connect(self.on_load_wanted)
        correction.frame_wanted.connect(lambda key: state.playback.seek(key.index))
        correction.edited.connect(self.edits.append)
        correction.undone.connect(lambda key: self.steps.append((key.index, False)))
        correction.redone.connect(lambda key: self.steps.append((key.index, True)))

    def on_frame_changed(self, frame: Frame) -> None:
        """Show it to the correction, then propose."""
        self._correction.set_frame(frame)
        self.propose()

    def propose(self) -> None:
        """The middle quarter of the frame is one polyp."""
        key = self._correction.key
        assert key is not None
        self._correction.set_proposal(propose(key, make_segmentation(key.index), 0.5))

    def on_keep_wanted(self, request: KeepRequest) -> None:
        """Answer."""
        answer(self._correction, keep(request))

    def on_change_wanted(self, request: ChangeRequest) -> None:
        """Answer."""
        self._correction.on_change(request, request.make(request.base))

    def on_load_wanted(self, edit: MaskEdit) -> None:
        """Answer."""
        picture = picture_of(decode(edit))
        self._correction.set_lesions(edit.key, picture.lesions, True, picture)
