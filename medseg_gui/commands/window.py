"""Open the window, on a source if one is given."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg [SOURCE]`."""
    parser.add_argument(
        "source", nargs="?", help="video, image, folder of images, camera:0, or demo for the bundled sample"
    )


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    if sys.platform == "win32":
        import torch  # noqa: F401  after Qt its libraries fail to load on Windows (WinError 1114)

    from medseg_gui.qt.app import run as run_window

    return run_window(args.source, sys.argv[:1])
