"""All of the state in one hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.manual import ManualState
from medseg_gui.qt.state.performance import PerformanceState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.project import ProjectState
from medseg_gui.qt.state.propagation import PropagationState
from medseg_gui.qt.state.review import ReviewState
from medseg_gui.qt.state.session import SessionState
from medseg_gui.qt.state.training import TrainingState


@dataclass(frozen=True)
class AppState:
    """What the window knows, part by part."""

    session: SessionState
    playback: PlaybackState
    display: DisplayState
    analysis: AnalysisState
    performance: PerformanceState
    explanation: ExplanationState
    correction: CorrectionState
    propagation: PropagationState
    project: ProjectState = field(default_factory=ProjectState)
    review: ReviewState = field(default_factory=ReviewState)
    training: TrainingState = field(default_factory=TrainingState)
    manual: ManualState = field(default_factory=ManualState)
