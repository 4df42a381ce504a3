"""Write why the network marked what it marked: relevance of each frame of a source, with figures of trust."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.networks.weights import WeightsInfo
    from medseg_gui.types import ExplanationRequest, Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg explain`."""
    parser.add_argument("source", help="video, image, folder of images, or demo")
    parser.add_argument("--weights", required=True, help="a name from `medseg weights list`, or a .safetensors file")
    parser.add_argument("--method", default="lrp", help="lrp, layers, gradcam or hirescam (default lrp)")
    parser.add_argument("--rule", default="gamma", help="of LRP: epsilon, zplus, gamma (default) or composite")
    parser.add_argument("--layer", default="", metavar="NAME", help="block that Grad-CAM looks at (default: the last)")
    parser.add_argument(
        "--target", default="mask", help="mask, lesion:K, pixel:X,Y, rim or nearest-miss (default mask)"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--threshold", type=float, help="probability from which a pixel is marked (default: the card's)"
    )
    parser.add_argument("--smooth", action="store_true", help="mean over slightly noisy copies")
    parser.add_argument(
        "--stability", action="store_true", help="also measure stability and a second method's agreement"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="also deletion and insertion curves and the map with shuffled weights, beside mask, edges and noise",
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each N-th frame")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Explain the source, print a table for people."""
    from medseg_gui import paths
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.errors import InputError
    from medseg_gui.explanation import FrameExplainer
    from medseg_gui.explanation_check import check_frame, untrained
    from medseg_gui.explanation_files import explain_source
    from medseg_gui.media import open_source

    if args.every < 1:
        raise InputError("--every must be at least 1.")
    explainer = FrameExplainer.load(args.weights, args.device)
    request = _request(args, explainer.info)
    spec = str(paths.demo_clip()) if args.source == "demo" else args.source
    with open_source(spec) as source, progress_bar("frames") as progress:
        if source.is_live:
            raise InputError("A camera has no end; record it to a video first.")
        check = partial(check_frame, explainer, untrained(explainer.info, args.device)) if args.check else None
        rows = explain_source(source, explainer, request, args.output, args.every, progress, check)
    if not args.json:
        _print(rows)
    return {
        "weights": explainer.weights_id,
        "device": explainer.choice.reason,
        "method": request.method,
        "rule": request.rule,
        "layer": request.layer,
        "target": args.target,
        "threshold": request.threshold,
        "frames": rows,
        "output": str(args.output),
    }


def parse_target(text: str) -> Target:
    """A target in the words of the command line.

    Raises:
        InputError: it is none.
    """
    from medseg_gui.errors import InputError
    from medseg_gui.types import Target

    kind, _, rest = text.replace("-", "_").partition(":")
    try:
        if kind == "lesion":
            return Target(kind, number=int(rest))
        if kind == "pixel":
            x, y = rest.split(",")
            return Target(kind, int(x), int(y))
    except ValueError as e:
        raise InputError(f"{text!r} is no target; write lesion:2 or pixel:120,80.") from e
    if kind not in ("mask", "rim", "nearest_miss") or rest:
        raise InputError(f"{text!r} is no target; choose mask, lesion:K, pixel:X,Y, rim or nearest-miss.")
    return Target(kind)


def _request(args: argparse.Namespace, info: WeightsInfo) -> ExplanationRequest:
    from medseg_gui.types import ExplanationRequest

    return ExplanationRequest(
        method=args.method,
        rule=args.rule,
        layer=args.layer,
        target=parse_target(args.target),
        class_id=info.class_id,
        threshold=info.threshold if args.threshold is None else args.threshold,
        smooth=args.smooth,
        with_stability=args.stability,
    )


def _print(rows: list[dict[str, Any]]) -> None:
    print("| frame | verdict | inside | rim | outside | ledger | reason |\n| --- |" + " --- |" * 6)
    for row in rows:
        name = row["name"] or row["frame"]
        if "nothing" in row:
            print(f"| {name} | – | | | | | {row['nothing']} |")
            continue
        shares = " | ".join(f"{row[k]:.2f}" for k in ("inside", "rim", "outside"))
        ledger = "–" if row["ledger_error"] is None else f"{row['ledger_error']:.0e}"
        print(f"| {name} | {row['verdict']} | {shares} | {ledger} | {row['reason']} |")
    _print_checks(rows)


def _print_checks(rows: list[dict[str, Any]]) -> None:
    checked = [row for row in rows if "check" in row]
    if not checked:
        return
    print("\n| frame | map | deletion | insertion | with shuffled weights |\n| --- |" + " --- |" * 4)
    for row in checked:
        for m in row["check"]["maps"]:
            randomised = "–" if m["randomised"] is None else f"{m['randomised']:.2f}"
            name = row["name"] or row["frame"]
            print(f"| {name} | {m['name']} | {m['deletion_area']:.3f} | {m['insertion_area']:.3f} | {randomised} |")
