"""Train or fine-tune a network on a data set folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.data.dataset_folder import Example
    from medseg_gui.training.recipe import Recipe
    from medseg_gui.types import UInt8Array


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg train`."""
    parser.add_argument(
        "data", nargs="+", type=Path, help="data set folders: images/ and masks/, or one such pair per centre"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument(
        "--network", required=True, help="gan, unet, unet_resnet34, unet_lite0, deeplabv3plus_resnet101 or sdnet"
    )
    parser.add_argument("--class", dest="class_name", default="polyp", help="what the masks mark: polyp or instrument")
    parser.add_argument("--negatives", type=Path, action="append", default=[], help="pictures that show none of it")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--lr", type=float, help="highest learning rate of the one-cycle schedule")
    parser.add_argument("--size", type=int, help="side of the square that frames are resized to (default 256)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--hold-out", action="append", default=[], metavar="GROUP", help="validate on these alone")
    parser.add_argument("--init", metavar="WEIGHTS", help="fine-tune these weights")
    parser.add_argument("--teacher", metavar="WEIGHTS", help="learn from these weights' features too (distillation)")
    parser.add_argument("--encoder-weights", type=Path, metavar="FILE", help="ImageNet weights for the encoder")
    parser.add_argument(
        "--recipe", choices=("ours", "published"), default="ours", help="losses, rates and augmentation (default ours)"
    )
    parser.add_argument(
        "--interpretability-p",
        type=float,
        metavar="P",
        help="share of the images that lose what gives their hospital away (0.4 to 0.6 in the paper)",
    )
    parser.add_argument(
        "--classifier-weights", type=Path, metavar="FILE", help="ResNet-50 ImageNet weights for its centre classifier"
    )
    parser.add_argument(
        "--preview", type=Path, metavar="FILE.png", help="do not train: show what the augmentation would take away"
    )
    parser.add_argument("--resume", action="store_true", help="go on where the run in RUN was interrupted")
    parser.add_argument(
        "--supervised", action="store_true", help="take commands on standard input, see medseg_gui/training/protocol.py"
    )
    parser.add_argument("--device", default="auto")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train; progress on standard error, one JSON object a line on standard output with `--json`."""
    from medseg_gui.training.processes import processes_joined

    with processes_joined(args.device):
        return _run(args)


def _run(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.commands.training_output import StopAsked, reporter
    from medseg_gui.data.splits import split_by_group
    from medseg_gui.device import choose_device
    from medseg_gui.errors import InputError, MedsegError
    from medseg_gui.networks.weights import find_weights
    from medseg_gui.training import processes
    from medseg_gui.training.loop import Run, train
    from medseg_gui.training.protocol import Supervision, standard_input
    from medseg_gui.training.run_folder import RunFolder

    recipe = _recipe(args)
    training, validation = split_by_group(
        _examples(args, recipe.class_id), recipe.validation_fraction, recipe.seed, args.hold_out
    )
    if args.preview is not None:
        return _preview(args, recipe, training)
    folder = RunFolder(args.output)
    if folder.can_resume and not args.resume:
        raise InputError(f"{args.output} already holds a run; add --resume to go on with it or choose another folder.")
    with reporter(args.json, silent=processes.rank() > 0) as report:
        stop = Supervision(standard_input(), report) if args.supervised and not processes.rank() else StopAsked()
        run = Run(
            recipe,
            training,
            validation,
            folder,
            choose_device(args.device).device,
            init=find_weights(args.init) if args.init else None,
            teacher=find_weights(args.teacher) if args.teacher else None,
            encoder_weights=args.encoder_weights,
            hold_out=args.hold_out,
            classifier_weights=args.classifier_weights,
            report=report,
            should_stop=stop,
        )
        try:
            weights = train(run, resume=args.resume)
        except MedsegError as e:
            report({"event": "failed", "message": str(e)})
            raise
    args.json = False  # everything has been said, line by line
    return {"weights": str(weights.files[0]) if weights else None}


def _preview(args: argparse.Namespace, recipe: Recipe, training: list[Example]) -> dict[str, Any]:
    """Classifier accuracy, and pictures with activation maps and what they take away."""
    from medseg_gui.commands.training_output import reporter
    from medseg_gui.device import choose_device
    from medseg_gui.training.centre_masks import preview, preview_sheet

    with reporter(args.json) as report:
        device = choose_device(args.device).device
        classifier, rows = preview(training, recipe, device, args.classifier_weights, report)
        _write_picture(args.preview, preview_sheet(classifier, rows))
        if args.supervised:
            told = {"event": "preview", "accuracy": classifier.accuracy, "centres": len(classifier.centres)}
            report({**told, "rows": [_write_row(args.preview, i, row.pictures) for i, row in enumerate(rows)]})
    print(f"The classifier tells {classifier.accuracy:.0%} of its images rightly; see {args.preview}.", file=sys.stderr)
    args.json = False
    return {"accuracy": classifier.accuracy}


def _write_row(sheet: Path, number: int, pictures: Sequence[UInt8Array]) -> list[str]:
    """The pictures of one sample frame, each in a file of its own beside the sheet."""
    files = [sheet.with_name(f"{sheet.stem}-{number}-{part}.png") for part in ("frame", "cam", "left")]
    for file, picture in zip(files, pictures, strict=True):
        _write_picture(file, picture)
    return [str(file) for file in files]


def _write_picture(path: Path, rgb: UInt8Array) -> None:
    import cv2

    from medseg_gui.errors import OutputError

    _, png = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    try:
        path.write_bytes(png.tobytes())
    except OSError as e:
        raise OutputError(f"{path} cannot be written ({e.strerror}); choose another place.") from e


def _recipe(args: argparse.Namespace) -> Recipe:
    from medseg_gui.errors import InputError
    from medseg_gui.training.recipe import default_recipe, published_recipe
    from medseg_gui.types import CLASS_NAMES

    class_ids = {name: class_id for class_id, name in CLASS_NAMES.items()}
    if args.class_name not in class_ids:
        raise InputError(f"{args.class_name!r} is no class; choose polyp or instrument.")
    return (published_recipe if args.recipe == "published" else default_recipe)(
        args.network,
        class_id=class_ids[args.class_name],
        epochs=args.epochs,
        batch_size=args.batch_size,
        lr=args.lr,
        size=args.size,
        seed=args.seed,
        guided=args.interpretability_p,
    )


def _examples(args: argparse.Namespace, class_id: int) -> list[Example]:
    from medseg_gui.data.dataset_folder import read_dataset, read_negatives

    positives = [e for folder in args.data for e in read_dataset(folder, class_id)]
    return positives + [e for folder in args.negatives for e in read_negatives(folder)]
