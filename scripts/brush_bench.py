"""How long brush and undo keep a person waiting on a frame of 3840×2160 pixels.

    python scripts/brush_bench.py
    QT_QPA_PLATFORM=offscreen python scripts/brush_bench.py --width 3840 --height 2160 --segments 600 --json

The real view, correction and edit worker, with a mask that already covers a fifth of the frame. A segment is timed from
the mouse event until the view has been painted; so is the press that begins a stroke, and an undo, from the key until
the view has been painted. The window is 1600×900, the frame fitted into it. "own" is processor time of the main
thread, which other programs do not lengthen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication

from medseg_gui.editing import Lesions
from medseg_gui.qt.app import build_application
from medseg_gui.qt.correcting import Correcting
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.correction_requests import Proposal, key_of
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.performance import PerformanceState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.propagation import PropagationState
from medseg_gui.qt.state.session import SessionState
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.qt.workers.edit import EditWorker, picture_of
from medseg_gui.types import Frame

_VIEW = (1600, 900)
_SEGMENTS_A_STROKE = 60
_BRUSH_PX = 60.0


class TimedView(VideoView):
    """Notes when it was painted."""

    painted_at = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, then note the time."""
        super().paintEvent(event)
        self.painted_at = time.perf_counter()


class Bench:
    """A window with a large frame, and a worker beside it.

    Args:
        width, height: of the frame in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.state = AppState(
            SessionState(), PlaybackState(), DisplayState(), AnalysisState(), PerformanceState(), ExplanationState(),
            CorrectionState(), PropagationState(),
        )  # fmt: skip
        self.own_ms = 0.0
        self.worker = EditWorker()
        self.correcting = Correcting(self.state, self.worker)
        state = self.state
        self.view = TimedView(state.playback, state.analysis, state.display, state.explanation, state.correction)
        self.view.resize(*_VIEW)
        self.view.show()
        self.worker.start()
        self.frame = make_frame(width, height)
        state.playback.set_frame(self.frame)
        state.correction.set_proposal(Proposal(key_of(self.frame), picture_of(make_lesions(width, height))))
        state.correction.set_brush_px(_BRUSH_PX)
        state.correction.set_tool("brush")
        self.settle()

    def close(self) -> None:
        """End the worker."""
        self.worker.stop()
        self.worker.wait()

    def settle(self) -> None:
        """Let the worker finish."""
        until = time.perf_counter() + 60
        while self.is_unfinished and time.perf_counter() < until:
            QApplication.processEvents()
        QApplication.processEvents()

    @property
    def is_unfinished(self) -> bool:
        """Whether a change is not packed yet, or its outlines are not drawn."""
        correction = self.state.correction
        drawn = correction.picture.lesions if correction.picture is not None else None
        return correction.is_pending or drawn is not correction.lesions

    def time_ms(self, act: Callable[[], object]) -> float:
        """From something a person does until the view has been painted."""
        started, own = time.perf_counter(), time.thread_time()
        act()
        while self.view.painted_at < started:
            QApplication.processEvents()
        self.own_ms = (time.thread_time() - own) * 1000
        return (self.view.painted_at - started) * 1000

    def send(self, kind: QEvent.Type, x: float, y: float) -> None:
        """A mouse event at a place in shares of the frame."""
        at = self.view.zoom.transform.map(QPointF(x * self.frame.size[1], y * self.frame.size[0]))
        is_move = kind == QEvent.Type.MouseMove
        button = Qt.MouseButton.NoButton if is_move else Qt.MouseButton.LeftButton
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, at, self.view.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.view, event)

    def stroke(self, rng: np.random.Generator) -> tuple[float, list[float], list[float]]:
        """A stroke across the frame: (ms of the press, ms of each segment, processor time of each)."""
        start, end = rng.uniform(0.1, 0.9, 2), rng.uniform(0.1, 0.9, 2)
        press = self.time_ms(lambda: self.send(QEvent.Type.MouseButtonPress, *start))
        segments, own = [], []
        for share in np.linspace(0, 1, _SEGMENTS_A_STROKE)[1:]:
            x, y = start + (end - start) * share + 0.02 * np.sin(20 * share)
            segments.append(self.time_ms(lambda x=x, y=y: self.send(QEvent.Type.MouseMove, x, y)))  # type: ignore[misc]
            own.append(self.own_ms)
        self.send(QEvent.Type.MouseButtonRelease, *end)
        self.settle()
        return press, segments, own


def make_frame(width: int, height: int) -> Frame:
    """Smooth tissue with noise."""
    rng = np.random.default_rng(0)
    small = rng.integers(60, 200, (height // 60, width // 60, 3), dtype=np.uint8)
    return Frame(0, 0.0, "bench", cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def make_lesions(width: int, height: int) -> Lesions:
    """One lesion with a ragged outline over a fifth of the frame, one small one."""
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    radius = 0.33 * height * (1 + 0.08 * np.sin(17 * angles) + 0.03 * np.sin(61 * angles))
    outline = np.stack([0.5 * width + 1.3 * radius * np.cos(angles), 0.5 * height + radius * np.sin(angles)], axis=1)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
    cv2.circle(mask, (width // 10, height // 6), height // 20, 2, -1)
    return Lesions.from_mask(mask)


def measure(width: int, height: int, segments: int) -> dict[str, float]:
    """All figures in milliseconds."""
    bench, rng = Bench(width, height), np.random.default_rng(1)
    presses: list[float] = []
    moves: list[float] = []
    owns: list[float] = []
    try:
        while len(moves) < segments:
            press, of_stroke, own = bench.stroke(rng)
            owns += own
            presses.append(press)
            moves += of_stroke
        undos, own_undos = [], []
        while bench.state.correction.history.can_undo:
            undos.append(bench.time_ms(bench.state.correction.undo))
            own_undos.append(bench.own_ms)
            bench.settle()
    finally:
        bench.close()
    return {
        **{f"segment_{name}": float(np.percentile(moves, p)) for name, p in (("p50", 50), ("p99", 99), ("max", 100))},
        "segment_own_p99": float(np.percentile(owns, 99)),
        "press_max": max(presses),
        "undo_p50": float(np.median(undos)),
        "undo_max": max(undos),
        "undo_own_max": max(own_undos),
    }


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=3840)
    parser.add_argument("--height", type=int, default=2160)
    parser.add_argument("--segments", type=int, default=600)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    build_application(["brush_bench"])
    figures = measure(arguments.width, arguments.height, arguments.segments)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:16} {value:7.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
