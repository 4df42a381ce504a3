"""Copy a video or a folder of pictures without what lies outside the scope's field of view."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `medseg deidentify`."""
    parser.add_argument("source", help="video, image, or folder of images")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PATH", help="an .mp4 file, or a folder")
    parser.add_argument("--margin", type=int, default=0, metavar="PX", help="black out so much more; negative: less")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Copy the source. Sound, metadata and file names stay behind; text inside the field of view does not."""
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.errors import InputError
    from medseg_gui.media import open_source
    from medseg_gui.project.clean_copy import copy_pictures, copy_video

    with open_source(args.source) as source, progress_bar("frames") as progress:
        if source.is_live:
            raise InputError("A camera has no end; record it to a video first.")
        if args.output.is_dir() and any(args.output.iterdir()):
            raise InputError(f"{args.output} already holds other files; choose a new or empty folder.")
        copy = copy_video if args.output.suffix.lower() == ".mp4" else copy_pictures
        copy(source, args.output, args.margin, progress)
        return {"frames": source.frame_count, "output": str(args.output)}
