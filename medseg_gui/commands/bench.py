"""Measure frames per second of decode, predict, paint and the whole pipeline."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.networks.weights import WeightsInfo
    from medseg_gui.types import Frame

_EXPLAINED = 10  # frames to time explanations on


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
    segmenter = Segmenter.load(args.weights, args.device)
    with open_source(spec) as source:
        if source.is_live:
            raise InputError("A camera gives no repeatable figures; choose a video.")
        height, width = source.read(0).size
        timings = time_stations(source, segmenter, args.frames)
        explained = [source.read(i) for i in range(min(_EXPLAINED, source.frame_count))] if args.explain else []
    result: dict[str, Any] = {
        "source": f"{width}x{height}",
        "weights": segmenter.weights_id,
        "device": segmenter.choice.reason,
        "stations": as_dict(timings),
    }
    if not args.json:
        print(f"{segmenter.weights_id} on {width}x{height}, {segmenter.choice.reason}\n\n{table(timings)}\n")
    if args.explain:
        result["explanations"] = _explanations(segmenter.info, explained, args)
    if not args.no_window:
        result["window"] = _window(spec, segmenter.info, args)
    return result


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
