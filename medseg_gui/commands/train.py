"""Train or fine-tune a network on a data set folder."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.data.dataset_folder import Example
    from medseg_gui.training.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg train`."""
    parser.add_argument(
        "data", nargs="+", type=Path, help="data set folders: images/ and masks/, or one such pair per centre"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--network", required=True, help="gan, unet_resnet34 or unet_lite0")
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
    parser.add_argument("--resume", action="store_true", help="go on where the run in RUN was interrupted")
    parser.add_argument("--device", default="auto")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train; progress on standard error, one JSON object a line on standard output with `--json`."""
    from medseg_gui.data.splits import split_by_group
    from medseg_gui.device import choose_device
    from medseg_gui.errors import InputError
    from medseg_gui.networks.weights import find_weights
    from medseg_gui.training.loop import Run, train
    from medseg_gui.training.run_folder import RunFolder

    recipe = _recipe(args)
    training, validation = split_by_group(
        _examples(args, recipe.class_id), recipe.validation_fraction, recipe.seed, args.hold_out
    )
    folder = RunFolder(args.output)
    if folder.can_resume and not args.resume:
        raise InputError(f"{args.output} already holds a run; add --resume to go on with it or choose another folder.")
    stop = _StopAsked()
    with _reporter(args.json) as report:
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
            report=report,
            should_stop=stop,
        )
        weights = train(run, resume=args.resume)
    args.json = False  # everything has been said, line by line
    return {"weights": str(weights.files[0]) if weights else None}


def _recipe(args: argparse.Namespace) -> Recipe:
    from medseg_gui.errors import InputError
    from medseg_gui.training.recipe import default_recipe
    from medseg_gui.types import CLASS_NAMES

    class_ids = {name: class_id for class_id, name in CLASS_NAMES.items()}
    if args.class_name not in class_ids:
        raise InputError(f"{args.class_name!r} is no class; choose polyp or instrument.")
    return default_recipe(
        args.network,
        class_id=class_ids[args.class_name],
        epochs=args.epochs,
        batch_size=args.batch_size,
        lr=args.lr,
        size=args.size,
        seed=args.seed,
    )


def _examples(args: argparse.Namespace, class_id: int) -> list[Example]:
    from medseg_gui.data.dataset_folder import read_dataset, read_negatives

    positives = [e for folder in args.data for e in read_dataset(folder, class_id)]
    return positives + [e for folder in args.negatives for e in read_negatives(folder)]


class _StopAsked:
    """Ctrl+C or a polite termination asks the run to save and end; a second one ends it at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def __call__(self) -> bool:
        return self.asked

    def _on_signal(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class _reporter:  # noqa: N801  reads as a function
    """Events as JSON lines on standard output, or as a progress bar for people."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._bar: Any = None

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self._print_json if self._as_json else self._show

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _print_json(self, event: dict[str, Any]) -> None:
        print(json.dumps(event), flush=True)

    def _show(self, event: dict[str, Any]) -> None:
        from tqdm import tqdm

        if event["event"] == "step":
            if self._bar is None or self._bar.n >= self._bar.total:
                self._bar = tqdm(total=event["steps"], desc=f"epoch {event['epoch'] + 1}", unit="batch", disable=None)
                self._bar.update(event["step"])
            self._bar.update()
            self._bar.set_postfix(loss=f"{event['loss']:.3f}")
        elif event["event"] == "epoch":
            tqdm.write(f"epoch {event['epoch']}: Dice on the validation part {event['dice']:.4f}", file=sys.stderr)
