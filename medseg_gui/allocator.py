"""Keeps the memory of one frame for the next.

The C library gives large blocks back to the system as soon as they are free, and gets them again a frame later, page
by page: some thousand page faults for one prediction of `unet_lite0` at 256². Without them one takes 33 ms instead of
40 on two cores, and `medseg bench` spends 2.3 s in the system instead of 10.8.

By default each thread gets a heap of its own, and what one thread freed no other can use: in a working day of jumps,
other sources, explanations and corrections (scripts/soak.py) the process took 2331 MB at 80 000 frames. With two heaps
for all threads it takes 1820 (models/results/endurance.md).
"""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import Any

logger = logging.getLogger(__name__)

# mallopt(3), malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
# Older C libraries take no more than half a heap of 64 MiB. A frame of 3840x2160 in RGB has 24.
_LARGEST_KEPT_BYTES = 32 * 2**20
# What may lie free at the end of a heap: the working set of the largest network.
_KEPT_BYTES = 256 * 2**20
_HEAPS = 2


def keep_freed_memory() -> bool:
    """Let freed blocks stay with the process, where every thread can use them.

    Returns:
        Whether this system's C library can do so: glibc (Linux); others keep what they have done.
    """
    mallopt = _of_glibc("mallopt")
    wanted = {_M_MMAP_THRESHOLD: _LARGEST_KEPT_BYTES, _M_TRIM_THRESHOLD: _KEPT_BYTES, _M_ARENA_MAX: _HEAPS}
    return mallopt is not None and all(mallopt(*option) for option in wanted.items())


def give_back_freed_memory() -> None:
    """Let all that lies free now go back to the system; takes some 50 ms, in which nothing can be set aside.

    For the moment when another source is opened: what frames of one size have left behind fits few of another size, and
    over a day the gaps add up.
    """
    if (malloc_trim := _of_glibc("malloc_trim")) is not None:
        malloc_trim(0)


def _of_glibc(name: str) -> Any:
    """A function of this system's C library, or None where it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None), name, None)
    if function is None:
        logger.info("This C library has no %s; memory is kept as it sees fit.", name)
    return function
