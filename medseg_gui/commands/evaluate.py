"""Measure weights on a data set folder: Dice, IoU, precision, recall, accuracy, AUC-ROC."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.data.dataset_folder import Example
    from medseg_gui.networks.weights import WeightsInfo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg evaluate`."""
    parser.add_argument(
        "data", nargs="+", type=Path, help="data set folders: images/ and masks/, or one pair per centre"
    )
    parser.add_argument("--weights", required=True, help="a name from `medseg weights list`, or a .safetensors file")
    parser.add_argument("--negatives", type=Path, action="append", default=[], help="pictures that show none of it")
    parser.add_argument(
        "--part",
        choices=("all", "validation", "training"),
        default="all",
        help="only the part the weights were validated or trained on, cut as their header says",
    )
    parser.add_argument(
        "--threshold", type=float, help="probability from which a pixel is marked (default: the card's)"
    )
    parser.add_argument("--threshold-sweep", action="store_true", help="also Dice at 0.30 to 0.70")
    parser.add_argument("--per-image", action="store_true", help="with --json: each image's scores too")
    parser.add_argument(
        "--explanations", action="store_true", help="instead: how far the explanations can be trusted, beside baselines"
    )
    parser.add_argument("--limit", type=int, default=20, help="with --explanations: pictures, 0 for all (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="with --limit: which pictures are drawn (default 0)")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="with --explanations: keep the figures beside the weights, for warnings where a check failed",
    )
    parser.add_argument("--report", type=Path, metavar="FILE.md", help="with --explanations: also write a page")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--engine", default="torch", help="what predicts on the CPU: torch, onnxruntime or auto")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, print a table for people."""
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.errors import InputError
    from medseg_gui.evaluation.scores import SWEEP, by_centre, score_images, summarise
    from medseg_gui.segmenter import Segmenter

    if args.explanations:
        return _explanations(args)
    segmenter = Segmenter.load(args.weights, args.device, args.engine)
    threshold = segmenter.info.threshold if args.threshold is None else args.threshold
    if not 0 < threshold < 1:
        raise InputError("The threshold must lie between 0 and 1.")
    examples = _part(args, segmenter.info)
    thresholds = sorted({threshold, *(SWEEP if args.threshold_sweep else ())})
    with progress_bar("images") as progress:
        scores = score_images(examples, segmenter, thresholds, progress)
    result: dict[str, Any] = {
        "weights": segmenter.weights_id,
        "device": segmenter.where,
        "part": args.part,
        "threshold": threshold,
        "mean": summarise(scores, threshold),
        "centres": by_centre(scores, threshold),
    }
    if args.threshold_sweep:
        result["sweep"] = {t: summarise(scores, t)["dice"] for t in thresholds}
    if args.per_image:
        result["per_image"] = [
            {"image": s.image, "centre": s.centre, **{m: s.measure(m, threshold) for m in ("dice", "iou", "auc")}}
            for s in scores
        ]
    if not args.json:
        _print(result)
    return result


def _explanations(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.errors import InputError
    from medseg_gui.evaluation.explanations import as_dict, report, score_explanations
    from medseg_gui.evaluation.report_file import write_report
    from medseg_gui.explanation_check import BASELINES
    from medseg_gui.explanation_record import write_record
    from medseg_gui.networks.weights import find_weights

    info = find_weights(args.weights)
    threshold = info.threshold if args.threshold is None else args.threshold
    if not 0 < threshold < 1 or args.limit < 0:
        raise InputError("The threshold must lie between 0 and 1, and the limit be 0 or more.")
    with progress_bar("images") as progress:
        scores = score_explanations(_part(args, info), info, threshold, args.device, args.limit, args.seed, progress)
    page = report(scores, info.weights_id, _command(args))
    if args.report:
        write_report(args.report, page)
    if not args.json:
        print(page)
    result = {"weights": info.weights_id, "part": args.part, "threshold": threshold, **as_dict(scores)}
    if args.keep:
        ways = {name: row for name, row in result["maps"].items() if name not in BASELINES}
        write_record(info, result | {"maps": ways})
    return result


def _command(args: argparse.Namespace) -> str:
    """What to type to measure it again; of the data set's folder, its name."""
    data = " ".join(f"DATA/{folder.name}" for folder in args.data)
    drawn = f" --limit {args.limit} --seed {args.seed}" if args.limit else " --limit 0"
    return f"medseg evaluate {data} --part {args.part} --weights {args.weights} --explanations{drawn}"


def _part(args: argparse.Namespace, info: WeightsInfo) -> list[Example]:
    from medseg_gui.data.dataset_folder import read_dataset, read_negatives
    from medseg_gui.data.splits import split_by_group
    from medseg_gui.errors import InputError

    examples = [e for folder in args.data for e in read_dataset(folder, info.class_id)]
    examples += [e for folder in args.negatives for e in read_negatives(folder)]
    if args.part == "all":
        return examples
    if "seed" not in info.extra:
        raise InputError(f"{info.name} does not say how its data were split; use --part all.")
    hold_out = [g for g in info.extra.get("hold_out", "").split("|") if g]
    training, validation = split_by_group(
        examples, float(info.extra["validation_fraction"]), int(info.extra["seed"]), hold_out
    )
    return validation if args.part == "validation" else training


_COLUMNS = ("images", "dice", "iou", "precision", "recall", "accuracy", "auc", "empty_images", "falsely_marked")


def _print(result: dict[str, Any]) -> None:
    print(f"{result['weights']}, {result['part']} part, threshold {result['threshold']}\n")
    print("| centre | " + " | ".join(c.replace("_", " ") for c in _COLUMNS) + " |")
    print("| --- |" + " --- |" * len(_COLUMNS))
    for name, row in [*result["centres"].items(), ("**mean**", result["mean"])]:
        print(f"| {name} | " + " | ".join(_cell(row[c]) for c in _COLUMNS) + " |")
    for threshold, dice in result.get("sweep", {}).items():
        print(f"threshold {threshold:.2f}: Dice {dice:.4f}")


def _cell(value: float | int | None) -> str:
    return "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
