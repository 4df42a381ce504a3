"""Two processes train what one would train."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from medseg_gui.training import processes


def test_alone_nothing_changes() -> None:
    assert (processes.rank(), processes.count()) == (0, 1)
    assert processes.share([1, 2, 3]) == processes.gather([1, 2, 3]) == [1, 2, 3]
    assert processes.any_of_us(True)
    assert processes.mean_of({"loss": 2.0}) == {"loss": 2.0}


def test_two_processes_come_to_the_result_of_one(tmp_path: Path) -> None:
    """The same steps but for batch norm, which sees half a batch; learning rate so small that they stay comparable."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(10):
        picture, mask = rng.integers(0, 90, (64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
        cv2.circle(mask, (20 + 2 * i, 30), 12, 255, -1)
        picture[mask > 0] += 120
        cv2.imwrite(str(tmp_path / "images" / f"{i}.png"), picture)
        cv2.imwrite(str(tmp_path / "masks" / f"{i}.png"), mask)
    (tmp_path / "patients.csv").write_text("image,patient\n" + "".join(f"{i}.png,p{i}\n" for i in range(10)))
    program = [
        "-m",
        "medseg_gui",
        "train",
        str(tmp_path),
        "--network",
        "unet_lite0",
        "--size",
        "64",
        "--batch-size",
        "8",
    ]
    program += ["--epochs", "1", "--lr", "1e-4", "--device", "cpu", "--json"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    ends = []
    for name, start in (("one", [sys.executable]), ("two", launcher)):
        done = subprocess.run(
            [*start, *program, "-o", str(tmp_path / name)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert [e["event"] for e in events] == ["step", "epoch", "done"]  # said once, not twice
        ends.append(events[1])
    assert ends[1]["loss"] == pytest.approx(ends[0]["loss"], rel=0.1)
    assert ends[1]["dice"] == pytest.approx(ends[0]["dice"], abs=0.1)
