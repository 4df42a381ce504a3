"""The rates in the status bar."""

from __future__ import annotations

from medseg_gui.qt.frame_counter import FrameCounter
from medseg_gui.qt.state.performance import PerformanceState, Rates


def test_rates_are_counts_by_seconds_and_begin_anew(qapp: object) -> None:
    now = [10.0]
    performance = PerformanceState()
    counter = FrameCounter(performance, clock=lambda: now[0])
    for _ in range(50):
        counter.count_shown()
    for latency_ms in (30.0, 40.0):
        counter.count_predicted(latency_ms)
    counter.count_dropped()
    now[0] += 2.0
    counter.tell()
    assert performance.rates == Rates(25.0, 1.0, 0.5, 40.0)
    now[0] += 1.0
    counter.tell()
    assert performance.rates == Rates(0.0, 0.0, 0.0, 40.0)


def test_rates_that_stay_are_not_told_again(qapp: object) -> None:
    told: list[Rates] = []
    performance = PerformanceState()
    performance.rates_changed.connect(told.append)
    counter = FrameCounter(performance)
    counter.tell()
    counter.tell()
    assert told == []
    counter.count_shown()
    counter.tell()
    assert len(told) == 1
