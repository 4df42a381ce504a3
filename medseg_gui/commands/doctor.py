"""Tell which device is used and why, codecs, Qt platform and versions; --selftest tries everything once."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata
from typing import Any

_LIBRARIES = (
    "torch",
    "torchvision",
    "segmentation-models-pytorch",
    "av",
    "opencv-python-headless",
    "PySide6-Essentials",
    "onnxruntime",
    "onnx",
)
_CODECS = ("h264", "hevc", "mpeg4", "mjpeg", "vp9")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg doctor`."""
    parser.add_argument(
        "--selftest",
        action="store_true",
        help="also try everything once, from the demo to training",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Look at the machine, then try everything if asked to."""
    result: dict[str, Any] = {
        "medseg": metadata.version("medseg_gui"),
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: _version(name) for name in _LIBRARIES},
        "device": _device(),
        "engine": _engine(),
        "decoders": _decoders(),
        "qt_platform": _qt_platform(),
        "weights": _weights(),
    }
    if not args.json:
        for key, value in result.items():
            print(f"{key:28} {', '.join(value) if isinstance(value, list) else value}")
    if args.selftest:
        result["selftest"] = _selftest(args.json)
    return result


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _device() -> str:
    from medseg_gui.device import choose_device

    return choose_device().reason


def _engine() -> str:
    """What predicts on that device, and why."""
    from medseg_gui.device import choose_device
    from medseg_gui.errors import EngineError
    from medseg_gui.runtime.session import import_runtime

    if choose_device().device.type != "cpu":
        return "torch: there is a GPU"
    try:
        return f"ONNX Runtime {import_runtime().__version__}: there is no GPU"
    except EngineError as e:
        return f"torch: {e}"


def _decoders() -> list[str]:
    import av

    return [name for name in _CODECS if name in av.codecs_available]


def _qt_platform() -> str:
    from medseg_gui.qt.self_check import platform_name

    return platform_name()


def _weights() -> list[str]:
    from medseg_gui.networks.weights import list_weights

    return [w.weights_id for w in list_weights()]


def _selftest(quiet: bool) -> dict[str, float]:
    """Seconds that each step took; the first that fails raises."""
    from medseg_gui.commands.self_test import run_self_test

    taken: dict[str, float] = {}

    def tell(step: str, seconds: float) -> None:
        taken[step] = round(seconds, 2)
        if not quiet:
            print(f"{step:28} works ({seconds:.2f} s)", flush=True)

    run_self_test(tell)
    return taken
