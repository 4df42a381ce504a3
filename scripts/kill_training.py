"""Kills a training process at random moments: it must go on from there, and weights must never be half-written.

    python scripts/kill_training.py                  # 50 kills
    python scripts/kill_training.py --kills 5 --size 32

A process as the window starts it trains on synthetic frames, with short epochs, so that many kills (SIGKILL) fall into
the writing of weights and state; one in five falls into its start. After each kill every weights file is verified and
the state is read; the next process must begin at just the step that the state names. A run that came to its end through
all its kills must have the same weights, bit for bit, as one that was never disturbed; then another one begins.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from medseg_gui.commands.progress import progress_bar
from medseg_gui.data.phantom import write_dataset
from medseg_gui.networks.weights import load_network, read_info
from medseg_gui.training.protocol import read_event, training_command
from medseg_gui.training.run_folder import RunFolder

FRAMES = 30
_SHARE_AT_START = 0.2  # of the kills
_LONGEST_PAUSE_S = 0.5  # between two events


@dataclass
class Pace:
    """Of the run that is not disturbed: seconds to its first step, and how many events it tells."""

    start_s: float
    events: int


class Training:
    """Processes of one run folder, one after the other."""

    def __init__(self, data: Path, folder: Path, size: int, epochs: int) -> None:
        self.folder = RunFolder(folder)
        words = [str(data), "-o", str(folder), "--network", "unet_lite0", "--size", str(size), "--device", "cpu"]
        self._words = [*words, "--batch-size", "4", "--epochs", str(epochs), "--hold-out", "C2", "--resume"]

    def process(self) -> subprocess.Popen[str]:
        """Start it, or go on."""
        return subprocess.Popen(
            training_command(self._words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def place(self) -> tuple[int, int]:
        """(epoch, step) at which the state that is on disk says to go on; the start when there is none."""
        if not self.folder.can_resume:
            return 0, 0
        state = self.folder.load_state()
        return state["epoch"], state["start"]

    def verified_weights(self) -> int:
        """How many weights files there are, after each was read, hashed and loaded.

        Raises:
            WeightsError: one of them is damaged.
        """
        files = sorted(self.folder.folder.glob("*.safetensors"))
        for file in files:
            load_network(read_info(file))
        return len(files)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights it ended with."""
        (file,) = self.folder.folder.glob("*.safetensors")
        return load_file(file)


def undisturbed(training: Training) -> Pace:
    """Train to the end, and look at the clock."""
    begun = time.perf_counter()
    with training.process() as process:
        events = _events(process)
        first = next(events)
        start_s = time.perf_counter() - begun
        assert (first["event"], first["epoch"], first["step"]) == ("step", 0, 0)
        names = [e["event"] for e in events]
        assert names[-1] == "done"
    return Pace(start_s, 1 + len(names))


def killed(training: Training, pace: Pace, chance: random.Random) -> list[dict[str, Any]]:
    """What a process said until it was killed, or came to its end before that."""
    at_start = chance.random() < _SHARE_AT_START
    # Counting what it tells finds a moment of the run on a busy computer, too; in between it writes weights and state.
    wait = chance.uniform(0, pace.start_s if at_start else _LONGEST_PAUSE_S)
    last = 0 if at_start else chance.randint(1, pace.events // 2)
    with training.process() as process:
        killer = threading.Timer(wait, process.kill)
        if at_start:
            killer.start()
        events = []
        for event in _events(process):
            events.append(event)
            if len(events) == last:
                killer.start()
        process.wait()
        killer.cancel()
    return events


def _events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    return (event for line in process.stdout if (event := read_event(line)) is not None)


def check_place(events: list[dict[str, Any]], expected: tuple[int, int]) -> None:
    """It began where the state said, or was killed before its first step, or found everything done.

    Raises:
        AssertionError: it began elsewhere, or gave up.
    """
    assert not any(e["event"] == "failed" for e in events), f"not resumed: {events}"
    steps = [(e["epoch"], e["step"]) for e in events if e["event"] == "step"]
    assert not steps or steps[0] == expected, f"it began at {steps[0]} instead of {expected}"


def main() -> int:
    """Parse the arguments and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--size", type=int, default=64, help="side of the pictures (default 64)")
    parser.add_argument("--epochs", type=int, default=6, help="of each run (default 6)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help=f"as `medseg phantom --count {FRAMES} --centres 2` makes it")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if args.data is None:
            with progress_bar("frames") as progress:
                write_dataset(home / "data", FRAMES, 2, 0, progress)
        found = _all_kills(args.data or home / "data", home, args, chance)
    print(json.dumps(found))
    print(
        f"{found['kills']} of {found['kills']} kills: each time training went on at the step that was saved; weights"
        f" were there after {found['with_weights']} of them and whole each time; the {found['finished']} runs that came"
        " to their end have the weights of an undisturbed one, bit for bit"
    )
    return 0


def _all_kills(data: Path, home: Path, args: argparse.Namespace, chance: random.Random) -> dict[str, int]:
    reference = Training(data, home / "undisturbed", args.size, args.epochs)
    pace = undisturbed(reference)
    found = {"kills": 0, "with_weights": 0, "before_the_first_step": 0, "finished": 0}
    number = 0
    while found["kills"] < args.kills:
        training = Training(data, home / f"run{number}", args.size, args.epochs)
        number += 1
        is_done = False
        while not is_done and found["kills"] < args.kills:
            expected = training.place()
            events = killed(training, pace, chance)
            check_place(events, expected)
            is_done = bool(events) and events[-1]["event"] == "done"
            if not is_done:
                found["kills"] += 1
                found["with_weights"] += bool(training.verified_weights())
                found["before_the_first_step"] += not any(e["event"] == "step" for e in events)
                print(f"kill {found['kills']}: goes on at {training.place()}", file=sys.stderr)
        if is_done:
            assert training.verified_weights() == 1
            ours, wanted = training.tensors(), reference.tensors()
            assert ours.keys() == wanted.keys()
            assert all(torch.equal(ours[k], wanted[k]) for k in wanted), "a resumed run came to other weights"
            found["finished"] += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
