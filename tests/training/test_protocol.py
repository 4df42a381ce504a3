"""A supervisor and its training process understand each other."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from medseg_gui.training.protocol import (
    CANCELLED,
    COMMANDS,
    Supervision,
    command_line,
    read_event,
    training_command,
)


class Pipe:
    """A stream that gives a line when there is one, as a pipe does."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self.reader = os.fdopen(self._read, encoding="utf-8")
        self._writer = os.fdopen(self._write, "w", encoding="utf-8", buffering=1)

    def send(self, text: str) -> None:
        self._writer.write(text)

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


def test_a_stop_is_heard(pipe: Pipe) -> None:
    heard = threading.Event()
    supervision = Supervision(pipe.reader, lambda event: None)
    assert not supervision()
    plain = supervision.stop
    supervision.stop = lambda: (plain(), heard.set())  # type: ignore[method-assign]
    pipe.send("not a command\n" + command_line("dance") + command_line("stop"))
    assert heard.wait(10)
    assert supervision()


def test_while_paused_it_waits_and_then_goes_on(pipe: Pipe) -> None:
    events: list[str] = []
    paused, obeyed = threading.Event(), threading.Event()

    def report(event: dict[str, Any]) -> None:
        events.append(event["event"])
        paused.set()

    supervision = Supervision(pipe.reader, report)
    plain = supervision._obey
    supervision._obey = lambda line: (plain(line), obeyed.set())  # type: ignore[method-assign]
    pipe.send(command_line("pause"))
    assert obeyed.wait(10)
    answers: list[bool] = []
    training = threading.Thread(target=lambda: answers.append(supervision()))
    training.start()
    assert paused.wait(10)
    assert not answers
    pipe.send(command_line("go_on"))
    training.join(10)
    assert answers == [False]
    assert events == ["paused", "going_on"]


def test_a_supervisor_that_goes_away_lets_the_run_save_and_end(pipe: Pipe) -> None:
    ended = threading.Event()
    supervision = Supervision(pipe.reader, lambda event: None)
    plain = supervision.stop
    supervision.stop = lambda: (plain(), ended.set())  # type: ignore[method-assign]
    pipe.close()
    assert ended.wait(10)
    assert supervision()


def test_cancel_ends_at_once() -> None:
    ends: list[int] = []
    done = threading.Event()
    Supervision(io.StringIO(command_line("cancel")), lambda event: None, lambda code: (ends.append(code), done.set()))
    assert done.wait(10)
    assert ends == [CANCELLED]


def test_lines_that_are_no_events_are_passed_over() -> None:
    assert read_event('{"event": "done", "best_dice": 0.5}') == {"event": "done", "best_dice": 0.5}
    for line in ("", "warning: something", "3", '{"event": "st', "[]", '{"other": 1}'):
        assert read_event(line) is None
    assert [json.loads(command_line(c)) for c in COMMANDS] == [{"command": c} for c in COMMANDS]


def test_a_process_is_started_paused_and_stopped(tmp_path: Path) -> None:
    """The whole way: the words that start it, its events, a stop, and that it can be resumed."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(6):
        mask = np.zeros((64, 64), np.uint8)
        cv2.circle(mask, (32, 32), 12, 255, -1)
        cv2.imwrite(str(tmp_path / "images" / f"{i}.png"), rng.integers(0, 255, (64, 64, 3), np.uint8))
        cv2.imwrite(str(tmp_path / "masks" / f"{i}.png"), mask)
    words = [str(tmp_path), "-o", str(tmp_path / "run"), "--network", "unet_lite0", "--size", "64"]
    words += ["--batch-size", "2", "--epochs", "9999", "--device", "cpu"]
    process = subprocess.Popen(
        training_command(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    kinds = []
    for line in process.stdout:
        event = read_event(line)
        assert event is not None
        kinds.append(event["event"])
        if len(kinds) == 1:
            assert event["left_s"] > 0
            process.stdin.write(command_line("stop"))
            process.stdin.flush()
    assert process.wait(60) == 0
    assert kinds[0] == "step"
    assert kinds[-1] == "stopped"
    assert (tmp_path / "run" / "resume.pt").is_file()
    process.stdin.close()
    process.stdout.close()


def test_the_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert training_command(["DATA"]) == [sys.executable, "train", "DATA", "--json", "--supervised"]
