"""How workers come by networks: list the weights, load them, run them once so that the first frame is not slow."""

from __future__ import annotations

import atexit
import gc
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from medseg_gui.errors import EngineError
from medseg_gui.qt.state.session import WeightsEntry
from medseg_gui.qt.workers.convert import Conversion, tell_once
from medseg_gui.types import Frame, Segmentation

if TYPE_CHECKING:
    from medseg_gui.segmenter import Segmenter

_WARM_UP = 2  # the graph is optimised during its first runs


class FrameSegmenter(Protocol):
    """The part of `segmenter.Segmenter` that is used."""

    weights_id: str

    @property
    def device_reason(self) -> str: ...

    @property
    def engine_name(self) -> str: ...

    @property
    def input_size(self) -> int: ...

    def segment(self, frame: Frame) -> Segmentation: ...


class Networks:
    """The networks of this computer. Importing torch takes a second or two, so that happens inside the methods.

    Args:
        device: one of `device.DEVICES`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = device

    def begin(self) -> str:
        """Get ready on the thread that will load and run; gives the device and why it is that one.

        Raises:
            InputError: the device is not on this computer.
        """
        # Threads of a network that wait for each other by spinning take the cores that decode and paint: with two
        # busy cores a prediction took 1900 ms instead of 60 (measured).
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with _without_collecting():
            import medseg_gui.segmenter  # noqa: F401  all that loading will need, torch as well
        from medseg_gui.device import choose_device, leave_a_core

        leave_a_core()
        return choose_device(self._device).reason

    def list_weights(self) -> tuple[WeightsEntry, ...]:
        """The weights that can be loaded."""
        from medseg_gui.networks.weights import list_weights

        return tuple(WeightsEntry(w.name, w.network, w.class_id, w.threshold, w.card) for w in list_weights())

    def load(self, name: str) -> FrameSegmenter:
        """Load weights and run them until they are warm.

        Raises:
            WeightsError: they cannot be used.
        """
        from medseg_gui.device import choose_device
        from medseg_gui.segmenter import Segmenter

        on_cpu = choose_device(self._device).device.type == "cpu"
        # On the CPU the window does not wait for a conversion: `speed_up`.
        segmenter = Segmenter.load(name, self._device, "torch" if on_cpu else "auto")
        if on_cpu:
            if _use_cached_runtime(segmenter):
                return segmenter
            _make_one_graph(segmenter)
        black = Frame(0, 0.0, "", np.zeros((64, 64, 3), np.uint8))
        for _ in range(_WARM_UP):
            segmenter.segment(black)
        return segmenter

    def speed_up(self, segmenter: FrameSegmenter, done: Callable[[], None]) -> Conversion | None:
        """Convert a segmenter's network in the background, if that helps; meanwhile it goes on with torch.

        Args:
            segmenter: as `load` gave it.
            done: called on another thread once it runs faster.

        Returns:
            What can be cancelled; None when there is nothing to be done.
        """
        from medseg_gui.segmenter import Segmenter

        if not isinstance(segmenter, Segmenter) or not segmenter.could_be_faster:
            return None
        try:
            return Conversion(segmenter, done)
        except OSError as e:
            tell_once(f"The conversion for ONNX Runtime cannot start ({e.strerror}); torch goes on.")
            return None


def _use_cached_runtime(segmenter: Segmenter) -> bool:
    try:
        return segmenter.use_cached_runtime()
    except EngineError as e:
        tell_once(str(e))
        return False


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Import without garbage collection, and keep what was imported out of it for good.

    torch brings some hundred thousand objects that never go. Looking through all of them makes importing 0.6 s longer
    and stops the picture for 250 ms now and then afterwards (measured).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        atexit.register(gc.unfreeze)  # at the end everything is taken down in the usual order


def _make_one_graph(segmenter: Segmenter) -> None:
    """Let the network run as one graph instead of layer by layer.

    After each layer Python asks for the interpreter's lock again, and the main thread holds it while it paints: 11
    predictions/s, as one graph 18, with the same picture beside it (720p on two cores that also train a network).
    """
    import torch

    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # our input never changes its size
    warnings.filterwarnings("ignore", r"`torch\.jit", FutureWarning)
    example = segmenter.prepare([np.zeros((64, 64, 3), np.uint8)])
    with torch.inference_mode():
        segmenter.network = torch.jit.freeze(torch.jit.trace(segmenter.network, example, check_trace=False))


def segment_with(segmenters: list[FrameSegmenter], frame: Frame) -> Segmentation:
    """What several networks see in one frame, as one segmentation.

    Args:
        segmenters: at least one, each for a class of its own.
        frame: what they look at.
    """
    parts = [segmenter.segment(frame) for segmenter in segmenters]
    if len(parts) == 1:
        return parts[0]
    from medseg_gui.segmenter import merge

    return merge(parts)
