"""Sources and networks in memory. Each notes on which thread it is used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QThread, SignalInstance

import medseg_gui.segmenter  # noqa: F401  workers import it when first needed; no test shall wait for torch
from medseg_gui.errors import DroppedError, MedsegError, NothingPredictedError, SourceError, WeightsError
from medseg_gui.explanation_record import ExplanationRecord
from medseg_gui.qt.state.session import WeightsEntry
from medseg_gui.qt.workers.check import Check, Checks
from medseg_gui.qt.workers.explainers import Explainers
from medseg_gui.qt.workers.networks import Networks
from medseg_gui.types import (
    INSTRUMENT,
    POLYP,
    ExplanationRequest,
    Frame,
    FrameCheck,
    LayerRelevance,
    MapCheck,
    Relevance,
    Segmentation,
    Trust,
)

SIZE = (48, 64)
RATE = 25.0
PATIENCE_S = 10.0


def thread_name() -> str:
    """Name of the thread that we are on."""
    return QThread.currentThread().objectName()


class Heard(QObject):
    """What a worker's signal said, heard on the main thread; qtbot.waitSignal would listen on the worker's."""

    def __init__(self, signal: SignalInstance) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        signal.connect(self.note)

    def note(self, *arguments: Any) -> None:
        assert not thread_name().endswith("Worker")
        self.calls.append(arguments)

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def last(self) -> tuple[Any, ...]:
        return self.calls[-1]


class FakeSource:
    """Frames whose grey tells their index; `bad` ones cannot be decoded."""

    def __init__(self, name: str, count: int = 40, is_live: bool = False) -> None:
        self.kind = "camera" if is_live else "video"
        self.title = name
        self.source_id = f"id-{name}"
        self.path: Path | None = None
        self.is_live = is_live
        self.frame_rate = RATE
        self.frame_count = 0 if is_live else count
        self.frame_times = np.arange(self.frame_count) / RATE
        self.bad: set[int] = set()
        self.read_indices: list[int] = []
        self.threads: set[str] = set()
        self.is_closed = False
        self.gate = threading.Event()
        self.gate.set()

    def read(self, index: int) -> Frame:
        self.threads.add(thread_name())
        assert self.gate.wait(PATIENCE_S)
        if index in self.bad or self.is_closed:
            raise SourceError(f"Frame {index} of {self.title} is damaged; go on with another frame.")
        if self.is_live:
            index = len(self.read_indices)
        self.read_indices.append(index)
        return Frame(index, index / RATE, self.source_id, np.full((*SIZE, 3), index % 256, np.uint8))

    def close(self) -> None:
        self.threads.add(thread_name())
        self.is_closed = True


class FakeMedia:
    """In place of `media.open_source`; `opened` holds every source, newest last."""

    def __init__(self) -> None:
        self.opened: list[FakeSource] = []
        self.bad: set[int] = set()

    def open(self, spec: str) -> FakeSource:
        name = Path(spec).name
        if name not in ("clip", "other", "camera:0"):
            raise SourceError(f"{name} cannot be opened; try another file.")
        source = FakeSource(name, is_live=name == "camera:0")
        source.bad = self.bad
        self.opened.append(source)
        return source


class FakeSegmenter:
    """Sees a square whose probability is 0.6 for polyps and 0.8 for instruments."""

    def __init__(self, name: str, class_id: int, gate: threading.Event) -> None:
        self.name = name
        self.weights_id = f"{name}@00000000"
        self.class_id = class_id
        self.gate = gate
        self.seen: list[int] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.device_reason, self.engine_name = "CPU: in a test", "torch"
        self.input_size = 16

    def segment(self, frame: Frame) -> Segmentation:
        self.threads.add(thread_name())
        self.seen.append(frame.index)
        assert self.gate.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        probability = np.zeros((16, 16), np.float32)
        probability[4:12, 4:12] = 0.6 if self.class_id == POLYP else 0.8
        return Segmentation(
            frame.index,
            frame.source_id,
            frame.size,
            {self.class_id: probability},
            {self.class_id: self.weights_id},
            latency_ms=1.0,
        )


class FakeNetworks(Networks):
    """Weights "fast" and "slow" for polyps, "tools" for instruments, "broken" cannot be loaded.

    Attributes:
        gate: while it is cleared, networks do not answer.
        loaded: every segmenter, newest last.
    """

    entries = tuple(
        WeightsEntry(name, "fake", class_id, 0.5, f"# {name}")
        for name, class_id in (("broken", POLYP), ("fast", POLYP), ("slow", POLYP), ("tools", INSTRUMENT))
    )

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.loaded: list[FakeSegmenter] = []

    def begin(self) -> str:
        return "CPU: in a test"

    def list_weights(self) -> tuple[WeightsEntry, ...]:
        return self.entries

    def load(self, name: str) -> FakeSegmenter:
        if name == "broken":
            raise WeightsError("broken holds numbers that are not finite; use another version.")
        class_id = next(e.class_id for e in self.entries if e.name == name)
        self.loaded.append(FakeSegmenter(name, class_id, self.gate))
        return self.loaded[-1]

    def named(self, name: str) -> FakeSegmenter:
        """The newest segmenter of these weights."""
        return next(s for s in reversed(self.loaded) if s.name == name)


BLOCKS = ("encoder 1", "encoder 2", "bottleneck", "decoder 1", "decoder 2")


def make_relevance(
    frame: Frame, request: ExplanationRequest, weights_id: str = "fast@00000000", outside: float = 0.25
) -> Relevance:
    """Two lesions: red on the left, on the right red with a blue spot; the blocks grow towards the mask."""
    left, right = np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32)
    left[12:20, 4:12] = 0.01
    right[12:20, 20:28] = 0.006
    right[15:17, 23:25] = -0.012
    numbers = (left != 0).astype(np.uint8) + 2 * (right != 0).astype(np.uint8)
    is_lrp = request.method in ("lrp", "layers")
    sizes = (16, 8, 4, 8, 16)
    layers = tuple(
        LayerRelevance(name, np.full((size, size), 1 / size**2, np.float32), 1.0 - 0.1 * row)
        for row, (name, size) in enumerate(zip(BLOCKS, sizes, strict=True))
    )
    trust = Trust(
        "sound",
        "What was explained is accounted for.",
        0.0002 if is_lrp else None,
        0.6,
        0.75 - 0.6,
        outside,
        stability=0.91 if request.with_stability else None,
        agreement=0.7,
        skips={"skip 1": 0.1, "skip 2": 0.35} if is_lrp else {},
    )
    values = left + right if is_lrp else np.abs(left + right)
    lesions = (left, right) if is_lrp else ()
    return Relevance(
        frame.index,
        frame.source_id,
        frame.size,
        weights_id,
        request,
        values,
        lesions,
        numbers,
        layers if is_lrp else (),
        trust,
        latency_ms=5.0,
    )


class FakeExplainer:
    """Explains every frame alike; says on which frame, by the share outside the mask.

    Attributes:
        seen: (frame index, request) of each pass.
        error: raised instead of an answer.
        spoil: put a number that is not one into the map.
    """

    cam_layer_names = BLOCKS
    record = ExplanationRecord(20, {"lrp zplus": "Measured on 20 pictures, this way of explaining looks alike."})
    fell_back = False

    def __init__(self, name: str, gate: threading.Event) -> None:
        self.name = name
        self.gate = gate
        self.seen: list[tuple[int, ExplanationRequest]] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.spoil = False

    def explain(
        self, frame: Frame, request: ExplanationRequest, is_unwanted: Callable[[], bool] = lambda: False
    ) -> Relevance:
        self.threads.add(thread_name())
        self.seen.append((frame.index, request))
        assert self.gate.wait(PATIENCE_S)
        if request.smooth and is_unwanted():
            raise DroppedError("This explanation is no longer wanted.")
        if self.error is not None:
            raise self.error
        if request.threshold > 0.9:
            raise NothingPredictedError("Nothing is marked in this frame; explain the nearest miss instead.")
        relevance = make_relevance(frame, request, f"{self.name}@00000000", outside=(frame.index % 100) / 100)
        if self.spoil:
            relevance.values.setflags(write=True)
            relevance.values[3, 3] = np.nan
        return relevance


def make_check(relevance: Relevance, randomised: float = 0.05) -> FrameCheck:
    """A map that does better than noise and worse than the mask."""
    areas = {"map": (0.3, 0.7), "mask": (0.2, 0.8), "edges": (0.5, 0.5), "noise": (0.6, 0.4)}
    shuffled = {"map": randomised, "mask": None, "edges": 1.0, "noise": 0.01}
    maps = tuple(
        MapCheck(name, (1.0, down, 0.1), (0.1, up, 1.0), down, up, shuffled[name]) for name, (down, up) in areas.items()
    )
    return FrameCheck(relevance, maps, is_learnt=abs(randomised) < 0.3, is_faithful=True)


class FakeChecks(Checks):
    """Checks in two steps.

    Attributes:
        gate: while it is cleared, a check waits before its second step.
        begun: weights and frame of each check.
        given_up: frames whose check was.
        error: raised instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.begun: list[tuple[str, int]] = []
        self.given_up: list[int] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None

    def load(self, name: str) -> Check:
        def check(
            frame: Frame,
            relevance: Relevance,
            is_unwanted: Callable[[], bool],
            progress: Callable[[int, int], None],
        ) -> FrameCheck:
            self.threads.add(thread_name())
            self.begun.append((name, frame.index))
            progress(1, 4)
            assert self.gate.wait(PATIENCE_S)
            if self.error is not None:
                raise self.error
            if is_unwanted():
                self.given_up.append(frame.index)
                raise DroppedError("This check is no longer wanted.")
            progress(4, 4)
            return make_check(relevance)

        return check


class FakeExplainers(Explainers):
    """Explainers for any weights.

    Attributes:
        gate: while it is cleared, explainers do not answer.
        loaded: every explainer, newest last.
        load_error: raised instead; other than for people to read, only as long as one is not on the CPU.
        attempts: how often somebody tried to load.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.loaded: list[FakeExplainer] = []
        self.load_error: Exception | None = None
        self.attempts = 0

    def load(self, name: str) -> tuple[str, FakeExplainer]:
        self.attempts += 1
        if self.load_error is not None and (isinstance(self.load_error, MedsegError) or self._device != "cpu"):
            raise self.load_error
        self.loaded.append(FakeExplainer(name, self.gate))
        return f"{name}@00000000", self.loaded[-1]

    @property
    def seen(self) -> list[tuple[int, ExplanationRequest]]:
        """Every pass of every explainer."""
        return [pass_ for explainer in self.loaded for pass_ in explainer.seen]

    @property
    def indices(self) -> list[int]:
        """Frame index of every pass."""
        return [index for index, _ in self.seen]
