"""How the explain worker comes by explainers: each has a network of its own, so that no prediction is touched,
in a process of its own, so that no picture waits."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol

from medseg_gui.explanation_process import ExplanationProcess, LoadedExplainer
from medseg_gui.types import ExplanationRequest, Frame, Relevance

if TYPE_CHECKING:
    from medseg_gui.explanation_record import ExplanationRecord


class FrameExplains(Protocol):
    """The part of `explanation.FrameExplainer` that is used."""

    @property
    def cam_layer_names(self) -> tuple[str, ...]: ...

    @property
    def record(self) -> ExplanationRecord: ...

    @property
    def fell_back(self) -> bool: ...

    def explain(self, frame: Frame, request: ExplanationRequest, is_unwanted: Callable[[], bool]) -> Relevance: ...


class Explainers:
    """The explainers of this computer, in a process of their own.

    Args:
        device: one of `device.DEVICES`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = device
        self._process = ExplanationProcess()

    def load(self, name: str) -> tuple[str, FrameExplains]:
        """Load weights once more, to be explained; gives their id as well.

        Raises:
            MedsegError: they cannot be used.
        """
        loaded = self._process.load(name, self._device)
        return loaded.weights_id, _Explainer(self._process, name, self._device, loaded)

    def keep(self, names: Collection[str]) -> None:
        """Let go of the explainers of all other weights."""
        self._process.keep(names)

    def retreat_to_cpu(self) -> bool:
        """Load on the CPU from now on; gives False when that is where they are already."""
        could = self._device != "cpu"
        self._device = "cpu"
        return could

    def end(self) -> None:
        """Give up whatever is explained, for good; from any thread."""
        self._process.end()

    def close(self) -> None:
        """Let go of all explainers."""
        self._process.close()


class _Explainer:
    """A `FrameExplainer` at a distance."""

    def __init__(self, process: ExplanationProcess, name: str, device: str, loaded: LoadedExplainer) -> None:
        self._process, self._name, self._device = process, name, device
        self.cam_layer_names, self.record = loaded.cam_layer_names, loaded.record
        self.fell_back = False

    def explain(self, frame: Frame, request: ExplanationRequest, is_unwanted: Callable[[], bool]) -> Relevance:
        relevance, self.fell_back = self._process.explain(self._name, self._device, frame, request, is_unwanted)
        return relevance


def is_out_of_memory(error: Exception) -> bool:
    """Whether a graphics card had no room left."""
    return isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
