"""Who goes first when two cores are wanted by many: painting, the next frame, predictions, then explanations."""

from __future__ import annotations

import os
import sys
import threading

from PySide6.QtCore import QThread

# Niceness of a thread, 0 for the one that paints. On two cores the 99th percentile of the gap between repaints was
# 47.3, 48.6 and 50.4 ms with these and 52 with none of them, at as many predictions.
NEXT_FRAME = 3
PREDICT = 7
EXPLAIN = 12


def stand_back(niceness: int) -> None:
    """Give this thread less right to the processor; called before it has helper threads.

    Where threads have a niceness of their own (Linux), the network's helper threads inherit it.
    """
    if sys.platform.startswith("linux"):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
    elif niceness >= EXPLAIN:
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)
