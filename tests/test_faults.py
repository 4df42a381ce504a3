"""What happens around the program: killed training, full disk, full memory, a clock set back. Nothing is lost.

Where the others are tried: a killed process with strokes in the air, a full, read-only or pulled-out project disk
(project/test_robustness.py, qt/test_projecting.py), a full disk under results (test_cli.py), weights
(networks/test_weights.py) and settings (test_settings.py), an unplugged camera (media/test_sources.py,
qt/test_pipeline.py), pictures and videos that go while they are played (media/), a full graphics card while explaining
(test_explanation.py) and training (training/test_loop.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from medseg_gui.cli import run
from medseg_gui.errors import MemoryFullError, OutputError, memory_full
from medseg_gui.media import open_source
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import load_network, save_weights
from medseg_gui.project import backup
from medseg_gui.project.backup import KEPT, last_good_backup, list_backups, restore
from medseg_gui.project.records import FrameKey, lesions_from_labels
from medseg_gui.project.store import Project
from medseg_gui.segmenter import Segmenter
from medseg_gui.training.protocol import read_event, training_command
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.types import POLYP

FRAME = (48, 64)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Six pictures with a disc and its mask."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for i in range(6):
        mask = np.zeros((64, 64), np.uint8)
        cv2.circle(mask, (20 + 4 * i, 32), 12, 255, -1)
        cv2.imwrite(str(tmp_path / "data" / "images" / f"{i}.png"), rng.integers(0, 255, (64, 64, 3), np.uint8))
        cv2.imwrite(str(tmp_path / "data" / "masks" / f"{i}.png"), mask)
    return tmp_path / "data"


# Training -----------------------------------------------------------------------------------------------------------


def events_of(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What a training process says, until it ends."""
    assert process.stdout is not None
    return (event for line in process.stdout if (event := read_event(line)) is not None)


def start_training(dataset: Path, folder: Path, *more: str) -> subprocess.Popen[str]:
    """A supervised process of three short epochs."""
    words = [str(dataset), "-o", str(folder), "--network", "unet_lite0", "--size", "64", "--batch-size", "2"]
    words += ["--epochs", "3", "--device", "cpu", *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        training_command(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def test_a_training_process_that_is_killed_goes_on_where_it_was(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with start_training(dataset, folder) as process:
        for event in events_of(process):
            if event["event"] == "step" and event["epoch"] == 1:
                process.kill()
                break
    assert process.returncode != 0
    kept = RunFolder(folder).weights()
    assert kept is not None
    load_network(kept)
    with start_training(dataset, folder, "--resume") as process:
        events = list(events_of(process))
    assert process.returncode == 0
    assert next(e["epoch"] for e in events if e["event"] == "step") == 1
    assert events[-1]["event"] == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither process groups nor SIGTERM")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_saves_and_ends(dataset: Path, tmp_path: Path, number: signal.Signals) -> None:
    """As a terminal sends Ctrl+C and a server's job queue its SIGTERM: to the processes that load pictures, too."""
    words = [word for word in training_command([str(dataset), "-o", str(tmp_path / "run")]) if word != "--supervised"]
    words += ["--network", "unet_lite0", "--size", "64", "--batch-size", "2", "--epochs", "500", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, env=environment, start_new_session=True, **pipes) as process:
        next(event for event in events_of(process) if event["event"] == "step")
        os.killpg(process.pid, number)
        events = list(events_of(process))
        assert process.stderr is not None
        told = process.stderr.read()
    assert events[-1]["event"] == "stopped", told
    assert "Traceback" not in told
    assert process.returncode == 0
    assert RunFolder(tmp_path / "run").can_resume


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to let files grow beyond some bytes, as a full disk does."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_fills_while_training_leaves_what_was_there(tmp_path: Path, dataset: Path) -> None:
    words = ["train", str(dataset), "-o", str(tmp_path / "run"), "--network", "unet_lite0", "--size", "64", "--json"]
    words += ["--batch-size", "2", "--device", "cpu"]
    assert run([*words, "--epochs", "1"]) == 0
    folder = RunFolder(tmp_path / "run")
    before = folder.load_state()
    with files_of_at_most(50_000), pytest.raises(OutputError, match="free some space"):
        folder.save_state({**before, "epoch": 2})
    assert folder.load_state()["epoch"] == before["epoch"] == 1
    assert not list(folder.folder.glob("*.part"))
    weights = folder.weights()
    assert weights is not None
    load_network(weights)


# Memory -------------------------------------------------------------------------------------------------------------

FULL = [
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "graphics card"),
    (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), "graphics card"),
    (MemoryError(), "computer"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), "computer"),
]


