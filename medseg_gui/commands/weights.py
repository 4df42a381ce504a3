"""List, show, verify, import and export weights, or convert them for ONNX Runtime ahead of their first use."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg weights`."""
    parser.add_argument("action", choices=("list", "show", "verify", "import", "export", "convert"))
    parser.add_argument("name", nargs="?", help="name of weights (show, export, convert), or a file")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="where to export to")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Do one of the six."""
    from medseg_gui.errors import InputError

    if args.action in ("show", "import", "export") and not args.name:
        raise InputError(f"`medseg weights {args.action}` needs a name or file.")
    if args.action == "export" and args.output is None:
        raise InputError("`medseg weights export` needs -o DIR.")
    return _ACTIONS[args.action](args)


def _list(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.networks.weights import list_weights
    from medseg_gui.types import CLASS_NAMES

    rows = [
        {"name": w.name, "id": w.weights_id, "network": w.network, "class": CLASS_NAMES[w.class_id]}
        for w in list_weights()
    ]
    if not args.json:
        for row in rows:
            print(f"{row['id']:40} {row['network']:16} {row['class']}")
    return {"weights": rows}


def _show(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.networks.weights import find_weights

    info = find_weights(args.name)
    if not args.json:
        print(info.card or f"{info.name} has no model card.")
    return {"name": info.name, "id": info.weights_id, "network": info.network, "card": info.card, **info.extra}


def _verify(args: argparse.Namespace) -> dict[str, Any]:
    """Load every one (or the named one): hash, names, shapes, numbers. The first bad one is told as an error."""
    from medseg_gui import paths
    from medseg_gui.networks.weights import find_weights, load_network, read_info

    folders = (paths.models_dir(), paths.user_models_dir())
    files = [f for folder in folders for f in sorted(folder.glob("*.safetensors"))]
    infos = [find_weights(args.name)] if args.name else list({i.name: i for i in map(read_info, files)}.values())
    for info in infos:
        load_network(info)
        if not args.json:
            print(f"{info.weights_id}: as its model card says")
    return {"verified": [info.weights_id for info in infos]}


def _import(args: argparse.Namespace) -> dict[str, Any]:
    """Copy a file and its card to the user's weights, after a strict load."""
    from medseg_gui import paths
    from medseg_gui.networks.weights import copy_weights, load_network, read_info

    info = read_info(Path(args.name))
    load_network(info)
    copied = copy_weights(info, paths.user_models_dir())
    if not args.json:
        print(f"{copied.weights_id} can be used now.")
    return {"name": copied.name, "id": copied.weights_id}


def _export(args: argparse.Namespace) -> dict[str, Any]:
    from medseg_gui.networks.weights import copy_weights, find_weights

    copied = copy_weights(find_weights(args.name), args.output)
    return {"files": [str(f) for f in copied.files]}


def _convert(args: argparse.Namespace) -> dict[str, Any]:
    """Every one (or the named one); those that were converted before stay."""
    from medseg_gui.networks.weights import find_weights, list_weights
    from medseg_gui.runtime.engine import made_session

    infos = [find_weights(args.name)] if args.name else list_weights()
    for info in infos:
        session = made_session(info, threads=1)
        if not args.json:
            print(f"{info.weights_id}: runs in {session.name}")
    return {"converted": [info.weights_id for info in infos]}


_ACTIONS = {
    "list": _list,
    "show": _show,
    "verify": _verify,
    "import": _import,
    "export": _export,
    "convert": _convert,
}
