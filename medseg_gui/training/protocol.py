"""How a window (or any program) supervises a training process: JSON lines out, JSON lines in.

The process is `medseg train … --json --supervised`. On its standard output each line is one object with "event":

    "classifier"    epoch, epochs, accuracy           the centre classifier learns (guided augmentation)
    "centre_masks"  accuracy, taken_away              its masks are ready; the share of the pixels that they take away
    "preview"       accuracy, centres, rows           with `--preview`: files of each sample frame (frame, map, rest)
    "step"          epoch, step, steps, loss, left_s, and the loss's parts
    "epoch"         epoch, loss, dice, seconds, left_s, samples: files with what it marks now, replaced in one step
    "paused", "going_on"
    "stopped"       epoch, step                       everything is saved; `--resume` goes on here
    "done"          best_dice
    "failed"        message                           one sentence; the best weights so far are kept

On its standard input it takes {"command": "pause" | "go_on" | "stop" | "cancel"}, one a line. "stop" saves and ends,
"cancel" ends at once. When the supervisor goes away the run saves and ends too.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

from medseg_gui import paths

COMMANDS = ("pause", "go_on", "stop", "cancel")
CANCELLED = 130  # exit status, as after Ctrl+C


def training_command(arguments: Sequence[str]) -> list[str]:
    """The words that start a supervised training process, also from a frozen program.

    Args:
        arguments: what follows `medseg train`.
    """
    return [*paths.own_program(), "train", *arguments, "--json", "--supervised"]


def command_line(command: str) -> str:
    """What is written to the process for one of COMMANDS."""
    return json.dumps({"command": command}) + "\n"


def read_event(line: str) -> dict[str, Any] | None:
    """One event of the process; None for a line that is none (a library's chatter, or cut short by a kill)."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def standard_input() -> IO[str]:
    """Standard input as a stream of its own.

    A thread that waits for a line holds the stream's lock. Loader processes are forked meanwhile and close `sys.stdin`
    first of all: if it were the same stream, they would wait for that lock for ever.
    """
    return os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")


class Supervision:
    """Listens to a supervisor; `Run.should_stop` for a process that is supervised.

    Args:
        stream: where commands come from.
        report: told "paused" and "going_on".
        end: ends the process at once.
    """

    def __init__(
        self,
        stream: IO[str],
        report: Callable[[dict[str, Any]], None],
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._report = report
        self._end = end
        self._changed = threading.Condition()
        self._paused = self._stop = False
        # A daemon: a read from standard input cannot be called off when training is done.
        threading.Thread(target=self._listen, args=(stream,), name="supervision", daemon=True).start()

    def __call__(self) -> bool:
        """Whether to save and end. While paused it does not come back."""
        with self._changed:
            if self._paused and not self._stop:
                self._report({"event": "paused"})
                self._changed.wait_for(lambda: self._stop or not self._paused)
                self._report({"event": "going_on"})
            return self._stop

    def stop(self) -> None:
        """Save and end after the next step."""
        with self._changed:
            self._stop = True
            self._changed.notify_all()

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self._obey(line)
        self.stop()  # the supervisor has gone

    def _obey(self, line: str) -> None:
        try:
            command = json.loads(line)["command"]
        except (ValueError, TypeError, KeyError):
            return
        if command == "cancel":
            # What is on disk is whole at any time: files are replaced, never written over.
            self._end(CANCELLED)
        elif command == "stop":
            self.stop()
        elif command in ("pause", "go_on"):
            with self._changed:
                self._paused = command == "pause"
                self._changed.notify_all()