@pytest.mark.parametrize(("error", "whose"), FULL)
def test_full_memory_is_one_sentence(error: Exception, whose: str) -> None:
    told = memory_full(error)
    assert isinstance(told, MemoryFullError)
    assert whose in str(told)
    assert memory_full(RuntimeError("shapes differ")) is None


@pytest.mark.parametrize(("error", "whose"), FULL)
def test_full_memory_ends_a_command_with_one_sentence(
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    whose: str,
) -> None:
    header = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}
    info = save_weights(tmp_path / "weights", "mine", build_network("unet_lite0"), header, "")

    def is_full(*_: object) -> None:
        raise error

    monkeypatch.setattr(Segmenter, "predict", is_full)
    words = ["predict", str(dataset / "images"), "--weights", str(info.files[0]), "-o", str(tmp_path / "out")]
    assert run(words) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("medseg: ")
    assert len(said.splitlines()) == 1
    assert whose in said


# The clock ------------------------------------------------------------------------------------------------------------


class Clock(datetime):
    """A clock that tests set."""

    shown = datetime(2030, 5, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return cls.shown


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with one source, whose backups are named by a clock that tests set."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros(FRAME, np.uint8))
    monkeypatch.setattr(backup, "datetime", Clock)
    monkeypatch.setattr(Clock, "shown", Clock.shown)
    with Project.create(tmp_path / "project") as opened, open_source(tmp_path / "a.png") as source:
        opened.add_source(source)
        yield opened


def mark(project: Project, number: int) -> None:
    """Write a mask that tells its number."""
    labels = np.zeros(FRAME, np.uint16)
    labels[0, : number + 1] = 1
    key = FrameKey(project.sources()[0].hash, 0, 0.0)
    project.write_mask(key, lesions_from_labels(labels, {1: POLYP}), FRAME)


def marked(folder: Path) -> int:
    """The number of the mask in a project."""
    with Project(folder) as project:
        (frame,) = project.frames()
        return project.read_mask(frame.key)[0].mask.area_px - 1


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(0)], ids=["set back", "standing still"])
def test_the_newest_backup_counts_whatever_the_clock_says(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    for number in range(KEPT + 3):
        mark(project, number)
        project.back_up()
        monkeypatch.setattr(Clock, "shown", Clock.shown + step)
    assert len(list_backups(project.folder)) == KEPT
    assert last_good_backup(project.folder) == list_backups(project.folder)[0]
    project.close()
    restore(project.folder)
    assert marked(project.folder) == KEPT + 2


def test_two_damaged_databases_of_one_moment_are_both_kept(project: Project) -> None:
    mark(project, 0)
    project.close()
    first = restore(project.folder)
    content = first.read_bytes()
    second = restore(project.folder)
    assert first != second
    assert first.read_bytes() == content


def test_who_did_what_stays_in_its_order(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from medseg_gui.project import pen

    monkeypatch.setattr(pen, "datetime", Clock)
    for number in range(3):
        mark(project, number)
        monkeypatch.setattr(Clock, "shown", Clock.shown - timedelta(days=1))
    entries = [e for e in project.audit() if e.action == "write mask"]
    assert [e.details.rpartition(" ")[0].rpartition(" ")[2] for e in entries] == ["1", "2", "3"]
    (frame,) = project.frames()
    assert project.undo() == frame.key
    assert project.read_mask(frame.key)[0].mask.area_px == 2


def test_a_supervisor_that_is_killed_ends_the_training_it_started(dataset: Path, tmp_path: Path) -> None:
    """Its end of the pipe closes with it; the run saves and ends, and nothing goes on unseen."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=sys.stdout)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    words = [str(dataset), "-o", str(tmp_path / "run"), "--network", "unet_lite0", "--size", "64", "--batch-size", "2"]
    words += ["--epochs", "9999", "--device", "cpu"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *training_command(words)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as supervisor:
        assert supervisor.stdout is not None
        events = []
        for line in supervisor.stdout:  # ends when the training process has closed it, too
            if (event := read_event(line)) is not None:
                events.append(event["event"])
                if len(events) == 1:
                    supervisor.kill()
    assert events[-1] == "stopped"
    assert RunFolder(tmp_path / "run").can_resume
