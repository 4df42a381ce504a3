"""Make a synthetic multi-centre data set with exact masks, or a clip."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg phantom`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to; must be new, empty or a phantom data set")
    parser.add_argument("--count", type=int, default=60, help="frames in all (default 60)")
    parser.add_argument("--centres", type=int, default=3, help="hospitals with a look of their own (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same frames (default 0)")
    parser.add_argument("--video", action="store_true", help="make one clip, DIR/clip.mp4, instead of frames")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the clip (default 10)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Make the data set or the clip."""
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.data.phantom import write_clip, write_dataset
    from medseg_gui.errors import InputError

    if args.count < 1 or args.centres < 1 or args.seconds <= 0:
        raise InputError("Count, centres and seconds must be greater than zero.")
    with progress_bar("frames") as progress:
        if args.video:
            args.folder.mkdir(parents=True, exist_ok=True)
            write_clip(args.folder / "clip.mp4", seed=args.seed, seconds=args.seconds, progress=progress)
        else:
            write_dataset(args.folder, args.count, args.centres, args.seed, progress)
    return {"folder": str(args.folder), "seed": args.seed}
