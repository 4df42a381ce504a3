"""Frame in, segmentation out: one network with its weights, on one device. Not thread-safe: one owner."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from medseg_gui.device import DeviceChoice, choose_device
from medseg_gui.errors import EngineError, InputError
from medseg_gui.networks import normalisation
from medseg_gui.networks.weights import WeightsInfo, find_weights, load_network
from medseg_gui.runtime import ENGINES
from medseg_gui.runtime.cuda_graph import CudaGraphSession
from medseg_gui.runtime.engine import cached_session, made_session
from medseg_gui.runtime.session import RuntimeSession, is_installed
from medseg_gui.types import FloatArray, Frame, Segmentation, UInt8Array

logger = logging.getLogger(__name__)


class Segmenter:
    """Runs one network on frames of any size.

    Args:
        info: which weights.
        device: one of `device.DEVICES`.
        engine: one of `runtime.ENGINES`. Figures that are kept are torch's unless said otherwise.

    Raises:
        WeightsError: the weights cannot be used.
        InputError: the device is not here, or the engine does not work on it.
        EngineError: "onnxruntime" is wanted and cannot be had.
    """

    def __init__(self, info: WeightsInfo, device: str = "auto", engine: str = "torch") -> None:
        self.info = info
        self.choice: DeviceChoice = choose_device(device)
        self.weights_id = info.weights_id
        network = load_network(info)
        self._scale, self._shift = affine_normalisation(network, self.choice.device)
        self._half = self.choice.device.type == "cuda"
        self.network = network.to(self.choice.device).to(memory_format=torch.channels_last)
        if self._half:
            self.network = self.network.half()
        self._session: RuntimeSession | CudaGraphSession | None = None
        self._choose_engine(engine)

    @classmethod
    def load(cls, name: str, device: str = "auto", engine: str = "torch") -> Segmenter:
        """By the name of weights in the list, or the path of a file."""
        return cls(find_weights(name), device, engine)

    @property
    def where(self) -> str:
        """Device and engine in use, and why this device, in words."""
        return f"{self.device_reason} · {self.engine_name}"

    @property
    def device_reason(self) -> str:
        """Device in use, and why this one, in words."""
        return self.choice.reason

    @property
    def engine_name(self) -> str:
        """What predicts now, in words: "torch" or a runtime with its version."""
        return "torch" if self._session is None else self._session.name

    @property
    def input_size(self) -> int:
        """S, of the (S, S, 3) pictures that the network sees."""
        return self.info.input_size

    @property
    def could_be_faster(self) -> bool:
        """Whether ONNX Runtime might do what torch does now."""
        return self._session is None and self.choice.device.type == "cpu" and is_installed()

    def use_runtime(self) -> None:
        """Predict in ONNX Runtime from now on; the first time with these weights that takes some seconds.

        May be called from another thread than the one that predicts. On CUDA it is a recorded graph of torch's own,
        and the thread that will predict must call.

        Raises:
            EngineError: it is not installed or cannot run this network; torch goes on.
        """
        if self.choice.device.type == "cuda":
            self._session = CudaGraphSession(self.network, *self._affine(), self.input_size)
        else:
            self._session = made_session(self.info, torch.get_num_threads())

    def use_cached_runtime(self) -> bool:
        """The same if these weights were converted before; gives whether.

        Raises:
            EngineError: as `use_runtime`.
        """
        self._session = cached_session(self.info, torch.get_num_threads())
        return self._session is not None

    def segment(self, frame: Frame) -> Segmentation:
        """Probability of the class at the network's resolution, for one frame."""
        started = time.perf_counter()
        probability = self.predict([frame.small.get(self.input_size, frame.rgb)])[0]
        return Segmentation(
            frame_index=frame.index,
            source_id=frame.source_id,
            size=frame.size,
            probability={self.info.class_id: probability},
            weights={self.info.class_id: self.weights_id},
            latency_ms=(time.perf_counter() - started) * 1000,
        )

    @torch.inference_mode()
    def predict(self, pictures: Sequence[UInt8Array]) -> list[FloatArray]:
        """Probabilities of several pictures at once.

        Args:
            pictures: each (H, W, 3) uint8 RGB, sizes may differ.

        Returns:
            For each (S, S) float32 in [0, 1], S the network's input size, stretched over the whole picture.
        """
        if (session := self._session) is not None:
            return session.predict(pictures)
        logits = self.network(self.prepare(pictures))
        return list(torch.sigmoid(logits.float()).squeeze(1).cpu().numpy())

    def prepare(self, pictures: Sequence[UInt8Array]) -> Tensor:
        """(B, 3, S, S) normalised tensor on the device, channels last; arguments as `predict`."""
        return as_input(pictures, self.input_size, *self._affine())

    def _affine(self) -> tuple[Tensor, Tensor]:
        dtype = torch.float16 if self._half else torch.float32
        return self._scale.to(dtype), self._shift.to(dtype)

    def _choose_engine(self, engine: str) -> None:
        if engine not in ENGINES:
            raise InputError(f"{engine!r} is no engine; choose one of {', '.join(ENGINES)}.")
        kind = self.choice.device.type
        if engine == "onnxruntime" and kind != "cpu":
            raise InputError("ONNX Runtime works on the CPU only; add --device cpu, or choose --engine torch.")
        if engine == "torch" or kind not in ("cpu", "cuda"):
            return
        try:
            self.use_runtime()
        except EngineError as e:
            if engine == "onnxruntime":
                raise
            logger.warning("%s", e)


def merge(parts: Sequence[Segmentation]) -> Segmentation:
    """One segmentation of what several networks saw in the same frame; their latencies add up.

    Args:
        parts: at least one, all of one frame, each with classes of its own.
    """
    first = parts[0]
    return Segmentation(
        frame_index=first.frame_index,
        source_id=first.source_id,
        size=first.size,
        probability={c: p for part in parts for c, p in part.probability.items()},
        weights={c: w for part in parts for c, w in part.weights.items()},
        latency_ms=sum(part.latency_ms for part in parts),
    )


def as_input(pictures: Sequence[UInt8Array], side: int, scale: Tensor, shift: Tensor) -> Tensor:
    """Pictures as a network wants them: resized, normalised, channels last.

    Args:
        pictures: each (H, W, 3) uint8 RGB, sizes may differ.
        side: S, of the network's input, in pixels.
        scale, shift: of `affine_normalisation`; they decide on device and dtype.

    Returns:
        (B, 3, S, S) tensor.
    """
    small = np.stack([cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in pictures])
    # (B, S, S, 3) seen as (B, 3, S, S) is channels last already: no copy.
    x = torch.from_numpy(small).to(scale.device, non_blocking=True).permute(0, 3, 1, 2).to(scale.dtype)
    return torch.addcmul(shift, x, scale)


def affine_normalisation(network: nn.Module, device: torch.device) -> tuple[Tensor, Tensor]:
    """Normalisation of uint8 RGB as x · scale + shift, each (1, 3, 1, 1)."""
    mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in normalisation(network))
    return 1 / (255 * std), -mean / std
