"""A training beside the window, as the training page starts it, for measuring how smooth playback stays meanwhile."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PySide6.QtCore import QEventLoop, QObject, QTimer

from medseg_gui.data.mask_file import write_mask
from medseg_gui.errors import MedsegError, TrainingError
from medseg_gui.qt.workers.train import Ending, Start, TrainWorker
from medseg_gui.training.job import TrainingJob
from medseg_gui.types import POLYP

# What is learnt does not matter, only how much: steps, a look at the held-out frames after each pass, then saving.
_FRAMES = {"learnt": 64, "held-out": 8}
_SIDE_PX = 256
_TIMEOUT_MS = 300_000


class TrainingLoad(QObject):
    """Hears how far the process is.

    Attributes:
        steps: it has made.
        error: why it broke, None while it runs.
    """

    def __init__(self, worker: TrainWorker) -> None:
        super().__init__()
        self.steps = 0
        self.error: MedsegError | None = None
        self._first = QEventLoop()
        worker.happened.connect(self.on_happened)
        worker.ended.connect(self.on_ended)

    def wait_for_first_step(self) -> None:
        """Come back once the network learns.

        Raises:
            MedsegError: the process broke, or does not begin.
        """
        QTimer.singleShot(_TIMEOUT_MS, self._first.quit)
        if not self.steps and self.error is None:
            self._first.exec()
        if self.error is not None or not self.steps:
            raise self.error or TrainingError("Training did not begin within five minutes; try on a machine at rest.")

    def on_happened(self, start: Start, event: dict[str, Any]) -> None:
        """Count the steps."""
        if event["event"] == "step":
            self.steps += 1
            self._first.quit()

    def on_ended(self, start: Start, ending: Ending) -> None:
        """It was to go on for ever."""
        self.error = ending.error or TrainingError("The training ended before the measurement did.")
        self._first.quit()


def write_frames(folder: Path) -> None:
    """Noise with a bright disc that is marked, as a data set folder of two centres."""
    rng = np.random.default_rng(0)
    for centre, count in _FRAMES.items():
        for part in ("images", "masks"):
            (folder / centre / part).mkdir(parents=True)
        for i in range(count):
            picture = rng.integers(0, 200, (_SIDE_PX, _SIDE_PX, 3), np.uint8)
            mask = np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)
            for marked, colour in ((picture, (250, 250, 250)), (mask, 1)):
                cv2.circle(marked, (40 + 2 * i, 128), 30, colour, -1)
            cv2.imwrite(str(folder / centre / "images" / f"{i}.png"), picture)
            write_mask(folder / centre / "masks" / f"{i}.png", mask)


@contextmanager
def training(base: str, network: str, worker: TrainWorker | None = None) -> Iterator[TrainingLoad]:
    """Let a process fine-tune weights on noise for as long as this is entered.

    Args:
        base: name of the weights.
        network: key of NETWORKS.
        worker: not started; tests give their own.

    Raises:
        MedsegError: it does not begin.
    """
    with tempfile.TemporaryDirectory(prefix="medseg-bench-") as folder:
        settings = {"epochs": 1000, "batch-size": 8, "lr": 3e-4}
        job = TrainingJob(Path(folder), base, network, POLYP, ("held-out",), settings)
        write_frames(job.data)
        worker = worker or TrainWorker()
        load = TrainingLoad(worker)
        worker.start()
        try:
            worker.train(job)
            load.wait_for_first_step()
            yield load
        finally:
            worker.stop()
            worker.wait()
