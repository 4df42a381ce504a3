"""Plays thousands of frames in the real window, with jumps, and watches memory, threads and open files.

    python scripts/soak.py                       # 10 000 frames of the bundled demo
    python scripts/soak.py --frames 200000 --source video.mp4

Prints a table and exits with 1 when memory grew by more than allowed after the warm-up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence

import psutil
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from medseg_gui.allocator import keep_freed_memory
from medseg_gui.errors import MedsegError
from medseg_gui.overlay import Overlay
from medseg_gui.qt.app import Window, build_application, has_screen
from medseg_gui.settings import load_settings

_SAMPLES = 20
_MB = 1024**2


class Soak(QObject):
    """Plays until so many frames were painted; every sample jumps somewhere else.

    Attributes:
        samples: at each twentieth of the way: frames, memory in MB, threads and open files.
    """

    def __init__(self, window: Window, frames: int) -> None:
        super().__init__()
        self._window, self._frames = window, frames
        self._process = psutil.Process()
        self._random = random.Random(0)
        self._painted = self._predicted = 0
        self.samples: list[dict[str, float]] = []
        window.main.picture.painted.connect(self.on_painted)
        window.state.analysis.segmentation_changed.connect(self.on_segmented)
        window.state.analysis.overlay_changed.connect(self.on_overlay)
        window.state.session.failed.connect(self.on_failed)

    def on_overlay(self, overlay: Overlay | None) -> None:
        """The networks are there: begin."""
        if overlay is None:
            return
        self._window.state.analysis.overlay_changed.disconnect(self.on_overlay)
        playback = self._window.state.playback
        playback.set_speed(4.0)
        playback.set_loop((0, playback.frame_count - 1))
        playback.play()

    def on_segmented(self) -> None:
        """A frame was predicted."""
        self._predicted += 1

    def on_painted(self) -> None:
        """A frame was painted."""
        self._painted += 1
        if self._painted % max(self._frames // _SAMPLES, 1) == 0:
            self._sample()
            self._window.state.playback.seek(self._random.randrange(self._window.state.playback.frame_count))
        if self._painted >= self._frames:
            QApplication.quit()

    def on_failed(self, error: MedsegError) -> None:
        """Nothing may fail in a soak."""
        print(error, file=sys.stderr)
        QApplication.exit(1)

    def _sample(self) -> None:
        row = {
            "frames": self._painted,
            "predicted": self._predicted,
            "memory_mb": round(self._process.memory_info().rss / _MB, 1),
            "threads": self._process.num_threads(),
            "open_files": len(self._process.open_files()),
        }
        self.samples.append(row)
        print(" ".join(f"{name} {value:>8}" for name, value in row.items()), file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Soak; exit status 0 when memory stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--allowed-mb", type=float, default=50.0, help="growth after the first quarter (default 50)")
    args = parser.parse_args(argv)
    if not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    keep_freed_memory()  # as `medseg` does
    app = build_application(sys.argv[:1])
    window = Window(load_settings())
    soak = Soak(window, args.frames)
    QTimer.singleShot(0, lambda: window.show(args.source))
    status = app.exec()
    window.pipeline.close()
    return status or _verdict(soak.samples, args.allowed_mb)


def _verdict(samples: list[dict[str, float]], allowed_mb: float) -> int:
    """The first quarter warms caches; from there on memory must stay."""
    start, end = samples[len(samples) // 4], samples[-1]
    growth = end["memory_mb"] - start["memory_mb"]
    print(json.dumps({"start": start, "end": end, "growth_mb": round(growth, 1)}, indent=2))
    return int(growth > allowed_mb or end["threads"] > start["threads"])


if __name__ == "__main__":
    sys.exit(main())
