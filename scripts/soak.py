"""Plays thousands of frames in the real window, with jumps, and watches memory, threads, handles and latency.

    python scripts/soak.py                       # 10 000 frames of the bundled demo
    python scripts/soak.py --day --frames 200000 # a working day: also other sources, explanations, corrections and
                                                 # two fine-tuning runs

Prints a table and exits with 1 when memory grew by more than allowed after the warm-up, or threads or handles did.
Explanations are kept on purpose, up to a bound (relevance_cache.py): `kept_mb` tells how much, and is no growth.
The working memory of a prediction, of an explanation and of a source comes and goes by hundreds of megabytes within
seconds, so memory is looked at every hundred frames: `memory_mb` is the peak since the last row, `working_mb` the peak
without the kept explanations, which is judged, and `in_use_mb` the median of what the program itself holds of it (glibc
alone): a leak would show there, whatever the C library keeps free for the next frame. Memory is that of the window and
of the process that explains; `in_use_mb`, threads and handles are the window's.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from medseg_gui.allocator import keep_freed_memory
from medseg_gui.errors import MedsegError
from medseg_gui.overlay import Overlay
from medseg_gui.qt.app import Window, build_application, has_screen
from medseg_gui.qt.playback_bench import memory_bytes
from medseg_gui.qt.training_load import write_frames
from medseg_gui.qt.workers.train import FINISHED, Ending, Start, TrainWorker
from medseg_gui.settings import load_settings
from medseg_gui.training.job import TrainingJob
from medseg_gui.types import POLYP

_SAMPLES = 20
_LOOK_EVERY = 100  # painted frames
_MB = 1024**2
_DEED_EVERY = 400  # painted frames
_STANDS_MS = 4000  # for a correction: the network looks at the frame, a stroke is drawn and saved
_TRAINED_AT = (0.35, 0.65)  # of the way; both runs lie between the first and the last sample that are compared
_TRAINING = {"epochs": 2, "batch-size": 8, "lr": 3e-4}


class Soak(QObject):
    """Plays until so many frames were painted; every sample jumps somewhere else.

    Attributes:
        samples: at each twentieth of the way: frames, memory in MB, threads, handles and latency.
    """

    def __init__(self, window: Window, frames: int) -> None:
        super().__init__()
        self._window, self._frames = window, frames
        self._process = psutil.Process()
        self._random = random.Random(0)
        self._latencies_ms: list[float] = []
        self._memory_mb: list[float] = []
        self._working_mb: list[float] = []
        self._in_use_mb: list[float] = []
        self.painted = self._predicted = 0
        self.samples: list[dict[str, float]] = []
        window.main.picture.painted.connect(self.on_painted)
        window.state.analysis.segmentation_changed.connect(self.on_segmented)
        window.state.analysis.overlay_changed.connect(self.on_overlay)
        window.state.session.failed.connect(self.on_failed)
        self._painted_before = -1
        self._rests = QTimer(self, interval=3 * _STANDS_MS)
        self._rests.timeout.connect(self.on_rest)
        self._rests.start()

    @property
    def share(self) -> float:
        """Of the way."""
        return self.painted / self._frames

    def on_overlay(self, overlay: Overlay | None) -> None:
        """The networks are there: begin."""
        if overlay is not None:
            self._window.state.analysis.overlay_changed.disconnect(self.on_overlay)
            self.play()

    def play(self) -> None:
        """Over and over, as fast as the window does."""
        playback = self._window.state.playback
        playback.set_speed(4.0)
        playback.set_loop((0, playback.frame_count - 1))
        playback.play()

    def on_rest(self) -> None:
        """On a busy computer a correction is drawn after its time, and stops the playback for good."""
        if self.painted == self._painted_before and not self._window.state.playback.is_playing:
            self._window.state.playback.play()
        self._painted_before = self.painted

    def jump(self) -> None:
        """To any frame."""
        playback = self._window.state.playback
        playback.seek(self._random.randrange(playback.frame_count))

    def on_segmented(self) -> None:
        """A frame was predicted."""
        segmentation = self._window.state.analysis.segmentation
        if segmentation is not None:
            self._predicted += 1
            self._latencies_ms.append(segmentation.latency_ms)

    def on_painted(self) -> None:
        """A frame was painted."""
        self.painted += 1
        if self.painted % _LOOK_EVERY == 0:
            self._look()
        if self.painted % max(self._frames // _SAMPLES, 1) == 0:
            self._sample()
            self.jump()
        if self.painted >= self._frames:
            QApplication.quit()

    def on_failed(self, error: MedsegError) -> None:
        """Nothing may fail in a soak."""
        print(error, file=sys.stderr)
        QApplication.exit(1)

    @property
    def _kept_mb(self) -> float:
        return self._window.state.explanation.cache.used_bytes / _MB

    def _look(self) -> None:
        self._memory_mb.append(memory_bytes() / _MB)
        self._working_mb.append(self._memory_mb[-1] - self._kept_mb)
        self._in_use_mb.append(_allocated_bytes() / _MB)

    def _sample(self) -> None:
        self._look()
        row = {
            "frames": self.painted,
            "predicted": self._predicted,
            "memory_mb": round(max(self._memory_mb), 1),
            "kept_mb": round(self._kept_mb, 1),
            "working_mb": round(max(self._working_mb), 1),
            "in_use_mb": round(statistics.median(self._in_use_mb), 1),
            "threads": self._process.num_threads(),
            "handles": _handles(self._process),
            "latency_ms": round(statistics.median(self._latencies_ms or [0.0]), 1),
        }
        for measured in (self._latencies_ms, self._memory_mb, self._working_mb, self._in_use_mb):
            measured.clear()
        self.samples.append(row)
        print(" ".join(f"{name} {value:>8}" for name, value in row.items()), file=sys.stderr, flush=True)


class Day(QObject):
    """What people do between two stretches of playing: one deed after another, over and over.

    Args:
        window: whose.
        soak: plays meanwhile.
        sources: opened in turn.
        jobs: fine-tuning runs, begun at _TRAINED_AT.
    """

    def __init__(self, window: Window, soak: Soak, sources: Sequence[str], jobs: Sequence[TrainingJob]) -> None:
        super().__init__()
        self._state, self._soak, self._jobs = window.state, soak, list(jobs)
        self._sources = cycle(sources)
        self._deeds: Iterator[Callable[[], None]] = cycle(
            (
                lambda: self._state.explanation.set_method("lrp"),
                soak.jump,
                lambda: self._state.explanation.set_method("gradcam"),
                lambda: self._state.explanation.set_method("off"),
                self._correct,
                self._open_next,
            )
        )
        self.trained = self.corrected = self.opened = 0
        self._trainer = TrainWorker()
        self._trainer.ended.connect(self.on_trained)
        self._trainer.failed.connect(soak.on_failed)
        self._trainer.start()
        window.main.picture.painted.connect(self.on_painted)
        window.state.session.source_changed.connect(self.on_source_changed)

    def on_painted(self) -> None:
        """It is time for a deed, or for a fine-tuning run."""
        if self._soak.painted % _DEED_EVERY == 0:
            next(self._deeds)()
        begun = len(_TRAINED_AT) - len(self._jobs)
        if self._jobs and self._soak.share >= _TRAINED_AT[begun]:
            self._trainer.train(self._jobs.pop(0))

    def on_source_changed(self) -> None:
        """Another one was opened: play it."""
        self.opened += 1
        self._soak.play()

    def on_trained(self, start: Start, ending: Ending) -> None:
        """A run came to its end."""
        if ending.kind == FINISHED:
            self.trained += 1
        else:
            self._soak.on_failed(ending.error or MedsegError(f"The fine-tuning run was {ending.kind}."))

    def close(self) -> None:
        """End the run that goes on."""
        self._trainer.stop()
        self._trainer.wait()

    def _open_next(self) -> None:
        self._state.session.open(next(self._sources))

    def _correct(self) -> None:
        self._state.playback.pause()
        QTimer.singleShot(_STANDS_MS // 2, self._stroke)
        QTimer.singleShot(_STANDS_MS, self._state.playback.play)

    def _stroke(self) -> None:
        """Draw across the frame, take it back, do it again, accept: all of it is saved."""
        correction, frame = self._state.correction, self._state.playback.frame
        if frame is None or not correction.begin_stroke(frame.size[1] / 3, frame.size[0] / 3, 1.0, erases=False):
            return
        correction.extend_stroke(frame.size[1] / 2, frame.size[0] / 2, 1.0)
        correction.end_stroke()
        QTimer.singleShot(_STANDS_MS // 8, correction.undo)
        QTimer.singleShot(_STANDS_MS // 4, correction.redo)
        QTimer.singleShot(3 * _STANDS_MS // 8, correction.accept)
        self.corrected += 1


def main(argv: Sequence[str] | None = None) -> int:
    """Soak; exit status 0 when memory stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--allowed-mb", type=float, default=50.0, help="growth after the first quarter (default 50)")
    parser.add_argument("--day", action="store_true", help="with all else that people do on a working day")
    args = parser.parse_args(argv)
    if not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    keep_freed_memory()  # as `medseg` does
    app = build_application(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="medseg-soak-", ignore_cleanup_errors=True) as home:
        if args.day:
            os.environ["MEDSEG_HOME"] = home  # corrections are no person's
        window = Window(load_settings())
        soak = Soak(window, args.frames)
        day = Day(window, soak, _sources(Path(home), args.source), _jobs(Path(home))) if args.day else None
        QTimer.singleShot(0, lambda: window.show(args.source))
        status = app.exec()
        if day is not None:
            day.close()
            print(json.dumps({"corrected": day.corrected, "opened": day.opened, "trained": day.trained}))
            status = status or int(day.trained < len(_TRAINED_AT))
        window.pipeline.close()
    return status or _verdict(soak.samples, args.allowed_mb)


