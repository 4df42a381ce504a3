"""How fast one network predicts in torch, in ONNX Runtime and as segmentation-models-pytorch builds it, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from medseg_gui.networks.weights import WeightsInfo, load_network
from medseg_gui.runtime.session import shrink
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import FloatArray, Frame, UInt8Array

EAGER = "eager torch"
RUNTIME = "ONNX Runtime"
LIBRARY = "segmentation-models-pytorch"

# Our networks that the library has, too, with the same names of tensors: class and encoder there.
LIBRARY_NETWORKS = {
    "unet_lite0": ("Unet", "tu-tf_efficientnet_lite0"),
    "unet_resnet34": ("Unet", "resnet34"),
    "deeplabv3plus_resnet101": ("DeepLabV3Plus", "resnet101"),
}
_ROUNDS = 5  # taking turns: what else the computer does meanwhile slows all of them down alike
_WARM_UP = 3

Predict = Callable[[UInt8Array], FloatArray]


@dataclass(frozen=True)
class EngineSpeed:
    """One way of running the same weights on the same frames, from the picture to the probability.

    Attributes:
        name: EAGER, RUNTIME or LIBRARY.
        median_ms: half of all predictions took less.
        best_ms: the quickest: what it takes where nobody else wants the processor.
        times_eager: how many times as fast as eager torch, at the median.
        iou: of the marked pixels with eager torch's, the smallest of all frames.
    """

    name: str
    median_ms: float
    best_ms: float
    times_eager: float
    iou: float


def time_engines(frames: Sequence[Frame], info: WeightsInfo, predictions: int) -> list[EngineSpeed]:
    """Run the same weights on the CPU in every way there is, in turns.

    Args:
        frames: at least one.
        info: which weights.
        predictions: how many to time in each way.

    Raises:
        EngineError: ONNX Runtime cannot be used.
    """
    small = [shrink(f.rgb, info.input_size) for f in frames]
    ways = _ways(info)
    masks = {name: [way(picture) >= info.threshold for picture in small] for name, way in ways.items()}
    times = _times_ms(ways, small, predictions)
    eager_ms = statistics.median(times[EAGER])
    return [
        EngineSpeed(
            name,
            statistics.median(taken),
            min(taken),
            eager_ms / statistics.median(taken),
            min(_iou(a, b) for a, b in zip(masks[name], masks[EAGER], strict=True)),
        )
        for name, taken in times.items()
    ]


def table(speeds: Sequence[EngineSpeed]) -> str:
    """Markdown table of speeds."""
    lines = [
        "| predict, from picture to probability | median ms | best ms | best per second | × eager torch | least IoU |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {s.name} | {s.median_ms:.1f} | {s.best_ms:.1f} | {1000 / s.best_ms:.0f} "
        f"| {s.times_eager:.2f} | {s.iou:.4f} |"
        for s in speeds
    ]
    return "\n".join(lines)


def as_dict(speeds: Sequence[EngineSpeed]) -> dict[str, Any]:
    """For `--json`: name -> figures."""
    return {s.name: {k: v for k, v in vars(s).items() if k != "name"} for s in speeds}


def _ways(info: WeightsInfo) -> Mapping[str, Predict]:
    eager, runtime = Segmenter(info, "cpu", "torch"), Segmenter(info, "cpu", "onnxruntime")
    ways: dict[str, Predict] = {EAGER: lambda p: eager.predict([p])[0], RUNTIME: lambda p: runtime.predict([p])[0]}
    if info.network in LIBRARY_NETWORKS:
        network = _library_network(info)

        @torch.inference_mode()
        def predict(picture: UInt8Array) -> FloatArray:
            x = eager.prepare([picture]).contiguous()  # as people run it who change nothing
            probability: FloatArray = torch.sigmoid(network(x))[0, 0].numpy()
            return probability

        ways[LIBRARY] = predict
    return ways


def _library_network(info: WeightsInfo) -> nn.Module:
    import segmentation_models_pytorch

    kind, encoder = LIBRARY_NETWORKS[info.network]
    network: nn.Module = getattr(segmentation_models_pytorch, kind)(encoder, encoder_weights=None, classes=1)
    network.load_state_dict(load_network(info).state_dict())
    return network.eval()


def _times_ms(ways: Mapping[str, Predict], pictures: Sequence[UInt8Array], count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            for _ in range(_WARM_UP):
                way(pictures[0])
            for i in range(-(-count // _ROUNDS)):
                started = time.perf_counter()
                way(pictures[i % len(pictures)])
                times[name].append((time.perf_counter() - started) * 1000)
    return times


def _iou(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
