"""What threads ask of the system's scheduler."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from medseg_gui.qt.workers.priority import PREDICT, run_in_short_slices, stand_back

T = TypeVar("T")

SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in SCHED_GETATTR,
    reason="threads have no slices here",
)


def in_a_thread(do: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1) as one:
        return one.submit(do).result()


def slice_ns() -> int:
    """What the kernel has for this thread; 0 before Linux 6.12."""
    attributes = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(SCHED_GETATTR[platform.machine()], 0, attributes, 48, 0) == 0
    return int(struct.unpack("=IIQiIQQQ", attributes.raw)[5])


def test_a_thread_has_short_slices_and_what_it_starts_has_not() -> None:
    def ask() -> tuple[int, int, int]:
        before = slice_ns()
        assert run_in_short_slices()
        return before, slice_ns(), in_a_thread(slice_ns)

    before, asked, started = in_a_thread(ask)
    if before == 0:
        pytest.skip("this Linux has slices of one length alone")
    assert asked == 100_000
    assert started == before


def test_short_slices_leave_the_niceness_as_it_was() -> None:
    def ask() -> tuple[int, int]:
        stand_back(PREDICT)
        before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        assert run_in_short_slices()
        return before, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before, after = in_a_thread(ask)
    assert before == after == os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) + PREDICT


def test_a_system_that_refuses_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not run_in_short_slices()
