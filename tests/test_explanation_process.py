"""Explaining in a process of its own: the same maps and the same sentences, and no way in which it ends costs more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from medseg_gui.errors import DroppedError, ExplanationError, InputError, WeightsError
from medseg_gui.explanation import FrameExplainer
from medseg_gui.explanation_process import ExplanationProcess
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import save_weights
from medseg_gui.types import ExplanationRequest, Frame, Target
from tests.conftest import ROOT

PATIENCE_S = 60.0
REQUEST = ExplanationRequest(rule="epsilon", target=Target("pixel", 10, 10))
LONG = ExplanationRequest(rule="epsilon", target=Target("pixel", 10, 10), smooth=True)

ORPHAN = """
import sys
from medseg_gui.explanation_process import ExplanationProcess
if __name__ == "__main__":
    process = ExplanationProcess()
    process.load(sys.argv[1], "cpu")
    print(process.pid, flush=True)
    sys.stdin.read()
"""


def frame(index: int = 0) -> Frame:
    rgb = np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8)
    return Frame(index, index / 25, "id", rgb, small={64: np.zeros((64, 64, 3), np.uint8)})


def wanted() -> bool:
    return False


def explain_for_ever(process: ExplanationProcess, weights: str) -> None:
    while True:
        process.explain(weights, "cpu", frame(), REQUEST, wanted)


def wait_for_the_end_of(process: psutil.Process) -> None:
    """Without taking its exit status, which is its parent's."""
    deadline = time.monotonic() + PATIENCE_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of the weights of a small network."""
    header = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.4"}
    folder = tmp_path_factory.mktemp("weights")
    save_weights(folder, "mine", build_network("unet_lite0"), header, "# Mine")
    return str(folder / "mine.safetensors")


@pytest.fixture(scope="module")
def running() -> Iterator[ExplanationProcess]:
    """One for many tests: beginning takes seconds."""
    process = ExplanationProcess()
    yield process
    process.close()


def test_gives_the_map_that_this_process_would(running: ExplanationProcess, weights: str) -> None:
    near = FrameExplainer.load(weights, "cpu")
    far = running.load(weights, "cpu")
    assert (far.weights_id, far.cam_layer_names, far.record) == (near.weights_id, near.cam_layer_names, near.record)
    relevance, fell_back = running.explain(weights, "cpu", frame(3), REQUEST, wanted)
    expected = near.explain(frame(3), REQUEST)
    assert not fell_back
    assert relevance.frame_index == 3
    np.testing.assert_allclose(relevance.values, expected.values, atol=1e-6)
    assert [layer.name for layer in relevance.layers] == [layer.name for layer in expected.layers]


def test_a_sentence_arrives_as_it_was_written(running: ExplanationProcess, weights: str) -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        running.load("nowhere", "cpu")
    with pytest.raises(InputError, match="no method called 'guess'"):
        running.explain(weights, "cpu", frame(), ExplanationRequest(method="guess"), wanted)


def test_what_nobody_foresaw_arrives_with_its_trace(running: ExplanationProcess, weights: str) -> None:
    with pytest.raises(RuntimeError, match="AttributeError") as raised:
        running.explain(weights, "cpu", frame(), None, wanted)  # type: ignore[arg-type]
    assert "explanation.py" in raised.value.__notes__[0]


def test_what_nobody_waits_for_is_given_up(running: ExplanationProcess, weights: str) -> None:
    with pytest.raises(DroppedError):
        running.explain(weights, "cpu", frame(), LONG, lambda: True)
    relevance, _ = running.explain(weights, "cpu", frame(1), REQUEST, wanted)
    assert relevance.frame_index == 1


def test_weights_are_let_go_of(running: ExplanationProcess, weights: str, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(Path(weights).read_bytes())
    running.load(str(other), "cpu")
    other.unlink()
    running.explain(str(other), "cpu", frame(), REQUEST, wanted)
    running.keep({weights})
    with pytest.raises(WeightsError, match="other"):
        running.explain(str(other), "cpu", frame(), REQUEST, wanted)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="niceness is a number on POSIX systems alone")
def test_stands_back_behind_playback(running: ExplanationProcess, weights: str) -> None:
    running.load(weights, "cpu")
    assert psutil.Process(running.pid).nice() > psutil.Process().nice()


def test_killed_it_says_so_and_begins_anew(weights: str) -> None:
    process = ExplanationProcess()
    try:
        process.load(weights, "cpu")
        first = process.pid
        assert first is not None
        threading.Timer(0.2, os.kill, (first, signal.SIGTERM)).start()
        with pytest.raises(ExplanationError, match="broke off"):
            explain_for_ever(process, weights)
        relevance, _ = process.explain(weights, "cpu", frame(2), REQUEST, wanted)
        assert relevance.frame_index == 2
        assert process.pid != first
    finally:
        process.close()


def test_killed_while_it_waits_it_costs_nothing(weights: str) -> None:
    process = ExplanationProcess()
    try:
        process.load(weights, "cpu")
        explains = psutil.Process(process.pid)
        explains.kill()
        wait_for_the_end_of(explains)
        relevance, _ = process.explain(weights, "cpu", frame(2), REQUEST, wanted)
        assert relevance.frame_index == 2
    finally:
        process.close()


def test_ends_at_once_whatever_it_does(weights: str) -> None:
    process = ExplanationProcess()
    process.load(weights, "cpu")
    pid = process.pid
    assert pid is not None
    threading.Timer(0.2, process.end).start()
    with pytest.raises(DroppedError):
        explain_for_ever(process, weights)
    assert not psutil.pid_exists(pid)
    assert process.pid is None


def test_one_that_begins_too_late_is_not_waited_for(weights: str) -> None:
    process = ExplanationProcess()
    process.end()
    with pytest.raises(DroppedError):
        process.load(weights, "cpu")
    assert process.pid is None


def test_never_outlives_the_window(weights: str, tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN, encoding="utf-8")
    window = subprocess.Popen(
        [sys.executable, str(script), weights],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert window.stdout is not None
    explains = psutil.Process(int(window.stdout.readline()))
    window.kill()
    window.communicate()
    wait_for_the_end_of(explains)
