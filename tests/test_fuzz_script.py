"""The fuzzing script reads sound files, damages them, and tells what it finds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytest.importorskip("resource", reason="the script limits time and memory as only Unix can")

# A reader that trips over what does not look like a weights file.
BROKEN = """
import sys
sys.path.insert(0, "scripts")
import fuzz, fuzz_targets

def read(folder):
    if (folder / "a").read_bytes() != b"{}":
        raise KeyError("tripped")

target = fuzz_targets.Target(fuzz_targets.ones(b"{}"), fuzz_targets.in_file("a"), read)
fuzz_targets.TARGETS = {"broken": target}
sys.exit(fuzz.main())
"""


def fuzz(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_some_files_for_some_readers() -> None:
    ended = fuzz("scripts/fuzz.py", "--examples", "15", "coco", "weights", "settings", "project")
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.count("nothing found") == 4


def test_a_finding_is_told_and_ends_with_one() -> None:
    ended = fuzz("-c", BROKEN, "--examples", "30")
    assert ended.returncode == 1
    assert "FOUND" in ended.stdout
    assert "KeyError: 'tripped'" in ended.stdout
