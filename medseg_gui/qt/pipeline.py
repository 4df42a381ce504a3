"""The journey of a frame: turns what the state asks for into requests to workers, and their answers into state.

Nobody else does. The picture never waits for a network: each station takes the newest frame and forgets the rest,
and an answer for another source, for other weights or for a moment long gone is thrown away.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, fields

from PySide6.QtCore import QCoreApplication, QObject

from medseg_gui.errors import MedsegError
from medseg_gui.overlay import Overlay
from medseg_gui.qt.checking import Checking
from medseg_gui.qt.correcting import Correcting
from medseg_gui.qt.explaining import Explaining
from medseg_gui.qt.frame_counter import FrameCounter
from medseg_gui.qt.frame_pixels import shown_size
from medseg_gui.qt.projecting import Projecting
from medseg_gui.qt.propagating import Propagating
from medseg_gui.qt.reviewing import Reviewing
from medseg_gui.qt.scanning import Scanning
from medseg_gui.qt.settings_keeper import SettingsKeeper
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.manual import ManualState
from medseg_gui.qt.state.performance import PerformanceState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.project import ProjectState
from medseg_gui.qt.state.propagation import PropagationState
from medseg_gui.qt.state.review import ReviewState
from medseg_gui.qt.state.session import SessionState, SourceInfo, WeightsEntry
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.training import Training
from medseg_gui.qt.training_judging import Judging
from medseg_gui.qt.training_planning import Planning
from medseg_gui.qt.training_previewing import Previewing
from medseg_gui.qt.training_versioning import Versioning
from medseg_gui.qt.workers.check import Checks, CheckWorker
from medseg_gui.qt.workers.clean import CleanWorker
from medseg_gui.qt.workers.compose import ComposeRequest, ComposeWorker
from medseg_gui.qt.workers.decode import FRAMES_AHEAD, DecodeWorker
from medseg_gui.qt.workers.edit import EditWorker
from medseg_gui.qt.workers.explain import ExplainWorker
from medseg_gui.qt.workers.explainers import Explainers
from medseg_gui.qt.workers.judge import JudgeWorker
from medseg_gui.qt.workers.manual import ManualWorker
from medseg_gui.qt.workers.networks import Networks
from medseg_gui.qt.workers.picture import PictureWorker
from medseg_gui.qt.workers.project import ProjectWorker
from medseg_gui.qt.workers.propagate import PropagateWorker
from medseg_gui.qt.workers.scan import ScanWorker
from medseg_gui.qt.workers.score import ScoreWorker
from medseg_gui.qt.workers.segment import SegmentWorker
from medseg_gui.qt.workers.store import StoreWorker
from medseg_gui.qt.workers.train import TrainWorker
from medseg_gui.qt.workers.worker import Worker
from medseg_gui.settings import Settings
from medseg_gui.types import Frame, Segmentation, UInt8Array

logger = logging.getLogger(__name__)

# In half a second the scope has moved on: an older mask would lie on other tissue and mislead more than none.
STALE_AFTER_S = 0.5
# An overlay that comes so shortly before the next frame is drawn together with it: to paint once more in between
# would make that frame late.
WITH_NEXT_FRAME_S = 0.015


@dataclass(frozen=True, eq=False)
class Workers:
    """The workers of one window, not yet started; tests put in their own."""

    decode: DecodeWorker = field(default_factory=DecodeWorker)
    segment: SegmentWorker = field(default_factory=SegmentWorker)
    compose: ComposeWorker = field(default_factory=ComposeWorker)
    scan: ScanWorker = field(default_factory=ScanWorker)
    store: StoreWorker = field(default_factory=StoreWorker)
    explain: ExplainWorker = field(default_factory=ExplainWorker)
    picture: PictureWorker = field(default_factory=PictureWorker)
    check: CheckWorker = field(default_factory=CheckWorker)
    edit: EditWorker = field(default_factory=EditWorker)
    propagate: PropagateWorker = field(default_factory=PropagateWorker)
    project: ProjectWorker = field(default_factory=ProjectWorker)
    score: ScoreWorker = field(default_factory=ScoreWorker)
    clean: CleanWorker = field(default_factory=CleanWorker)
    train: TrainWorker = field(default_factory=TrainWorker)
    judge: JudgeWorker = field(default_factory=JudgeWorker)
    manual: ManualWorker = field(default_factory=ManualWorker)

    @classmethod
    def for_device(cls, device: str) -> Workers:
        """Workers whose networks run on a device, one of `device.DEVICES`."""
        return cls(
            segment=SegmentWorker(Networks(device)),
            scan=ScanWorker(networks=Networks(device)),
            explain=ExplainWorker(Explainers(device)),
            check=CheckWorker(Checks(device)),
            propagate=PropagateWorker(networks=Networks(device)),
            score=ScoreWorker(networks=Networks(device), explainers=Explainers(device)),
            judge=JudgeWorker(device),
        )

    @property
    def all(self) -> tuple[Worker, ...]:
        """Each of them."""
        return tuple(getattr(self, f.name) for f in fields(self))


class Pipeline(QObject):
    """Owns the state and the workers, from `start` to `close`.

    Args:
        settings: what to begin with.
        workers: by default those for the device in the settings.
    """

    def __init__(self, settings: Settings, workers: Workers | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = AppState(
            session=SessionState(self),
            playback=PlaybackState(self),
            display=DisplayState(self),
            analysis=AnalysisState(self),
            performance=PerformanceState(self),
            explanation=ExplanationState(self),
            correction=CorrectionState(self),
            propagation=PropagationState(self),
            project=ProjectState(self),
            review=ReviewState(self),
            training=TrainingState(self),
            manual=ManualState(self),
        )
        self._workers = workers or Workers.for_device(settings.device)
        self._source_id = ""
        self._ahead: dict[int, tuple[Frame, UInt8Array]] = {}
        self._loaded: dict[int, str] = {}
        self._is_frame_failing = False
        self._waiting_overlay: Overlay | None = None
        self.counter = FrameCounter(self.state.performance, self)
        self.settings = SettingsKeeper(settings, self.state, self)
        self._ask_workers()
        self._hear_workers()
        self.scanning = Scanning(self.state, self._workers.scan, self)
        self.explaining = Explaining(self.state, self._workers.explain, self._workers.picture, self)
        self.checking = Checking(self.state, self._workers.check, self)
        self.correcting = Correcting(self.state, self._workers.edit, self)
        self.propagating = Propagating(self.state, self._workers.propagate, self)
        self.projecting = Projecting(self.state, self._workers.project, self._workers.clean, self)
        self.reviewing = Reviewing(self.state, self._workers.project, self._workers.score, self.projecting, self)
        self._wire_training()
        self._workers.decode.project_found.connect(self.projecting.open_folder)

    def start(self) -> None:
        """Start all threads."""
        for worker in self._workers.all:
            worker.start()
        self.counter.start()
        self.projecting.open_default()

    def close(self) -> None:
        """End all threads and wait for them; twice does no harm."""
        self.state.playback.pause()
        self.counter.stop()
        self._workers.edit.stop()
        self._workers.edit.wait()
        # The last stroke is packed by now, and must reach the project before that closes.
        QCoreApplication.sendPostedEvents(self.state.correction)
        for worker in self._workers.all:
            worker.stop()
        for worker in self._workers.all:
            worker.wait()

    @property
    def is_running(self) -> bool:
        """Whether any thread still runs."""
        return any(worker.is_running for worker in self._workers.all)

    def _wire_training(self) -> None:
        state, project, train, judge = self.state, self._workers.project, self._workers.train, self._workers.judge
        self.planning = Planning(state, project, train, judge, self)
        self.training = Training(state, project, train, self)
        self.previewing = Previewing(state, project, train, self)
        self.judging = Judging(state, project, train, judge, self._workers.segment, self)
        self.versioning = Versioning(state, judge, self)

    def _ask_workers(self) -> None:
        # Each to a method of our own: connected to a worker's method, the call would wait on the worker's thread.
        state = self.state
        state.session.open_requested.connect(self.on_open_requested)
        state.session.weights_chosen.connect(self.on_weights_chosen)
        state.playback.frame_wanted.connect(self.on_frame_wanted)
        state.playback.loop_changed.connect(self.on_loop_changed)
        state.playback.playing_changed.connect(self.on_playing_changed)
        state.display.view_changed.connect(self.on_view_changed)
        state.display.threshold_changed.connect(self.compose_again)
        state.display.probability_shown_changed.connect(self.compose_again)
        state.manual.page_wanted.connect(self.on_page_wanted)
        self.settings.changed.connect(self.on_settings_changed)

    def _hear_workers(self) -> None:
        workers = self._workers
        for worker in workers.all:
            worker.failed.connect(self.state.session.fail)
        workers.decode.opened.connect(self.on_opened)
        workers.decode.frame_ready.connect(self.on_frame_ready)
        workers.decode.frame_ahead.connect(self.on_frame_ahead)
        workers.decode.pixels_ready.connect(self.state.playback.set_pixels)
        workers.decode.frame_failed.connect(self.on_frame_failed)
        workers.segment.sizes_known.connect(workers.decode.shrink_to)
        workers.segment.device_known.connect(self.state.session.set_device)
        workers.segment.weights_listed.connect(self.on_weights_listed)
        workers.segment.identified.connect(self.state.session.set_weights_id)
        workers.segment.loaded.connect(self.on_loaded)
        workers.segment.refused.connect(self.on_refused)
        workers.segment.segmented.connect(self.on_segmented)
        workers.compose.composed.connect(self.on_composed)
        workers.manual.page_read.connect(self.state.manual.set_page)

    def on_settings_changed(self, settings: Settings) -> None:
        """Have them saved."""
        self._workers.store.save(settings)

    def on_page_wanted(self, name: str) -> None:
        """A person reads the user guide."""
        self._workers.manual.read(name)

    # The source and its frames

    def on_open_requested(self, spec: str) -> None:
        """A person wants to see something else."""
        self._workers.decode.open(spec)

    def on_playing_changed(self, is_playing: bool) -> None:
        """An overlay that waited for the next frame is drawn now: none comes."""
        if not is_playing:
            self._draw_waiting()

    def on_opened(self, source: SourceInfo) -> None:
        """Everything begins anew; the session tells last, when the rest is ready."""
        self.scanning.stop()
        self._source_id = source.source_id
        self._ahead.clear()
        self._is_frame_failing = False
        self._waiting_overlay = None
        self.state.analysis.reset(source.frame_count)
        self.state.playback.reset(source.frame_times, source.is_live)
        self.state.session.set_source(source)

    def on_frame_wanted(self, index: int) -> None:
        """The clock or a person asks for a frame: show it at once if it is ready, or have it decoded."""
        if (ahead := self._ahead.pop(index, None)) is not None:
            self.on_frame_ready(*ahead)
        else:
            self._ahead.clear()
            self._workers.decode.request(self._source_id, index)

    def on_frame_ahead(self, frame: Frame, pixels: UInt8Array) -> None:
        """Keep it until it is due: no other thread needs to be asked then."""
        if frame.source_id == self._source_id:
            self._ahead[frame.index] = (frame, pixels)
            if len(self._ahead) > FRAMES_AHEAD:  # one was skipped
                self._ahead.pop(next(iter(self._ahead)))

    def on_loop_changed(self) -> None:
        """After its last frame comes its first."""
        self._workers.decode.loop(self.state.playback.loop)

    def on_view_changed(self, view: tuple[int, int] | None) -> None:
        """Frames are shown at another size."""
        self._ahead.clear()
        self._workers.decode.fit_to(view, self.state.playback.frame)

    def on_frame_ready(self, frame: Frame, pixels: UInt8Array) -> None:
        """Show it, then let the networks look at it."""
        if frame.source_id != self._source_id:
            return
        self._is_frame_failing = False
        self.state.playback.set_frame(frame, pixels)
        view = self.state.display.view
        if (pixels.shape[1], pixels.shape[0]) != shown_size(frame.rgb, view):  # the view changed on its way here
            self._workers.decode.fit_to(view, frame)
        self._draw_waiting()
        self._judge_overlay()
        self._look_at(frame)

    def on_painted(self) -> None:
        """The frame stands on screen: time to make the next one ready."""
        self.counter.count_shown()
        self._workers.decode.read_ahead(self._source_id, self.state.playback.index)

    def on_frame_failed(self, error: MedsegError, is_gone: bool) -> None:
        """Say it once and go on with the frames after it, unless there will be none."""
        playback = self.state.playback
        if not (self._is_frame_failing and playback.is_playing):
            self.state.session.fail(error)
        self._is_frame_failing = True
        if is_gone:
            playback.pause()

    def _look_at(self, frame: Frame) -> None:
        # While weights are being loaded, what the earlier ones see would be thrown away.
        is_ready = self._chosen() == {c: name for c, name in self._loaded.items() if name}
        if self._chosen() and is_ready and not self._workers.segment.segment(frame):
            self.counter.count_dropped()

    # Networks

    def on_weights_listed(self, weights: tuple[WeightsEntry, ...]) -> None:
        """Begin with the weights that were used last, or the first there are."""
        self.state.session.set_weights(weights)
        for class_id, name in self.settings.remembered_weights(weights).items():
            self.state.session.choose_weights(class_id, name)

    def on_weights_chosen(self, class_id: int, name: str) -> None:
        """What other weights saw no longer holds."""
        self.scanning.stop()
        self._waiting_overlay = None
        self.state.analysis.forget_class(class_id)
        self.state.analysis.forget_segmentation()
        self._workers.segment.choose(class_id, name)

    def on_loaded(self, class_id: int, name: str) -> None:
        """Look at the frame on screen with them; only now explain what they see."""
        self._loaded[class_id] = name
        self.explaining.on_predicting(class_id, name)
        if self.state.playback.frame is not None:
            self._look_at(self.state.playback.frame)

    def on_refused(self, class_id: int, name: str, kept: str) -> None:
        """Go back to the earlier weights, unless others were chosen meanwhile."""
        if self.state.session.chosen.get(class_id) == name:
            self.state.session.choose_weights(class_id, kept)

    def on_segmented(self, segmentation: Segmentation) -> None:
        """Note it on the timeline and have it drawn."""
        if not self._is_current(segmentation):
            return
        self.counter.count_predicted(segmentation.latency_ms)
        self.state.analysis.set_segmentation(segmentation)
        self.compose_again()

    def compose_again(self) -> None:
        """Draw the newest segmentation as the display wants it now; no network is asked."""
        segmentation = self.state.analysis.segmentation
        if segmentation is None or self._is_stale(segmentation.frame_index):
            return
        display = self.state.display
        thresholds = dict.fromkeys(segmentation.probability, display.threshold)
        self._workers.compose.compose(ComposeRequest(segmentation, thresholds, display.show_probability))

    def on_composed(self, overlay: Overlay, segmentation: Segmentation) -> None:
        """Draw it, unless the picture has moved on too far."""
        if not self._is_current(segmentation) or self._is_stale(overlay.frame_index):
            return
        if self.state.playback.next_due_in_s < WITH_NEXT_FRAME_S:
            self._waiting_overlay = overlay
        else:
            self._draw(overlay)

    def _draw(self, overlay: Overlay) -> None:
        self._waiting_overlay = None
        self.state.analysis.set_overlay(overlay)
        self._judge_overlay()

    def _draw_waiting(self) -> None:
        """The overlay that waited for this frame, or for a pause."""
        if self._waiting_overlay is not None:
            self._draw(self._waiting_overlay)

    def _judge_overlay(self) -> None:
        """How late the overlay is for the frame on screen; one that is too old goes."""
        overlay, frame = self.state.analysis.overlay, self.state.playback.frame
        if overlay is None or frame is None:
            return
        if self._is_stale(overlay.frame_index):
            self.state.analysis.set_overlay(None)
            self.state.analysis.set_late(0)
        else:
            self.state.analysis.set_late(frame.index - overlay.frame_index)

    def _is_current(self, segmentation: Segmentation) -> bool:
        """Whether it is of the source that is open and of exactly the weights that are chosen."""
        names = {c: weights_id.rsplit("@", 1)[0] for c, weights_id in segmentation.weights.items()}
        return segmentation.source_id == self._source_id and names == self._chosen()

    def _is_stale(self, index: int) -> bool:
        """Whether a frame lies after the one on screen (somebody jumped back) or too long before it."""
        frame, source = self.state.playback.frame, self.state.session.source
        if frame is None or source is None:
            return True
        times = source.frame_times
        behind = frame.index - index
        behind_s = frame.time_s - times[index] if index < len(times) else behind / source.frame_rate
        return behind < 0 or behind_s > STALE_AFTER_S

    def _chosen(self) -> dict[int, str]:
        return {class_id: name for class_id, name in self.state.session.chosen.items() if name}