def _sources(home: Path, first: str) -> tuple[str, ...]:
    """A folder of pictures, and what was open at first."""
    write_frames(home / "pictures")
    return str(home / "pictures" / "learnt" / "images"), first


def _jobs(home: Path) -> list[TrainingJob]:
    """Two fine-tuning runs, as the training page would start them."""
    jobs = [
        TrainingJob(home / f"job{i}", "polyp-unet_lite0", "unet_lite0", POLYP, ("held-out",), _TRAINING)
        for i in range(len(_TRAINED_AT))
    ]
    for job in jobs:
        write_frames(job.data)
    return jobs


def _handles(process: psutil.Process) -> int:
    """Open files, sockets and pipes."""
    return process.num_handles() if sys.platform == "win32" else process.num_fds()


class _MallocInfo(ctypes.Structure):
    """`struct mallinfo2` of malloc.h, glibc 2.33 and newer: ten sizes."""

    _fields_ = [("sizes", ctypes.c_size_t * 10)]
    _HBLKHD, _UORDBLKS = 4, 7  # bytes in mappings of their own, and in use in all heaps

    @property
    def in_use(self) -> int:
        """Bytes that were set aside and not freed yet."""
        return int(self.sizes[self._HBLKHD] + self.sizes[self._UORDBLKS])


