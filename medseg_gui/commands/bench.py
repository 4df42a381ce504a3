"""Measure decode, predict (in torch, in ONNX Runtime, as a library builds it), paint and the whole pipeline."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.networks.weights import WeightsInfo
    from medseg_gui.types import Frame

_SOME = 10  # frames to compare engines and time explanations on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg bench`."""
    parser.add_argument("source", nargs="?", default="demo", help="video or folder (default: the bundled demo)")
    parser.add_argument("--weights", default="polyp-unet_lite0")
    parser.add_argument("--frames", type=int, default=100, help="how many to measure each station on (default 100)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play in the window (default 20)")
    parser.add_argument("--no-window", action="store_true", help="leave out painting and the whole pipeline")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="add the cost of each explanation, and play with LRP on",
    )
    parser.add_argument(
        "--training", action="store_true", help="play while a process fine-tunes the weights in the background"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--engine", default="auto", help="what predicts on the CPU: auto, torch or onnxruntime")
    parser.add_argument("--threads", type=int, help="how many a network gets on the CPU (default: one for each core)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure the stations, then the window."""
    from medseg_gui import paths
    from medseg_gui.errors import InputError
    from medseg_gui.evaluation.benchmark import as_dict, table, time_stations
    from medseg_gui.media import open_source
    from medseg_gui.segmenter import Segmenter

    if args.frames < 10 or args.seconds <= 0:
        raise InputError("--frames must be at least 10 and --seconds greater than zero.")
    spec = str(paths.demo_clip()) if args.source == "demo" else args.source
    if args.threads is not None:
        _set_threads(args.threads)
    segmenter = Segmenter.load(args.weights, args.device, args.engine)
    with open_source(spec) as source:
        if source.is_live:
            raise InputError("A camera gives no repeatable figures; choose a video.")
        height, width = source.read(0).size
        timings = time_stations(source, segmenter, args.frames)
        some = [source.read(i) for i in range(min(_SOME, source.frame_count))]
    result: dict[str, Any] = {
        "source": f"{width}x{height}",
        "weights": segmenter.weights_id,
        "device": segmenter.where,
        "stations": as_dict(timings),
    }
    if not args.json:
        print(f"{segmenter.weights_id} on {width}x{height}, {segmenter.where}\n\n{table(timings)}\n")
    if segmenter.choice.device.type == "cpu":
        result["engines"] = _engines(segmenter.info, some, args)
    if args.explain:
        result["explanations"] = _explanations(segmenter.info, some, args)
    if not args.no_window:
        result["window"] = _window(spec, segmenter.info, args)
    return result


def _set_threads(count: int) -> None:
    import torch

    from medseg_gui.errors import InputError

    if count < 1:
        raise InputError("--threads must be at least 1.")
    torch.set_num_threads(count)


def _engines(info: WeightsInfo, frames: list[Frame], args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.evaluation.engine_bench import as_dict, table, time_engines
    from medseg_gui.runtime.session import is_installed

    if not is_installed():
        print("ONNX Runtime is not installed: engines are not compared.", file=sys.stderr)
        return {}
    speeds = time_engines(frames, info, args.frames)
    if not args.json:
        print(f"{table(speeds)}\n")
    return as_dict(speeds)


def _explanations(info: WeightsInfo, frames: list[Frame], args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.evaluation.explanation_bench import measure_costs, table

    costs = measure_costs(info, frames, args.device)
    if not args.json:
        print(f"{table(costs)}\n")
    return {c.name: {k: v for k, v in vars(c).items() if k != "name"} for c in costs}


def _window(spec: str, info: WeightsInfo, args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.qt.playback_bench import measure_playback

    train = (args.weights, info.network) if args.training else None
    figures = measure_playback(spec, args.seconds, explain="lrp" if args.explain else "off", train=train)
    if not args.json:
        explaining = " with LRP on" if args.explain else ""
        explaining += " beside a training" if args.training else ""
        print(f"| the whole pipeline, playing in the window{explaining} | |\n| --- | --- |")
        for name, value in figures.items():
            print(f"| {name.replace('_', ' ')} | {value:.1f} |")
    return figures
