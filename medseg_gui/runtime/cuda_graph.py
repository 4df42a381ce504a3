"""Runs a network on an NVIDIA card as one recorded graph: one launch for a picture instead of some hundred."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from medseg_gui.errors import EngineError
from medseg_gui.runtime.comparison import mean_difference, sample_picture
from medseg_gui.runtime.session import shrink
from medseg_gui.types import FloatArray, UInt8Array

logger = logging.getLogger(__name__)

_WARM_UP = 3  # libraries choose their algorithms in the first runs, which must not be recorded
_MOST_DIFFERENCE = 1e-2  # mean difference from the same network run layer by layer, both in half precision


class CudaGraphSession:
    """One network on one card, with a stream of its own, ready to run. Not thread-safe: one owner.

    The picture goes there and the probability comes back through page-locked memory, which the card reads and writes
    by itself. Recorded as in PyTorch's notes on CUDA graphs.

    Args:
        network: on the card, in evaluation mode, channels last.
        scale, shift: (1, 3, 1, 1) of `segmenter.affine_normalisation`, in the network's precision.
        side: S, of the pictures that it sees.

    Attributes:
        name: for people.

    Raises:
        EngineError: the network cannot be recorded, or the recording sees something else.
    """

    name = "CUDA graph"

    def __init__(self, network: nn.Module, scale: Tensor, shift: Tensor, side: int) -> None:
        self.side = side
        self._network, self._scale, self._shift = network, scale, shift
        try:
            self._record()
            self._compare()
        except RuntimeError as e:  # all of CUDA's own errors are
            raise EngineError("The network cannot be recorded for this card; it runs layer by layer.", str(e)) from e

    def predict(self, pictures: Sequence[UInt8Array]) -> list[FloatArray]:
        """Probabilities of pictures, one after the other; arguments and result as of `Segmenter.predict`."""
        return [self.run(shrink(picture, self.side)) for picture in pictures]

    def run(self, small: UInt8Array) -> FloatArray:
        """Probability of one picture that has the network's size.

        Args:
            small: (S, S, 3) uint8 RGB.

        Returns:
            (S, S) float32 in [0, 1].
        """
        self._picture.numpy()[:] = small
        with torch.cuda.stream(self._stream):
            self._graph.replay()
        self._stream.synchronize()
        return self._probability.numpy().copy()

    @torch.no_grad()
    def _record(self) -> None:
        device = self._scale.device
        self._picture = torch.zeros(self.side, self.side, 3, dtype=torch.uint8).pin_memory()
        self._probability = torch.zeros(self.side, self.side).pin_memory()
        self._stream = torch.cuda.Stream(device)
        self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UP):
                self._step()
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        # Explanations may use the card from another thread meanwhile; that must not spoil the recording.
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            self._step()

    def _step(self) -> None:
        picture = self._picture.to(self._scale.device, non_blocking=True)
        # (1, S, S, 3) seen as (1, 3, S, S) is channels last already: no copy.
        x = picture[None].permute(0, 3, 1, 2).to(self._scale.dtype)
        logits = self._network(torch.addcmul(self._shift, x, self._scale))
        self._probability.copy_(torch.sigmoid(logits.float())[0, 0], non_blocking=True)

    @torch.no_grad()
    def _compare(self) -> None:
        picture = sample_picture(self.side)
        replayed = self.run(picture)
        self._picture.numpy()[:] = picture
        self._probability.zero_()
        self._step()
        torch.cuda.synchronize(self._scale.device)
        if not mean_difference(replayed, self._probability.numpy()) <= _MOST_DIFFERENCE:
            raise EngineError("A recording of the network sees something else on this card; it runs layer by layer.")
