"""How many strokes or clicks a scripted annotator needs from a network's proposal to a Dice of 0.95.

    python scripts/clicks_to_dice.py --data DATASET --weights polyp-unet_lite0
    python scripts/clicks_to_dice.py --data DATASET --weights FILE.safetensors --images 50 --json

At each turn the annotator looks for the place deepest inside an error (missed or too much) and mends it with the one
tool under test:

- brush: one stroke, drawn without a tremble, paints or erases all of that error that a disc of half its
  inscribed radius can reach. A person is slower and less exact.
- wand: one drag; of all tolerances the one that gives the best Dice. The radius limit stays at its default.
- smart click, not pulled: one click at that place. Nothing is chosen with the truth but the place and the button.
- smart click, pulled: as the wand, of all reaches the one that gives the best Dice.

Images are those held out in training (whole patients, share and seed as in the model card), drawn with a seed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.data.dataset_folder import Example, read_dataset
from medseg_gui.data.mask_file import read_mask
from medseg_gui.data.splits import split_by_group
from medseg_gui.editing.change import Box
from medseg_gui.editing.lesions import NO_LESION, Lesions
from medseg_gui.editing.propagation import agreement
from medseg_gui.editing.shape import distance_to
from medseg_gui.editing.smart_click import SmartClicks
from medseg_gui.editing.wand import wand
from medseg_gui.errors import MedsegError
from medseg_gui.media.image_file import read_image
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import POLYP, BoolArray, FloatArray, UInt8Array

LESION = 1
TOLERANCES = (1, 2, 3, 4, 6, 8, 11, 15, 20, 28)
REACHES = (-4.0, -2.8, -1.8, -1.0, -0.4, 0.0, 0.6, 1.4, 2.5, 4.0)  # as many
_WAND_RADIUS = 0.15  # of the frame's longer side


@dataclass(frozen=True, eq=False)
class Case:
    """One picture with its truth and what the network made of it."""

    rgb: UInt8Array
    truth: BoolArray
    probability: FloatArray
    threshold: float

    @property
    def proposal(self) -> Lesions:
        """The network's mask as one lesion, what the annotator starts from."""
        height, width = self.truth.shape
        stretched = cv2.resize(self.probability, (width, height), interpolation=cv2.INTER_LINEAR)
        return Lesions((stretched >= self.threshold).astype(np.uint16) * LESION, {LESION: POLYP})


@dataclass(frozen=True)
class Spot:
    """The place deepest inside an error: middle and radius of the largest disc in it, in pixels."""

    x: float
    y: float
    radius_px: float
    is_missing: bool


Turn = Callable[[Lesions, Spot], Lesions]


def deepest_error(marked: BoolArray, truth: BoolArray) -> Spot:
    """Where the largest disc of missed or of wrongly marked pixels lies."""
    spots = []
    for error, is_missing in ((truth & ~marked, True), (marked & ~truth, False)):
        # The edge of the frame bounds an error, too.
        depth = distance_to(np.pad(~error, 1, constant_values=True))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        spots.append(Spot(float(column) + 0.5, float(row) + 0.5, float(depth[row, column]), is_missing))
    return max(spots, key=lambda s: s.radius_px)


def brush_turn(case: Case) -> Turn:
    """Paint or erase what a brush of half the inscribed radius reaches of the error, in one stroke."""

    def turn(lesions: Lesions, spot: Spot) -> Lesions:
        marked = lesions.region(LESION)
        error = case.truth & ~marked if spot.is_missing else marked & ~case.truth
        radius = max(spot.radius_px / 2, 1.0)
        tracks = distance_to(np.pad(~error, 1, constant_values=True))[1:-1, 1:-1] >= radius
        _, parts = cv2.connectedComponents(tracks.astype(np.uint8))
        track = parts == parts[int(spot.y), int(spot.x)] if tracks[int(spot.y), int(spot.x)] else tracks
        stroke = distance_to(track) < radius
        stroke[int(spot.y), int(spot.x)] = True
        return _painted(lesions, stroke, LESION if spot.is_missing else NO_LESION)

    return turn


def wand_turn(case: Case) -> Turn:
    """Drag until the Dice is best; a drag that only harms is let go where it started."""

    def turn(lesions: Lesions, spot: Spot) -> Lesions:
        radius = _WAND_RADIUS * max(case.truth.shape)
        target = LESION if spot.is_missing else NO_LESION
        tries = [
            lesions.edited(wand(lesions, case.rgb, spot.x, spot.y, tolerance, radius, target))
            for tolerance in TOLERANCES
        ]
        return max(tries, key=lambda t: agreement(t.region(LESION), case.truth))

    return turn


