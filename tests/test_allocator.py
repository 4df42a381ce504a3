"""Memory that a frame frees is there for the next one, without a page fault for each of its pages."""

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


def _faults(keep: bool) -> int:
    return int(subprocess.check_output([sys.executable, "-c", _FAULTS.format(keep=keep)], text=True))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    assert _faults(keep=True) < 0.01 * _faults(keep=False)
