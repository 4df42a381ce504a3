"""Run a published protocol: k-fold, leave one centre out, the p study, threshold sweep, GAN against U-Net."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.experiments.plan import Plan

_NAMES = ("kfold", "leave-one-centre-out", "augmentation-p", "threshold-sweep", "gan")
_NETWORKS = {"kfold": ["unet_resnet34"], "threshold-sweep": ["unet_resnet34"], "gan": ["gan", "unet"]}
_P = {"augmentation-p": [0.0, 0.4, 0.5, 0.6]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg experiment`."""
    parser.add_argument("name", choices=_NAMES, metavar="NAME", help=", ".join(_NAMES))
    parser.add_argument("data", nargs="+", type=Path, help="data set folders: images/ and masks/, or a pair per centre")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where runs and tables go")
    parser.add_argument("--network", action="append", metavar="NAME", help="one arm each (default: the paper's)")
    parser.add_argument("--class", dest="class_name", default="polyp", help="what the masks mark: polyp or instrument")
    parser.add_argument("--test", type=Path, action="append", default=[], help="further data that is only measured on")
    parser.add_argument("--centre", action="append", default=[], help="leave out these alone; gan: the test part")
    parser.add_argument("--interpretability-p", type=float, action="append", metavar="P", help="one arm each")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each arm (default 1)")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--budget",
        default="",
        metavar="WORDS",
        help="epochs=N,size=N,batch_size=N,folds=N,images=N,classifier_epochs=N, those that are to be other",
    )
    parser.add_argument("--recipe", choices=("ours", "published"), default="ours")
    parser.add_argument(
        "--encoder-weights",
        action="append",
        default=[],
        metavar="[NETWORK=]FILE",
        help="ImageNet weights for the encoder of all networks, or of one",
    )
    parser.add_argument("--classifier-weights", type=Path, metavar="FILE", help="ResNet-50 for the centre classifier")
    parser.add_argument("--device", default="auto")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run what is not done yet; the same command again goes on after an interruption."""
    from medseg_gui.commands.training_output import StopAsked, reporter
    from medseg_gui.device import choose_device
    from medseg_gui.experiments.cell import Runner
    from medseg_gui.experiments.experiment import run_experiment

    plan = _plan(args)
    with reporter(as_json=False) as report:
        found = run_experiment(plan, Runner(args.output, choose_device(args.device).device, report, StopAsked()))
    if not args.json:
        print(found["table"] or "Stopped before a run was done; the same command goes on.")
    return found


def _plan(args: argparse.Namespace) -> Plan:
    from medseg_gui.data.dataset_folder import read_dataset
    from medseg_gui.errors import InputError
    from medseg_gui.experiments.plan import Budget, Plan
    from medseg_gui.types import CLASS_NAMES

    class_ids = {name: class_id for class_id, name in CLASS_NAMES.items()}
    if args.class_name not in class_ids:
        raise InputError(f"{args.class_name!r} is no class; choose polyp or instrument.")
    if args.seeds < 1 or args.folds < 2:
        raise InputError("There must be one seed and two folds at least.")
    class_id = class_ids[args.class_name]
    networks = args.network or _NETWORKS.get(args.name, ["unet"])
    return Plan(
        args.name,
        [e for folder in args.data for e in read_dataset(folder, class_id)],
        networks,
        class_id,
        {folder.name: read_dataset(folder, class_id) for folder in args.test},
        args.seeds,
        args.interpretability_p or _P.get(args.name, [0.0]),
        args.folds,
        args.centre,
        Budget.from_words(args.budget),
        args.recipe == "published",
        _encoder_weights(args.encoder_weights, networks),
        args.classifier_weights,
    )


def _encoder_weights(words: Sequence[str], networks: Sequence[str]) -> dict[str, Path]:
    """From FILE, for all networks, and NETWORK=FILE, which goes before it."""
    from medseg_gui.errors import InputError
    from medseg_gui.networks import NETWORKS

    for_all: dict[str, Path] = {}
    for_one: dict[str, Path] = {}
    for word in words:
        network, _, file = word.partition("=")
        if network not in NETWORKS:
            for_all = dict.fromkeys(networks, Path(word))
        elif network in networks:
            for_one[network] = Path(file)
        else:
            raise InputError(f"{network} is not among the networks of this experiment; add --network {network}.")
    return {**for_all, **for_one}
