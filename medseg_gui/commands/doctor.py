"""Tell which device is used and why, codecs, Qt platform and versions; --selftest tries everything once."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
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
    parser.add_argument("--selftest", action="store_true", help="play the demo, predict, save, train two steps")


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
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(sys.argv[:1])
    return app.platformName() if isinstance(app, QApplication) else "none"


def _weights() -> list[str]:
    from medseg_gui.networks.weights import list_weights

    return [w.weights_id for w in list_weights()]


def _selftest(quiet: bool) -> dict[str, float]:
    """Seconds each part took; the first that fails raises."""
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        for test in (_try_predicting, _try_training, _try_playing):
            started = time.monotonic()
            test(Path(folder))
            taken[test.__name__.removeprefix("_try_")] = round(time.monotonic() - started, 2)
            if not quiet:
                print(f"{test.__name__.removeprefix('_try_'):28} works ({taken[list(taken)[-1]]} s)")
    return taken


def _try_predicting(folder: Path) -> None:
    from medseg_gui import paths
    from medseg_gui.media import open_source
    from medseg_gui.networks.weights import list_weights
    from medseg_gui.prediction import predict_source
    from medseg_gui.segmenter import Segmenter

    with open_source(paths.demo_clip()) as source:
        for info in list_weights():
            predict_source(source, Segmenter(info, engine="auto"), folder / info.name, info.threshold, every=100)


def _try_training(folder: Path) -> None:
    import torch

    from medseg_gui.data.dataset_folder import read_dataset
    from medseg_gui.data.phantom import write_dataset
    from medseg_gui.data.splits import split_by_group
    from medseg_gui.training.loop import Run, train
    from medseg_gui.training.recipe import default_recipe
    from medseg_gui.training.run_folder import RunFolder

    write_dataset(folder / "phantom", 8, 2, 0)
    recipe = default_recipe("unet_lite0", epochs=1, batch_size=2, size=64, validation_fraction=0.4)
    parts = split_by_group(read_dataset(folder / "phantom"), recipe.validation_fraction, 0)
    train(Run(recipe, *parts, RunFolder(folder / "run"), torch.device("cpu"), should_stop=_after(2)))


def _after(steps: int) -> Callable[[], bool]:
    done = iter(range(1, steps))
    return lambda: next(done, None) is None


def _try_playing(folder: Path) -> None:
    from medseg_gui.errors import MedsegError
    from medseg_gui.qt.playback_bench import measure_playback

    if measure_playback("demo", 2.0)["shown_per_s"] <= 0:
        raise MedsegError("The window showed no frame of the demo in two seconds; start medseg with --verbose.")
