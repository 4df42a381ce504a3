"""Times and places in a source as a person reads them. Text only."""

from __future__ import annotations

import numpy as np

from medseg_gui.qt.state.session import SourceInfo


def format_time(time_s: float, decimals: int = 3) -> str:
    """ "00:12.480", with hours only where there are some.

    Args:
        time_s: seconds, not negative.
        decimals: digits after the point, 0 to 3.
    """
    ticks = round(time_s * 10**decimals)
    seconds, rest = divmod(ticks, 10**decimals)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
    return f"{text}.{rest:0{decimals}}" if decimals else text


def duration_s(source: SourceInfo) -> float:
    """From the first frame to the end of the last one, which stays as long as the one before it."""
    times = source.frame_times
    if len(times) < 2:
        return 0.0
    return float(2 * times[-1] - times[-2] - times[0])


def time_of(source: SourceInfo, index: int) -> float:
    """Seconds since the first frame."""
    return float(source.frame_times[index] - source.frame_times[0])


def place_text(source: SourceInfo, index: int, name: str = "") -> str:
    """Where frame `index` is: time and index in a video (from 0, as in every table), number and name in a folder."""
    count = source.frame_count
    if source.kind != "video":
        return f"image {index + 1} of {count}" + (f" · {name}" if name else "")
    now, end = format_time(time_of(source, index)), format_time(duration_s(source))
    return f"{now} / {end} · frame {index} of {count}"


def ruler_marks(source: SourceInfo, most: int) -> list[tuple[float, str]]:
    """Where a ruler has its numbers.

    Args:
        source: with at least two frames.
        most: how many marks there is room for.

    Returns:
        Frame index and text of each mark; times of a video, numbers of images in a folder. A time between two frames
        has its mark between them: a video of few frames a second would have uneven marks otherwise.
    """
    if source.kind != "video":
        step = _round_step(source.frame_count / most, (1, 2, 5))
        return [(i, str(i + 1)) for i in range(0, source.frame_count, max(int(step), 1))]
    step = _time_step(duration_s(source) / most)
    frame_times = source.frame_times - source.frame_times[0]
    times = np.arange(0, frame_times[-1] + 1e-6, step)
    indices = np.interp(times, frame_times, np.arange(source.frame_count))
    decimals = 0 if step >= 1 else 1
    return [(float(i), format_time(float(t), decimals)) for i, t in zip(indices, times, strict=True)]


def _time_step(least_s: float) -> float:
    """The first round number of seconds, minutes or hours that is at least `least_s`."""
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600):
        if step >= least_s:
            return float(step)
    return 3600 * _round_step(least_s / 3600, (1, 2, 5))


def _round_step(least: float, digits: tuple[int, ...]) -> float:
    """The first of 1, 2, 5, 10, 20, … that is at least `least`."""
    power = 1.0
    while True:
        for digit in digits:
            if digit * power >= least:
                return digit * power
        power *= 10


def minutes_left(seconds: float | None) -> str:
    """A time as people say it: "2 min left"; "" when nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s left"
    if seconds < 5400:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"
