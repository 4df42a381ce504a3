"""What `medseg train` and `medseg experiment` say while they run, and how they are asked to stop."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[dict[str, Any]], None]


class StopAsked:
    """Ctrl+C or a polite termination asks the run to save and end; a second one ends it at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def __call__(self) -> bool:
        return self.asked

    def _on_signal(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def reporter(as_json: bool, silent: bool = False) -> Iterator[Report]:
    """Give a function that tells events: as JSON lines on standard output, or to people on standard error."""
    if silent:
        yield lambda event: None
    elif as_json:
        yield _print_json
    else:
        people = _ForPeople()
        try:
            yield people.show
        finally:
            people.close()


def _print_json(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


class _ForPeople:
    """A progress bar for each epoch and a line after it."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, event: dict[str, Any]) -> None:
        from tqdm import tqdm

        if event["event"] == "step":
            self._step(event)
        elif line := _line(event):
            tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _step(self, event: dict[str, Any]) -> None:
        from tqdm import tqdm

        if self._bar is None or self._bar.n >= self._bar.total:
            self.close()
            self._bar = tqdm(total=event["steps"], desc=f"epoch {event['epoch'] + 1}", unit="batch", disable=None)
            self._bar.update(event["step"])
        self._bar.update()
        self._bar.set_postfix(loss=f"{event['loss']:.3f}")


def _line(event: dict[str, Any]) -> str | None:
    if event["event"] == "epoch":
        return f"epoch {event['epoch']}: Dice on the validation part {event['dice']:.4f}"
    if event["event"] == "classifier":
        return f"centre classifier {event['epoch']}/{event['epochs']}: {event['accuracy']:.0%} of the images right"
    if event["event"] == "cell":
        return f"run {event['number']} of {event['cells']}: {event['cell']}"
    return None
