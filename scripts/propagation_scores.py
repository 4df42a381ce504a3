"""How well a mask is carried along CVC-ClinicDB clips: mean Dice after 5 and after 10 frames.

    python scripts/propagation_scores.py --clips FOLDER --data CVC-ClinicDB --weights polyp-unet_lite0

Clips are named `..._framesA-B_5fps.mp4`; the truth of frame k of such a clip is `masks/A+k.png`. The shipped weights
were trained on all of these sequences, which flatters the prediction; the default split (share 0.1, seed 0) held out
the sequences of stills 68-78, 298-317 and 384-408, which have no clip and are read from `images/` (`--sequences`).
Both get a table of their own.

A true mask is put on a start frame and carried forward; beside it stand the same mask unchanged, the network's own
prediction of each frame, and flow without a network. Nothing stops early here, so that all four ways are measured on
the same frames; how often the confidence would have stopped is told as well.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.data.mask_file import read_mask
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.propagation import STOP_BELOW, agreement, known_lesions, propagate
from medseg_gui.errors import MedsegError
from medseg_gui.media import open_source
from medseg_gui.media.image_file import read_image
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import POLYP, BoolArray, FloatArray, UInt8Array

_NAME = re.compile(r"frames(\d+)-(\d+)_")
WAYS = ("propagate", "flow alone", "copy unchanged", "predict each frame")


@dataclass
class Scores:
    """Dice values by way and number of frames carried, and how sure propagation was."""

    dice: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    confidence: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def add(self, way: str, frames: int, value: float) -> None:
        """One more measurement."""
        self.dice.setdefault((way, frames), []).append(value)


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames of one clip with truth (None where it is missing) and prediction."""

    pictures: list[UInt8Array]
    truths: list[BoolArray | None]
    probabilities: list[FloatArray]


def load_clip(file: Path, data: Path, segmenter: Segmenter) -> Clip:
    """Decode, read the truth and predict."""
    match = _NAME.search(file.name)
    first = int(match[1]) if match else 1
    with open_source(file) as source:
        pictures = [source.read(i).rgb for i in range(source.frame_count)]
    return _clip(pictures, first, data, segmenter)


def load_stills(sequence: str, data: Path, segmenter: Segmenter) -> Clip:
    """The same from single pictures, `images/A.jpg` to `images/B.jpg`."""
    first, last = (int(number) for number in sequence.split("-"))
    pictures = [read_image(data / "images" / f"{i}.jpg") for i in range(first, last + 1)]
    return _clip(pictures, first, data, segmenter)


def _clip(pictures: list[UInt8Array], first: int, data: Path, segmenter: Segmenter) -> Clip:
    files = [data / "masks" / f"{first + i}.png" for i in range(len(pictures))]
    truths = [read_mask(f) > 0 if f.is_file() else None for f in files]
    return Clip(pictures, truths, segmenter.predict(pictures))


def score_run(clip: Clip, start: int, lengths: Sequence[int], scores: Scores) -> None:
    """Carry the truth of one frame as far as the longest length, and measure on the way."""
    truth = clip.truths[start]
    if truth is None or not truth.any():
        return
    carried = flowed = Lesions(truth.astype(np.uint16), {1: POLYP})
    surest = 1.0
    known = known_lesions(carried, {POLYP: clip.probabilities[start]})
    for k in range(1, min(max(lengths), len(clip.pictures) - 1 - start) + 1):
        before, here = clip.pictures[start + k - 1], clip.pictures[start + k]
        seen = [{POLYP: clip.probabilities[start + k - back]} for back in (0, 1)]
        step = propagate(carried, before, here, *seen, known)
        carried, surest = step.lesions, min(surest, step.confidence)
        flowed = propagate(flowed, before, here).lesions
        wanted = clip.truths[start + k]
        if k not in lengths or wanted is None:
            continue
        height, width = wanted.shape
        predicted = cv2.resize(clip.probabilities[start + k], (width, height)) >= 0.5
        regions = (carried.region(1), flowed.region(1), truth, predicted)
        for way, region in zip(WAYS, regions, strict=True):
            scores.add(way, k, agreement(region, wanted))
        scores.confidence.setdefault(k, []).append((surest, agreement(carried.region(1), wanted)))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; exit status 2 when clips or weights are unusable."""
    args = _parser().parse_args(argv)
    try:
        segmenter = Segmenter.load(args.weights, args.device)
        clips = [load_clip(f, args.data, segmenter) for f in sorted(args.clips.glob("CVC-ClinicDB_*.mp4"))]
        stills = [load_stills(sequence, args.data, segmenter) for sequence in args.sequences]
    except MedsegError as e:
        print(e, file=sys.stderr)
        return 2
    for title, some in (("Clips", clips), (f"Stills {' '.join(args.sequences)}", stills)):
        scores = Scores()
        for clip in some:
            for start in range(0, len(clip.pictures), args.step):
                score_run(clip, start, args.lengths, scores)
        if not args.json:
            print(f"\n{title}\n")
        _print(scores, args.lengths, args.json)
    return 0


def _print(scores: Scores, lengths: Sequence[int], as_json: bool) -> None:
    means = {way: {k: round(statistics.mean(scores.dice.get((way, k), [0])), 4) for k in lengths} for way in WAYS}
    sure = {k: [d for c, d in scores.confidence.get(k, []) if c >= STOP_BELOW] for k in lengths}
    runs = {k: len(scores.confidence.get(k, [])) for k in lengths}
    if as_json:
        print(json.dumps({"dice": means, "runs": runs, "not_stopped": {k: len(v) for k, v in sure.items()}}))
        return
    print("| way | " + " | ".join(f"Dice after {k} frames" for k in lengths) + " |")
    print("| --- |" + " --- |" * len(lengths))
    for way in WAYS:
        print(f"| {way} | " + " | ".join(f"{means[way][k]:.3f}" for k in lengths) + " |")
    for k in lengths:
        mean = statistics.mean(sure[k]) if sure[k] else float("nan")
        print(f"After {k} frames {len(sure[k])} of {runs[k]} runs had not stopped; their mean Dice is {mean:.3f}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--data", type=Path, required=True, help="folder with images/1.jpg … and masks/1.png …")
    parser.add_argument("--sequences", nargs="*", default=["68-78", "298-317", "384-408"], help="stills A-B …")
    parser.add_argument("--weights", default="polyp-unet_lite0", help="name or file (default polyp-unet_lite0)")
    parser.add_argument("--lengths", type=int, nargs="+", default=[5, 10], help="frames carried (default 5 10)")
    parser.add_argument("--step", type=int, default=3, help="every so many frames a run starts (default 3)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
