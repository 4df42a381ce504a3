"""How the explain worker comes by explainers: each has a network of its own, so that no prediction is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from medseg_gui.qt.workers.networks import Networks
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
    """The explainers of this computer. Importing torch takes a second or two, so that happens inside the methods.

    Args:
        device: one of `device.DEVICES`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = device

    def load(self, name: str) -> tuple[str, FrameExplains]:
        """Load weights once more, to be explained; gives their id as well.

        Raises:
            MedsegError: they cannot be used.
        """
        Networks(self._device).begin()
        from medseg_gui.explanation import FrameExplainer
        from medseg_gui.networks.weights import find_weights

        info = find_weights(name)
        return info.weights_id, FrameExplainer(info, self._device)

    def retreat_to_cpu(self) -> bool:
        """Load on the CPU from now on; gives False when that is where they are already."""
        could = self._device != "cpu"
        self._device = "cpu"
        return could


def is_out_of_memory(error: Exception) -> bool:
    """Whether a graphics card had no room left."""
    return isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
