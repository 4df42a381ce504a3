"""Memory that a frame frees is there for the next one, whichever thread asks, without page faults."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource
from medseg_gui.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        del [bytearray(20_000_000) for _ in range(4)][:]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if {keep}:
    assert keep_freed_memory()
faults()
print(faults())
"""

_HEAPS = """
import os, threading
from medseg_gui.allocator import keep_freed_memory

if {keep}:
    assert keep_freed_memory()

def pages():
    return int(open("/proc/self/statm").read().split()[1])

def work(turn, done):
    held = bytes(100)  # the thread's heap stays as long as the thread
    turn.wait()
    del [bytearray(20_000_000) for _ in range(4)][:], held
    done.set()
    end.wait()

before = pages()
end = threading.Event()
for _ in range(8):
    turn, done = threading.Event(), threading.Event()
    threading.Thread(target=work, args=(turn, done)).start()
    turn.set()
    done.wait()
print((pages() - before) * os.sysconf("SC_PAGE_SIZE"))
end.set()
"""

_GIVEN_BACK = """
import os
from medseg_gui.allocator import give_back_freed_memory, keep_freed_memory

def pages():
    return int(open("/proc/self/statm").read().split()[1])

keep_freed_memory()
blocks = [bytes(30_000) if i % 2 else b"x" * 30_000 for i in range(6000)]
wall = b"x" * 1000  # behind them, so that they are no end of a heap
del blocks
before = pages()
if {keep}:
    give_back_freed_memory()
print((before - pages()) * os.sysconf("SC_PAGE_SIZE"))
"""


def _figure(script: str, keep: bool) -> int:
    return int(subprocess.check_output([sys.executable, "-c", script.format(keep=keep)], text=True))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    assert _figure(_FAULTS, keep=True) < 0.01 * _figure(_FAULTS, keep=False)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_what_one_thread_freed_another_uses() -> None:
    """Eight threads, one after another with 80 MB each, keep no more than two of them would."""
    assert _figure(_HEAPS, keep=True) < 3 * 80_000_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_what_lies_free_can_be_given_back() -> None:
    assert _figure(_GIVEN_BACK, keep=True) > 100_000_000
    assert _figure(_GIVEN_BACK, keep=False) < 10_000_000
