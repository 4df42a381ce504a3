"""Which runtime predicts fastest on the CPU, and whether it marks torch's pixels: time and IoU on validation images.

    python scripts/runtimes.py --data DATA/polyp/Kvasir-SEG --weights polyp-unet_lite0 --threads 2

OpenVINO and ncnn, which the program does not need, take part where they are installed (`pip install openvino`;
`pip install ncnn pnnx`). OpenVINO in single precision and in bfloat16, which it would choose by itself on processors
that have it; ncnn with Winograd's convolutions, which need fewer multiplications.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import MedsegError
from medseg_gui.media.image_file import read_image
from medseg_gui.networks.weights import WeightsInfo, find_weights, load_network
from medseg_gui.runtime import conversion
from medseg_gui.runtime.session import RuntimeSession, shrink
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import FloatArray, UInt8Array

Predict = Callable[[UInt8Array], FloatArray]
_ROUNDS = 5  # taking turns: what else the computer does meanwhile slows all of them down alike


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="data set folder: images/ and masks/")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=40, help="predictions to time in each way (default 40)")
    parser.add_argument("--limit", type=int, help="only the first so many images")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    try:
        info = find_weights(args.weights)
        pictures = [shrink(p, info.input_size) for p in _pictures(args.data, info, args.limit)]
        ways = _ways(info, args.threads)
    except MedsegError as e:
        print(f"runtimes: {e}", file=sys.stderr)
        return 1
    masks = {name: [way(p) >= info.threshold for p in pictures] for name, way in ways.items()}
    _print(masks, _times_ms(ways, pictures, args.repeats))
    return 0


def _pictures(folder: Path, info: WeightsInfo, limit: int | None) -> list[UInt8Array]:
    """Those of the validation part of the weights; all when the weights do not say what it was."""
    examples = read_dataset(folder, info.class_id)
    if "seed" in info.extra:
        hold_out = [g for g in info.extra.get("hold_out", "").split("|") if g]
        _, examples = split_by_group(
            examples, float(info.extra["validation_fraction"]), int(info.extra["seed"]), hold_out
        )
    return [read_image(e.image) for e in examples[:limit]]


def _ways(info: WeightsInfo, threads: int) -> dict[str, Predict]:
    eager = Segmenter(info, "cpu")
    rewritten = conversion.convert(info)
    plain = _without_rewrites(info)
    as_built = load_network(info).eval()
    ways: dict[str, Predict] = {
        "eager torch, channels last": lambda p: eager.predict([p])[0],
        "eager torch, layout as built": lambda p: _eager(as_built, eager.prepare([p]).contiguous()),
        "eager torch, bfloat16": lambda p: _in_bfloat16(eager, p),
        "ONNX Runtime, graph as exported": RuntimeSession(plain, threads).run,
        "ONNX Runtime, rewritten": RuntimeSession(rewritten, threads).run,
    }
    if importlib.util.find_spec("openvino") is not None:
        for precision in ("f32", "bf16"):
            ways[f"OpenVINO {precision}, graph as exported"] = _openvino(plain, threads, precision)
            ways[f"OpenVINO {precision}, rewritten"] = _openvino(rewritten, threads, precision)
    if importlib.util.find_spec("ncnn") is not None and importlib.util.find_spec("pnnx") is not None:
        ways["ncnn"] = _ncnn(eager, info, threads)
    return ways


@torch.inference_mode()
def _eager(network: nn.Module, x: Tensor) -> FloatArray:
    probability: FloatArray = torch.sigmoid(network(x))[0, 0].numpy()
    return probability


def _without_rewrites(info: WeightsInfo) -> bytes:
    kept = conversion.rewrite
    conversion.rewrite = Path.read_bytes
    try:
        return conversion.convert(info)
    finally:
        conversion.rewrite = kept


def _in_bfloat16(eager: Segmenter, picture: UInt8Array) -> FloatArray:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        probability: FloatArray = torch.sigmoid(eager.network(eager.prepare([picture])).float())[0, 0].numpy()
    return probability


def _openvino(model: bytes, threads: int, precision: str) -> Predict:
    import openvino

    core = openvino.Core()
    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    request = core.compile_model(core.read_model(model, b""), "CPU", hints).create_infer_request()

    def predict(picture: UInt8Array) -> FloatArray:
        request.infer({0: picture[np.newaxis]})
        probability: FloatArray = request.get_output_tensor(0).data[0].copy()
        return probability

    return predict


def _ncnn(eager: Segmenter, info: WeightsInfo, threads: int) -> Predict:
    import ncnn
    import pnnx

    net = ncnn.Net()
    net.opt.num_threads = threads
    for shortcut in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{shortcut}", False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network"
        example = torch.zeros(1, 3, info.input_size, info.input_size)
        pnnx.export(load_network(info).eval(), f"{file}.pt", (example,), fp16=False)
        net.load_param(f"{file}.ncnn.param")
        net.load_model(f"{file}.ncnn.bin")

    def predict(picture: UInt8Array) -> FloatArray:
        run = net.create_extractor()
        run.input("in0", ncnn.Mat(eager.prepare([picture])[0].contiguous().numpy()))
        logits = torch.from_numpy(np.array(run.extract("out0")[1]))
        probability: FloatArray = torch.sigmoid(logits)[0].numpy()
        return probability

    return predict


def _times_ms(ways: Mapping[str, Predict], pictures: Sequence[UInt8Array], count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            way(pictures[0])
            for i in range(count // _ROUNDS):
                started = time.perf_counter()
                way(pictures[i % len(pictures)])
                times[name].append((time.perf_counter() - started) * 1000)
    return times


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def _print(masks: Mapping[str, Sequence[np.ndarray]], times: Mapping[str, Sequence[float]]) -> None:
    eager = next(iter(times))
    print("| | median ms | best ms | × eager (median) | × eager (best) | mean IoU | least IoU | IoU < 0.999 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, taken in times.items():
        iou = [_iou(a, b) for a, b in zip(masks[name], masks[eager], strict=True)]
        median, best = statistics.median(taken), min(taken)
        faster = statistics.median(times[eager]) / median, min(times[eager]) / best
        below = sum(v < 0.999 for v in iou)
        print(
            f"| {name} | {median:.1f} | {best:.1f} | {faster[0]:.2f} | {faster[1]:.2f} "
            f"| {statistics.mean(iou):.5f} | {min(iou):.5f} | {below} of {len(iou)} |"
        )


if __name__ == "__main__":
    sys.exit(main())
