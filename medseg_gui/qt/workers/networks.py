"""How workers come by networks: list the weights, load them, run them once so that the first frame is not slow."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from medseg_gui.qt.state.session import WeightsEntry
from medseg_gui.types import Frame, Segmentation


class FrameSegmenter(Protocol):
    """The part of `segmenter.Segmenter` that is used."""

    def segment(self, frame: Frame) -> Segmentation: ...


class Networks:
    """The networks of this computer. Importing torch takes a second or two, so that happens inside the methods.

    Args:
        device: one of `device.DEVICES`.
        threads: how many threads of the CPU a network may use, 0 for as many as there are cores.
    """

    def __init__(self, device: str = "auto", threads: int = 0) -> None:
        self._device = device
        self._threads = threads

    def begin(self) -> str:
        """Get ready on the thread that will load and run; gives the device and why it is that one.

        Raises:
            InputError: the device is not on this computer.
        """
        import torch

        from medseg_gui.device import choose_device

        if self._threads:
            torch.set_num_threads(self._threads)
        return choose_device(self._device).reason

    def list_weights(self) -> tuple[WeightsEntry, ...]:
        """The weights that can be loaded."""
        from medseg_gui.networks.weights import list_weights

        return tuple(WeightsEntry(w.name, w.network, w.class_id, w.threshold, w.card) for w in list_weights())

    def load(self, name: str) -> FrameSegmenter:
        """Load weights and run them once.

        Raises:
            WeightsError: they cannot be used.
        """
        from medseg_gui.segmenter import Segmenter

        segmenter = Segmenter.load(name, self._device)
        segmenter.segment(Frame(0, 0.0, "", np.zeros((64, 64, 3), np.uint8)))
        return segmenter


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
