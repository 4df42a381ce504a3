"""Plays a source in the real window and measures how smoothly: for `medseg bench`, the soak test and the README."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, QObject, QTimer

from medseg_gui.errors import MedsegError, SourceError
from medseg_gui.qt.app import Window, build_application, has_screen
from medseg_gui.qt.pipeline import Workers
from medseg_gui.qt.state.performance import Rates
from medseg_gui.qt.workers.store import StoreWorker
from medseg_gui.settings import Settings, load_settings

_START_TIMEOUT_S = 120.0
_PAINTED = 30
_MB = 1024**2


class PlaybackMeter(QObject):
    """Notes when frames were painted, predicted and shown without a prediction, from `start` on."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window = window
        self.painted_at: list[float] = []
        self.latencies_ms: list[float] = []
        self.dropped = 0.0
        self.explained = 0
        self._started_at = 0.0

    def start(self) -> None:
        """Begin to note."""
        self._started_at = time.perf_counter()
        self._window.main.picture.painted.connect(self.on_painted)
        self._window.state.analysis.segmentation_changed.connect(self.on_segmented)
        self._window.state.explanation.answer_changed.connect(self.on_explained)
        self._window.state.performance.rates_changed.connect(self.on_rates)

    def on_painted(self) -> None:
        """A new frame stands on screen."""
        self.painted_at.append(time.perf_counter())

    def on_segmented(self) -> None:
        """The networks looked at a frame."""
        segmentation = self._window.state.analysis.segmentation
        if segmentation is not None:
            self.latencies_ms.append(segmentation.latency_ms)

    def on_explained(self) -> None:
        """A frame was explained."""
        self.explained += self._window.state.explanation.relevance is not None

    def on_rates(self, rates: Rates) -> None:
        """Told once a second, so a rate is a count."""
        self.dropped += rates.dropped_per_s

    def figures(self) -> dict[str, float]:
        """What `measure_playback` gives, but for memory and start."""
        seconds = time.perf_counter() - self._started_at
        gaps_ms = np.diff(self.painted_at) * 1000 if len(self.painted_at) > 1 else np.zeros(1)
        return {
            "shown_per_s": len(self.painted_at) / seconds,
            "predicted_per_s": len(self.latencies_ms) / seconds,
            "explained_per_s": self.explained / seconds,
            "dropped_per_s": self.dropped / seconds,
            "repaint_gap_ms_p50": float(np.percentile(gaps_ms, 50)),
            "repaint_gap_ms_p99": float(np.percentile(gaps_ms, 99)),
            "repaint_gap_ms_max": float(gaps_ms.max()),
            "latency_ms": statistics.median(self.latencies_ms) if self.latencies_ms else 0.0,
        }


def measure_playback(
    spec: str, seconds: float, window: bool = True, explain: str = "off", train: tuple[str, str] | None = None
) -> dict[str, float]:
    """Play a source over and over and measure.

    Args:
        spec: a path or "demo".
        seconds: how long to measure, after the first overlay stands.
        explain: method of explaining meanwhile, as in the window; "off" for none.
        train: name and network of weights that a background process fine-tunes meanwhile; None for no training.
        window: on the screen, if there is one; otherwise nothing is shown, all is painted in memory.

    Returns:
        "shown_per_s", "predicted_per_s", "explained_per_s", "dropped_per_s"; "repaint_gap_ms_p50", "_p99", "_max"
        between new frames;
        "latency_ms" of a prediction, median; "paint_ms" of the picture with its overlay, median;
        "rss_mb_start", "rss_mb_end": `memory_bytes`;
        "window_visible_s", "first_overlay_s" from the call on; with training "trained_steps_per_s".

    Raises:
        MedsegError: the source or the weights cannot be used.
    """
    if not window or not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    begun_at = time.perf_counter()
    build_application(sys.argv[:1])
    player = _player()
    problems: list[MedsegError] = []
    player.state.session.failed.connect(problems.append)
    try:
        player.show(spec)
        _run_until(player.main.isVisible, problems)
        visible_s = time.perf_counter() - begun_at
        _run_until(lambda: player.state.analysis.overlay is not None, problems)
        overlay_s = time.perf_counter() - begun_at
        player.state.explanation.set_method(explain)
        _run_until(lambda: _is_explained(player), problems)
        return {
            **_play_beside(player, seconds, problems, train),
            "paint_ms": _paint_ms(player),
            "window_visible_s": visible_s,
            "first_overlay_s": overlay_s,
        }
    finally:
        player.main.close()
        player.pipeline.close()


def _player() -> Window:
    """The person's window, but what happens in it is not remembered."""
    settings = replace(load_settings(), speed=1.0)
    workers = Workers.for_device(settings.device)
    return Window(settings, replace(workers, store=StoreWorker(save=_forget)))


def _is_explained(player: Window) -> bool:
    """Whether explanations come, or none are wanted; the networks for them are loaded by then."""
    wish = player.state.explanation
    return not wish.is_on or wish.relevance is not None or wish.refusal is not None


def _forget(settings: Settings) -> None:
    """In place of saving."""


def _play_beside(
    player: Window, seconds: float, problems: list[MedsegError], train: tuple[str, str] | None
) -> dict[str, float]:
    if train is None:
        return _play(player, seconds, problems)
    from medseg_gui.qt.training_load import training

    with training(*train) as load:
        steps = load.steps
        figures = _play(player, seconds, problems)
        return {**figures, "trained_steps_per_s": (load.steps - steps) / seconds}


def _play(player: Window, seconds: float, problems: list[MedsegError]) -> dict[str, float]:
    playback = player.state.playback
    if playback.frame_count < 2:
        raise SourceError("This source has no two frames to play; choose a video or a folder.")
    playback.set_loop((0, playback.frame_count - 1))
    playback.play()
    meter = PlaybackMeter(player)
    _run_for(1.0)  # the first second still warms caches
    rss_start = memory_bytes()
    meter.start()
    _run_for(seconds)
    figures = meter.figures()
    playback.pause()
    if problems:
        raise problems[0]
    return {**figures, "rss_mb_start": rss_start / _MB, "rss_mb_end": memory_bytes() / _MB}


def memory_bytes() -> int:
    """What this program takes: the window and the process that explains, without one that trains.

    Libraries that both have loaded count twice.
    """
    window = psutil.Process()
    return window.memory_info().rss + sum(_helper_bytes(child) for child in window.children())


def _helper_bytes(child: psutil.Process) -> int:
    try:
        return int(child.memory_info().rss) if any("multiprocessing" in word for word in child.cmdline()) else 0
    except psutil.Error:  # it has just ended
        return 0


def _paint_ms(player: Window) -> float:
    """Median time to paint the picture with everything over it."""
    times_ms = []
    for _ in range(_PAINTED):
        started = time.perf_counter()
        player.main.picture.repaint()
        times_ms.append((time.perf_counter() - started) * 1000)
    return statistics.median(times_ms)


def _run_for(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def _run_until(is_done: Callable[[], bool], problems: list[MedsegError]) -> None:
    """Let events happen until something is so.

    Raises:
        MedsegError: the first problem on the way, or it took too long.
    """
    started_at = time.perf_counter()
    while not is_done():
        _run_for(0.005)
        if problems:
            raise problems[0]
        if time.perf_counter() - started_at > _START_TIMEOUT_S:
            raise MedsegError("The window showed no overlay in two minutes; look at `medseg weights list`.")
