"""Feeds damaged and hostile files to every reader of the program: a result or one sentence, never anything else.

    python scripts/fuzz.py                       # every reader, a minute each
    python scripts/fuzz.py --minutes 10 coco video
    python scripts/fuzz.py --examples 30         # so many files each, whatever the time

Hypothesis makes the files, out of sound ones, and shrinks what it finds. A finding is an error that is not of ours, a
message of several lines, or more than `SLOW_S` seconds of work or `MOST_MB` of memory for one small file. It ends with
1 when there was any.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import fuzz_targets
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from medseg_gui.errors import MedsegError

SLOW_S = 20
MOST_MB = 1500
ROUND = 200  # files between two looks at the clock

NUMBERS = [0, -1, 1, 2**31, 2**63, 10**400, 65535, 65536, 1e-320, 1e308, float("nan"), float("inf"), -0.5, True]
TEXTS = ["", "\0", "\ud800", "../x", "//host/x", "C:\\x", "é" * 300, "9" * 5000, "-1", "nan", "0 1 2", "polyp", "%s{0}"]
HOLLOW: list[Any] = [None, [], {}, [[]], [{}], {"": None}, [None] * 50]
BYTES = [
    b"\0" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"[" * 5000,
    b"{}",
    b"'; DROP TABLE frame; --",
    b"\n",
]

values = st.sampled_from([*NUMBERS, *TEXTS, *HOLLOW]) | st.integers() | st.floats() | st.text(max_size=20)


class TooSlowError(Exception):
    """One file took more than SLOW_S of processor time."""


@dataclass
class Finding:
    """What one file did: the file as it is (shrunk), and how it ended."""

    content: bytes
    ended: str


def damaged_json(draw: st.DrawFn, sound: bytes) -> bytes:
    """A JSON file with some of its values replaced, dropped or doubled."""
    content = json.loads(sound)
    for _ in range(draw(st.integers(1, 4))):
        content = _change(draw, content)
    return json.dumps(content).encode()


def damaged_bytes(draw: st.DrawFn, sound: bytes) -> bytes:
    """A file with some of its bytes flipped, overwritten, put in, taken out, or without its end."""
    content = bytearray(sound)
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        some = draw(st.sampled_from(BYTES) | st.binary(min_size=1, max_size=8))
        match draw(st.sampled_from(["flip", "over", "in", "out", "double", "end"])):
            case "flip" if content:
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "over":
                content[place : place + len(some)] = some
            case "in":
                content[place:place] = some
            case "out":
                del content[place : place + draw(st.integers(1, 64))]
            case "double":
                content[place:place] = content[place : place + draw(st.integers(1, 64))]
            case "end":
                del content[place:]
    return bytes(content)


@st.composite
def damaged(draw: st.DrawFn, sounds: list[bytes]) -> bytes:
    """A file made out of one of several sound ones."""
    sound = draw(st.sampled_from(sounds))
    is_json = sound[:1] in b"{[" and draw(st.booleans())
    return damaged_json(draw, sound) if is_json else damaged_bytes(draw, sound)


def how_it_ended(read: Callable[[Path], object], path: Path) -> str:
    """Read one file; empty when all was as it should be."""
    signal.setitimer(signal.ITIMER_PROF, SLOW_S)
    try:
        read(path)
    except MedsegError as e:
        return "" if str(e).isprintable() else f"a message that is not one line: {e!r}"
    except TooSlowError:
        return f"more than {SLOW_S} s"
    except Exception:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def fuzz(target: fuzz_targets.Target, folder: Path, seconds: float, examples: int | None) -> tuple[int, list[Finding]]:
    """Read damaged files until the time is over, or the first finding.

    Returns:
        (how many files, findings).
    """
    sounds = target.make(folder)
    for sound in sounds:
        target.place(folder, sound)
        if ended := how_it_ended(target.read, folder):
            return 1, [Finding(sound, f"a sound file was not read: {ended}")]
    count, last = 0, Finding(b"", "")

    def try_one(content: bytes) -> None:
        nonlocal count, last
        count += 1
        target.place(folder, content)
        before = _peak_mb()
        ended = how_it_ended(target.read, folder)
        if not ended and _peak_mb() - before > MOST_MB:
            ended = f"{_peak_mb() - before:.0f} MB for a file of {len(content)} bytes"
        if ended:
            last = Finding(content, ended)
            raise AssertionError(ended.strip().splitlines()[-1])

    until = time.monotonic() + seconds
    for number in range(sys.maxsize):
        try:
            _round(try_one, sounds, number, examples or ROUND)
        except Exception:
            # Hypothesis wraps what does not happen twice, as a peak of memory does not.
            if not last.ended:
                raise
            return count, [last]
        if examples or time.monotonic() > until:
            return count, []
    raise AssertionError("unreachable")


def _round(try_one: Callable[[bytes], None], sounds: list[bytes], number: int, examples: int) -> None:
    checks = list(HealthCheck)
    phases = (Phase.generate, Phase.shrink)

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=checks,
        phases=phases,
        report_multiple_bugs=False,
    )
    @given(damaged(sounds))
    def run(content: bytes) -> None:
        try_one(content)

    run()


def _change(draw: st.DrawFn, content: Any) -> Any:
    """The same with one value changed, somewhere inside."""
    if not isinstance(content, dict | list) or not content or draw(st.integers(0, 3)) == 0:
        return copy.deepcopy(draw(values))
    changed = copy.copy(content)
    keys = sorted(changed) if isinstance(changed, dict) else range(len(changed))
    key = draw(st.sampled_from(list(keys)))
    match draw(st.sampled_from(["deeper", "deeper", "deeper", "drop", "double"])):
        case "deeper":
            changed[key] = _change(draw, changed[key])
        case "drop":
            del changed[key]
        case "double" if isinstance(changed, list):
            changed.insert(key, changed[key])
    return changed


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlowError


def main() -> int:
    """Parse the arguments and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", help=f"any of {', '.join(fuzz_targets.TARGETS)}; all if none is named")
    parser.add_argument("--minutes", type=float, default=1.0, help="for each reader (default 1)")
    parser.add_argument("--examples", type=int, help="so many files for each reader, whatever the time")
    parser.add_argument("--keep", type=Path, help="folder for the files that were found")
    args = parser.parse_args()
    if unknown := set(args.readers) - set(fuzz_targets.TARGETS):
        parser.error(f"there is no reader {', '.join(sorted(unknown))}")
    logging.disable(logging.CRITICAL)  # what is passed over is told there, thousands of times
    signal.signal(signal.SIGPROF, _too_slow)
    found = 0
    for name in args.readers or fuzz_targets.TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            count, findings = fuzz(fuzz_targets.TARGETS[name], Path(folder), args.minutes * 60, args.examples)
        print(f"{name:14} {count:7} files, {'nothing found' if not findings else 'FOUND'}", flush=True)
        for finding in findings:
            found += 1
            print(f"{finding.content[:300]!r} ({len(finding.content)} bytes)\n{finding.ended}", flush=True)
            if args.keep:
                args.keep.mkdir(parents=True, exist_ok=True)
                (args.keep / name).write_bytes(finding.content)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
