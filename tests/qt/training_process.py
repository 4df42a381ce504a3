"""In place of a training process: speaks its protocol on standard output and input, and learns nothing.

Run as a program: `python training_process.py BEHAVIOUR WORDS…`. Behaviours: "three-epochs" comes to its end; "endless"
goes on until it is told to stop; "crash" breaks off after an epoch; "refuse" ends as a command on bad input does;
"deaf" listens to nothing; "preview" shows what augmentation takes away.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from typing import Any

STEPS = 2


def command(behaviour: str) -> Any:
    """For `TrainWorker`: words after `medseg train` -> the whole command."""

    def start(words: Sequence[str]) -> list[str]:
        return [sys.executable, __file__, behaviour, *words]

    return start


def _say(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


class _Ears:
    def __init__(self) -> None:
        self.stop, self.going = threading.Event(), threading.Event()
        self.going.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            word = json.loads(line)["command"]
            if word == "pause":
                _say({"event": "paused"})
                self.going.clear()
            elif word == "go_on":
                _say({"event": "going_on"})
                self.going.set()
            elif word == "stop":
                self.stop.set()
                self.going.set()
        self.stop.set()
        self.going.set()


def _epoch(number: int) -> None:
    for step in range(STEPS):
        _say({"event": "step", "epoch": number, "step": step, "steps": STEPS, "loss": 1 / (number + 1), "left_s": 9.0})
    _say({"event": "epoch", "epoch": number + 1, "dice": 0.5 + 0.1 * number, "left_s": 5.0, "samples": []})


def _main(behaviour: str) -> int:
    print("a library says something that is no event", flush=True)
    if behaviour == "refuse":
        print("medseg: There are too few patients; add frames of other patients.", file=sys.stderr)
        return 2
    if behaviour == "preview":
        _say({"event": "classifier", "epoch": 1, "epochs": 1, "accuracy": 0.9})
        _say({"event": "preview", "accuracy": 0.9, "centres": 2, "rows": [["a.png", "b.png", "c.png"]]})
        return 0
    ears = _Ears()
    _epoch(0)
    if behaviour == "crash":
        raise RuntimeError("a bug")
    if behaviour == "three-epochs":
        _epoch(1)
        _epoch(2)
        _say({"event": "done", "best_dice": 0.7})
        return 0
    if behaviour == "deaf":
        threading.Event().wait(60)
    ears.stop.wait(60)
    _say({"event": "stopped", "epoch": 1, "step": 0})
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
