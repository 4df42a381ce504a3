"""Where in the source we are, and the clock that moves us on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from medseg_gui.types import Frame, UInt8Array

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
_LIVE_TICK_MS = 5


class PlaybackState(QObject):
    """Index, playing, speed and loop. While playing it asks for the frame that is due by the clock, so a slow
    computer leaves frames out instead of falling behind.

    Args:
        clock: seconds, monotonic; tests give their own.
    """

    frame_wanted = Signal(int)
    frame_changed = Signal(object)  # Frame
    pixels_changed = Signal()
    playing_changed = Signal(bool)
    speed_changed = Signal(float)
    loop_changed = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self.frame: Frame | None = None
        self.pixels: UInt8Array | None = None
        self.wanted_index = 0
        self.is_playing = False
        self.is_live = False
        self.speed = 1.0
        self.loop: tuple[int, int] | None = None
        self._times: NDArray[np.float64] = np.empty(0)
        self._clock = clock
        self._started_at = 0.0
        self._started_time_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.on_tick)

    @property
    def frame_count(self) -> int:
        """Frames of the source, 0 for a camera or when nothing is open."""
        return len(self._times)

    @property
    def index(self) -> int:
        """Index of the frame on screen, 0 when there is none."""
        return self.frame.index if self.frame else 0

    @property
    def next_due_in_s(self) -> float:
        """Seconds until another frame is due, 0 when it is overdue; endless while nothing plays by the clock."""
        if not self.is_playing or self.is_live:
            return math.inf
        return max(self._end_s(self.wanted_index) - self._now_s(), 0.0) / self.speed

    def reset(self, frame_times: NDArray[np.float64], is_live: bool = False) -> None:
        """Begin with a new source: first frame, paused (a camera runs), no loop."""
        self.pause()
        self.frame, self.pixels, self.loop, self.wanted_index = None, None, None, 0
        self._times, self.is_live = frame_times, is_live
        self.loop_changed.emit()
        if is_live:
            self.play()
        elif self.frame_count:
            self.seek(0)

    def set_frame(self, frame: Frame, pixels: UInt8Array | None = None) -> None:
        """A decoded frame is to be shown.

        Args:
            frame: what is decoded.
            pixels: the same as the screen wants it (`frame_pixels`), if somebody has made that already.
        """
        self.frame, self.pixels = frame, pixels
        self.frame_changed.emit(frame)

    def set_pixels(self, frame: Frame, pixels: UInt8Array) -> None:
        """A frame was made ready for another size of the view; nothing happens when it is not on screen any more."""
        if frame is self.frame:
            self.pixels = pixels
            self.pixels_changed.emit()

    def seek(self, index: int) -> None:
        """Ask for a frame, the nearest there is; playing goes on from there."""
        if self.frame_count == 0:
            return
        self.wanted_index = min(max(index, 0), self.frame_count - 1)
        self._restart_clock()
        self.frame_wanted.emit(self.wanted_index)

    def step(self, frames: int) -> None:
        """Pause and go on or back by frames."""
        self.pause()
        self.seek(self.wanted_index + frames)

    def step_seconds(self, seconds: float) -> None:
        """Go on or back by time, at least one frame."""
        if self.frame_count:
            index = self._index_at(self._times[self.wanted_index] + seconds)
            least = self.wanted_index + (1 if seconds > 0 else -1)
            self.seek(max(index, least) if seconds > 0 else min(index, least))

    def toggle(self) -> None:
        """Play or pause; at the end, play from the beginning."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Start the clock."""
        if self.is_playing or not (self.frame_count or self.is_live):
            return
        if not self.is_live and self.wanted_index >= self._last_index():
            self.seek(self._first_index())
        self.is_playing = True
        self._restart_clock()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop the clock and stay on the frame."""
        if self.is_playing:
            self.is_playing = False
            self._timer.stop()
            self.playing_changed.emit(False)

    def set_speed(self, speed: float) -> None:
        """Play at a multiple of the source's own speed, within SPEEDS' ends."""
        self.speed = min(max(speed, SPEEDS[0]), SPEEDS[-1])
        self._restart_clock()
        self.speed_changed.emit(self.speed)

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Play first to last index over and over; None for the whole source once."""
        if loop is not None:
            first, last = sorted(min(max(i, 0), self.frame_count - 1) for i in loop)
            loop = (first, last) if last > first else None
        self.loop = loop
        self.loop_changed.emit()

    def on_tick(self) -> None:
        """Ask for the frame that is due now, when it is another than the last one asked for."""
        if not self.is_playing:
            return
        if self.is_live:
            self.frame_wanted.emit(-1)
        elif self._now_s() >= self._end_s(self._last_index()):
            self._turn_round()
        else:
            due = min(self._index_at(self._now_s()), self._last_index())
            if due != self.wanted_index:
                self.wanted_index = due
                self.frame_wanted.emit(due)
        self._wind_timer()

    def _turn_round(self) -> None:
        if self.loop is not None:
            self.seek(self.loop[0])
            return
        self.pause()
        if self.wanted_index != self._last_index():
            self.seek(self._last_index())
        self.ended.emit()

    def _now_s(self) -> float:
        """What the clock shows, in the source's time."""
        return self._started_time_s + (self._clock() - self._started_at) * self.speed

    def _end_s(self, index: int) -> float:
        """When a frame has had its time on screen; the last one of all gets as long as the one before."""
        if index + 1 < self.frame_count:
            return float(self._times[index + 1])
        length = self._times[index] - self._times[index - 1] if index else 0.04
        return float(self._times[index] + length)

    def _wind_timer(self) -> None:
        """Be called again when the frame on screen has had its time: exactly then, and not for nothing before."""
        if self.is_playing:
            self._timer.start(_LIVE_TICK_MS if self.is_live else math.ceil(self.next_due_in_s * 1000))

    def _first_index(self) -> int:
        return self.loop[0] if self.loop else 0

    def _last_index(self) -> int:
        return self.loop[1] if self.loop else self.frame_count - 1

    def _index_at(self, time_s: float) -> int:
        return max(int(np.searchsorted(self._times, time_s + 1e-6, side="right")) - 1, 0)

    def _restart_clock(self) -> None:
        """Time runs on from the frame asked for last."""
        self._started_at = self._clock()
        self._started_time_s = float(self._times[self.wanted_index]) if self.frame_count else 0.0
        self._wind_timer()
