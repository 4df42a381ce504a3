"""Write a mask for each frame of a source, a table, and an overlay video if wanted."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg predict`."""
    parser.add_argument("source", help="video, image, folder of images, or demo")
    parser.add_argument("--weights", required=True, help="a name from `medseg weights list`, or a .safetensors file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--overlay", type=Path, metavar="FILE.mp4", help="also a video with the masks drawn in")
    parser.add_argument(
        "--threshold", type=float, help="probability from which a pixel is marked (default: the card's)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each N-th frame")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--engine", default="auto", help="what predicts on the CPU: auto, torch or onnxruntime")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Predict the source."""
    from medseg_gui import paths
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.errors import InputError
    from medseg_gui.media import open_source
    from medseg_gui.prediction import predict_source
    from medseg_gui.segmenter import Segmenter

    if args.every < 1 or (args.threshold is not None and not 0 < args.threshold < 1):
        raise InputError("--every must be at least 1 and --threshold between 0 and 1.")
    spec = str(paths.demo_clip()) if args.source == "demo" else args.source
    segmenter = Segmenter.load(args.weights, args.device, args.engine)
    threshold = segmenter.info.threshold if args.threshold is None else args.threshold
    with open_source(spec) as source, progress_bar("frames") as progress:
        if source.is_live:
            raise InputError("A camera has no end; record it to a video first.")
        rows = predict_source(source, segmenter, args.output, threshold, args.every, args.overlay, progress)
    return {
        "frames": len(rows),
        "frames_with_lesion": sum(r.lesions > 0 for r in rows),
        "weights": segmenter.weights_id,
        "threshold": threshold,
        "device": segmenter.where,
        "output": str(args.output),
    }