def _allocated_bytes() -> int:
    """What was set aside through the C library and not freed yet, in all threads; 0 where it does not tell."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None) if sys.platform.startswith("linux") else None
    if mallinfo is None:
        return 0
    mallinfo.restype = _MallocInfo
    return mallinfo().in_use


def _verdict(samples: list[dict[str, float]], allowed_mb: float) -> int:
    """The first quarter warms caches; from there on memory must stay, and no thread or handle come and not go.

    A video has decoder threads that a folder of pictures has not, so each figure is the most of a quarter.
    """
    quarter = max(len(samples) // 4, 1)
    first, last = (
        {
            name: max(row[name] for row in rows)
            for name in ("memory_mb", "kept_mb", "working_mb", "in_use_mb", "threads", "handles")
        }
        for rows in (samples[:quarter], samples[-quarter:])
    )
    growth = last["working_mb"] - first["working_mb"]
    print(json.dumps({"first quarter": first, "last quarter": last, "growth_mb": round(growth, 1)}, indent=2))
    print(f"median latency: {samples[0]['latency_ms']} ms at the start, {samples[-1]['latency_ms']} ms at the end")
    return int(growth > allowed_mb or any(last[name] > first[name] for name in ("threads", "handles")))


if __name__ == "__main__":
    sys.exit(main())
