"""Everything once, for `medseg doctor --selftest`: play, predict, explain, correct, save, reopen, train.

It works on the bundled demo and weights in a folder of its own beside the user's files, which it takes away again; the
user's settings, projects and weights play no part.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_gui import paths
from medseg_gui.errors import MedsegError, OutputError

if TYPE_CHECKING:
    from medseg_gui.editing.lesions import Lesions
    from medseg_gui.project.records import FrameKey, Lesion
    from medseg_gui.types import Frame

_WEIGHTS = "polyp-unet_lite0"
_PLAYED_S = 1.0
_TRAINING_TIMEOUT_S = 300.0


class SelfTestError(MedsegError):
    """A step of the self-test failed; the command line ends with status 1."""


@dataclass
class SelfTest:
    """The steps, in the order in which each needs what those before it left.

    Attributes:
        folder: an empty one.
        frame: of the demo, where a polyp is marked; since "predict".
        lesions: of that frame, as predicted and since "correct" as corrected.
        key: of that frame in the project; since "save".
    """

    folder: Path
    frame: Frame = field(init=False)
    lesions: Lesions = field(init=False)
    key: FrameKey = field(init=False)

    def play(self) -> None:
        """Play the demo in the window."""
        from medseg_gui.qt.self_check import play_demo

        play_demo(_PLAYED_S)

    def predict(self) -> None:
        """Let all shipped weights look at some frames of the demo, and keep one with a polyp."""
        from medseg_gui.media import open_source
        from medseg_gui.networks.weights import list_weights
        from medseg_gui.prediction import predict_source
        from medseg_gui.segmenter import Segmenter

        with open_source(paths.demo_clip()) as source:
            for info in list_weights():
                segmenter = Segmenter(info, engine="auto")
                rows = predict_source(source, segmenter, self.folder / info.name, info.threshold, every=60)
                if info.name == _WEIGHTS:
                    largest = max(rows, key=lambda row: row.area_px)
                    self._keep(source.read(largest.frame), self.folder / info.name / largest.mask)

    def explain(self) -> None:
        """Ask why, in two ways, in a process of its own as the window does."""
        from medseg_gui.explanation_process import ExplanationProcess
        from medseg_gui.types import ExplanationRequest

        process = ExplanationProcess()
        try:
            for method in ("lrp", "gradcam"):
                request = ExplanationRequest(method)
                found, _ = process.explain(_WEIGHTS, "auto", self.frame, request, lambda: False)
                _expect(bool(abs(found.values).sum() > 0), f"{method} gives an empty map")
        finally:
            process.close()

    def correct(self) -> None:
        """Draw a stroke across the frame with the brush."""
        import numpy as np

        from medseg_gui.editing.brush import paint_stroke
        from medseg_gui.types import POLYP

        height, width = self.frame.size
        line = np.array([(0.1 * width, 0.1 * height), (0.9 * width, 0.2 * height)])
        after = self.lesions.edited(paint_stroke(self.lesions, line, self.lesions.new_id(), 8.0, POLYP))
        _expect(sum(after.areas_px().values()) > sum(self.lesions.areas_px().values()), "the brush marked nothing")
        self.lesions = after

    def save(self) -> None:
        """Put the corrected mask into a new project."""
        from medseg_gui.media import open_source
        from medseg_gui.project.records import FrameKey
        from medseg_gui.project.store import Project

        self.key = FrameKey(self.frame.source_id, self.frame.index, self.frame.time_s)
        with Project.create(self._project) as project, open_source(paths.demo_clip()) as source:
            project.add_source(source)
            project.write_mask(self.key, self._records(), self.frame.size)

    def reopen(self) -> None:
        """Find the same mask there, and undo it."""
        from medseg_gui.project.store import Project

        with Project(self._project) as project:
            _expect(project.read_mask(self.key) == self._records(), "the mask that was saved is another now")
            _expect(project.undo() == self.key and not project.read_mask(self.key), "undo does not lead back")

    def train(self) -> None:
        """Two steps in a process of their own, as the window trains, and use what they made."""
        from medseg_gui.data.phantom import write_dataset
        from medseg_gui.segmenter import Segmenter
        from medseg_gui.training.protocol import read_event, training_command
        from medseg_gui.training.run_folder import RunFolder

        write_dataset(self.folder / "data", 8, 2, 0)
        words = [str(self.folder / "data"), "-o", str(self.folder / "run"), "--network", "unet_lite0"]
        words += ["--epochs", "1", "--batch-size", "2", "--size", "64", "--hold-out", "C1"]
        ended = _run(training_command(words))
        events = [event for line in ended.stdout.splitlines() if (event := read_event(line))]
        if ended.returncode:
            told = [event["message"] for event in events if event["event"] == "failed"]
            raise SelfTestError(told[0] if told else "the training process ended by itself", ended.stderr)
        steps = sum(event["event"] == "step" for event in events)
        _expect(steps == 2, f"the training process made {steps} steps instead of 2")
        weights = RunFolder(self.folder / "run").weights()
        _expect(weights is not None, "the training process left no weights")
        Segmenter.load(str(weights.files[0]) if weights else "").segment(self.frame)

    def steps(self) -> list[Callable[[], None]]:
        """All of them, in order."""
        return [self.play, self.predict, self.explain, self.correct, self.save, self.reopen, self.train]

    @property
    def _project(self) -> Path:
        return self.folder / "project"

    def _keep(self, frame: Frame, mask: Path) -> None:
        from medseg_gui.data.mask_file import read_mask
        from medseg_gui.editing.lesions import Lesions

        self.frame = frame
        self.lesions = Lesions.from_mask(read_mask(mask))
        _expect(bool(self.lesions.classes), f"{_WEIGHTS} marks nothing in the demo")

    def _records(self) -> tuple[Lesion, ...]:
        from medseg_gui.project.records import lesions_from_labels

        return lesions_from_labels(self.lesions.labels, self.lesions.classes)


def run_self_test(tell: Callable[[str, float], None]) -> None:
    """Run each step.

    Args:
        tell: called with the name of each step and the seconds that it took, once it has worked.

    Raises:
        SelfTestError: a step failed; the others after it were not tried.
    """
    with _own_home() as folder:
        for step in SelfTest(folder).steps():
            started = time.monotonic()
            _try(step)
            tell(step.__name__, time.monotonic() - started)


def _try(step: Callable[[], None]) -> None:
    try:
        step()
    except MedsegError as e:
        raise SelfTestError(f"The self-test failed at {step.__name__!r}: {e}", e.details) from e
    except Exception as e:  # finding out what nobody thought of (a library left out of a bundle) is what it is for
        what = f"{type(e).__name__}: {e}".splitlines()[0]
        sentence = f"The self-test failed at {step.__name__!r} ({what}); install the program again."
        raise SelfTestError(sentence, traceback.format_exc()) from e


@contextmanager
def _own_home() -> Iterator[Path]:
    """A folder on the disk that the user's files are on; while it is there, it is the home."""
    before = os.environ.get("MEDSEG_HOME")
    user_dir = paths.user_dir()
    try:
        user_dir.mkdir(parents=True, exist_ok=True)
        # On Windows a virus scanner may still look at a file that is to go.
        folder = tempfile.TemporaryDirectory(prefix="selftest-", dir=user_dir, ignore_cleanup_errors=True)
    except OSError as e:
        raise OutputError(
            f"The user's folder {user_dir} cannot be written ({e.strerror}); set MEDSEG_HOME to another."
        ) from e
    with folder as name:
        os.environ["MEDSEG_HOME"] = name
        try:
            yield Path(name)
        finally:
            os.environ.pop("MEDSEG_HOME")
            if before is not None:
                os.environ["MEDSEG_HOME"] = before


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a supervised process to its end; its standard input stays open, else it would stop."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, encoding="utf-8"
        )
        watchdog = threading.Timer(_TRAINING_TIMEOUT_S, process.kill)
        watchdog.start()
        with process:
            output = process.stdout.read() if process.stdout else ""
        watchdog.cancel()
        complaints.seek(0)
        return subprocess.CompletedProcess(command, process.returncode, output, complaints.read())


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise SelfTestError(f"{otherwise}; install the program again.")