def smart_click_turn(case: Case) -> Turn:
    """Click once, left or right."""
    clicks = SmartClicks(case.rgb, case.probability, case.threshold)

    def turn(lesions: Lesions, spot: Spot) -> Lesions:
        return lesions.edited(clicks.click(lesions, spot.x, spot.y, LESION, spot.is_missing))

    return turn


def pulled_smart_click_turn(case: Case) -> Turn:
    """Click and drag until the Dice is best."""
    clicks = SmartClicks(case.rgb, case.probability, case.threshold)

    def click(lesions: Lesions, spot: Spot, reach: float) -> Lesions:
        return lesions.edited(clicks.click(lesions, spot.x, spot.y, LESION, spot.is_missing, reach=reach))

    def score(lesions: Lesions, spot: Spot, reach: float) -> float:
        tried = click(lesions, spot, reach)
        clicks.forget_last()
        return agreement(tried.region(LESION), case.truth)

    return lambda lesions, spot: click(lesions, spot, max(REACHES, key=lambda r: score(lesions, spot, r)))


TURNS: dict[str, Callable[[Case], Turn]] = {
    "brush": brush_turn,
    "wand": wand_turn,
    "smart click, not pulled": smart_click_turn,
    "smart click, pulled": pulled_smart_click_turn,
}


def count_turns(case: Case, turn: Turn, wanted: float, most: int) -> tuple[int, list[float]]:
    """Turns until the wanted Dice, `most` when it was not reached; and the Dice after each."""
    lesions = case.proposal
    scores = [agreement(lesions.region(LESION), case.truth)]
    while scores[-1] < wanted and len(scores) <= most:
        lesions = turn(lesions, deepest_error(lesions.region(LESION), case.truth))
        scores.append(agreement(lesions.region(LESION), case.truth))
    return len(scores) - 1, scores


def load_case(example: Example, segmenter: Segmenter) -> Case:
    """Read a picture and its truth, and predict."""
    rgb = read_image(example.image)
    truth = np.zeros(rgb.shape[:2], np.bool_) if example.mask is None else read_mask(example.mask) > 0
    return Case(rgb, truth, segmenter.predict([rgb])[0], segmenter.info.threshold)


def held_out(data: Path, share: float, seed: int, images: int) -> list[Example]:
    """Some of the images that training did not see."""
    _, validation = split_by_group(read_dataset(data), share, seed)
    random.Random(seed).shuffle(validation)
    return validation[:images]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all tools; exit status 2 when the data or the weights are unusable."""
    args = _parser().parse_args(argv)
    try:
        segmenter = Segmenter.load(args.weights, args.device)
        examples = held_out(args.data, args.validation_share, args.seed, args.images)
        counts: dict[str, list[int]] = {name: [] for name in TURNS}
        reached: dict[str, int] = dict.fromkeys(TURNS, 0)
        for number, example in enumerate(examples, 1):
            case = load_case(example, segmenter)
            for name, make_turn in TURNS.items():
                turns, scores = count_turns(case, make_turn(case), args.dice, args.most)
                counts[name].append(turns)
                reached[name] += scores[-1] >= args.dice
            print(f"{number}/{len(examples)}", {k: v[-1] for k, v in counts.items()}, file=sys.stderr, flush=True)
    except MedsegError as e:
        print(e, file=sys.stderr)
        return 2
    _print_table(counts, reached, args.dice, args.json)
    return 0


def _print_table(counts: dict[str, list[int]], reached: dict[str, int], dice: float, as_json: bool) -> None:
    rows = {
        name: {
            "mean": round(statistics.mean(turns), 2),
            "mean_of_unfinished_proposals": round(statistics.mean([t for t in turns if t] or [0]), 2),
            "median": statistics.median(turns),
            "reached": reached[name],
            "images": len(turns),
        }
        for name, turns in counts.items()
    }
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    print(f"| tool | mean turns to Dice {dice} | where the proposal fell short | median | reached |")
    print("| --- | --- | --- | --- | --- |")
    for name, r in rows.items():
        short = r["mean_of_unfinished_proposals"]
        print(f"| {name} | {r['mean']:.2f} | {short:.2f} | {r['median']} | {r['reached']} of {r['images']} |")


def _painted(lesions: Lesions, region: BoolArray, lesion_id: int) -> Lesions:
    return lesions.edited(lesions.paint(region, Box.whole(lesions.shape), lesion_id))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="data set folder, as for `medseg train`")
    parser.add_argument("--weights", default="polyp-unet_lite0", help="name or file (default polyp-unet_lite0)")
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--dice", type=float, default=0.95, help="when the annotator is content (default 0.95)")
    parser.add_argument("--most", type=int, default=20, help="turns after which it gives up (default 20)")
    parser.add_argument("--validation-share", type=float, default=0.1, help="as in training (default 0.1)")
    parser.add_argument("--seed", type=int, default=0, help="as in training (default 0)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
