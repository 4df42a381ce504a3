"""How long each station of a frame's journey takes, without a window."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from medseg_gui.media import Source
from medseg_gui.overlay import compose
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import Frame

T = TypeVar("T")
_WARM_UP = 3


@dataclass(frozen=True)
class Timing:
    """Times of one station.

    Attributes:
        station: "decode", "preprocess", "predict", "compose" …
        median_ms: half of all took less.
        p99_ms: 99 of 100 took less.
        count: how often it was measured.
    """

    station: str
    median_ms: float
    p99_ms: float
    count: int

    @property
    def per_second(self) -> float:
        """How many a second at the median."""
        return 1000 / self.median_ms if self.median_ms else float("inf")


def time_stations(source: Source, segmenter: Segmenter, frames: int) -> list[Timing]:
    """Measure each station by itself on the first frames of a source.

    Args:
        source: an open source with at least one frame.
        segmenter: the network to time.
        frames: how many frames to measure on; the source is read again from its start when it is shorter.
    """
    pictures: list[Frame] = []
    decode = _time("decode", lambda i: pictures.append(source.read(i % source.frame_count)), frames)
    # A jump lands between key frames: the worst case of scrubbing.
    jumps = _time("decode after a jump", lambda i: source.read(i * 7919 % source.frame_count), min(frames, 30))

    def frame(i: int) -> Frame:
        return pictures[i % len(pictures)]

    preprocess = _time("preprocess", lambda i: segmenter.prepare([frame(i).rgb]), frames)
    predict = _time("preprocess and predict", lambda i: segmenter.segment(frame(i)), frames)
    seen = [segmenter.segment(f) for f in pictures[:20]]
    thresholds = {segmenter.info.class_id: segmenter.info.threshold}
    draw = _time("compose", lambda i: compose(seen[i % len(seen)], thresholds), frames)
    return [decode, jumps, preprocess, predict, draw]


def table(timings: Sequence[Timing]) -> str:
    """Markdown table of timings."""
    lines = ["| station | median ms | 99 % under ms | per second |", "| --- | --- | --- | --- |"]
    lines += [f"| {t.station} | {t.median_ms:.1f} | {t.p99_ms:.1f} | {t.per_second:.0f} |" for t in timings]
    return "\n".join(lines)


def as_dict(timings: Sequence[Timing]) -> dict[str, Any]:
    """For `--json`: station -> figures."""
    return {
        t.station: {"median_ms": t.median_ms, "p99_ms": t.p99_ms, "per_second": t.per_second, "count": t.count}
        for t in timings
    }


def _time(station: str, work: Callable[[int], T], count: int) -> Timing:
    times_ms = []
    for i in range(count + _WARM_UP):
        started = time.perf_counter()
        work(i)
        times_ms.append((time.perf_counter() - started) * 1000)
    measured = sorted(times_ms[_WARM_UP:])
    return Timing(station, statistics.median(measured), measured[int(0.99 * (len(measured) - 1))], len(measured))
