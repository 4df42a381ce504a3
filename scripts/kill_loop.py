"""Kills a writing process at random moments: every stroke that was said to be saved must be there afterwards.

    python scripts/kill_loop.py                  # 100 rounds
    python scripts/kill_loop.py --rounds 5 --size 480 640

A child paints seeded strokes on the frames of a project, undoes now and then, and says after each that it is saved.
The parent kills it (SIGKILL), opens the project, and paints the same strokes in memory up to the last one told: the
project must hold just that, or one stroke more, which was saved but no longer told. Undo must lead back too.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.media import open_source
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.records import FrameKey, Lesion, lesions_from_labels
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP

FRAMES = 4
CLASSES = {1: POLYP, 2: INSTRUMENT, 3: POLYP}
Masks = dict[int, tuple[Lesion, ...]]


class Painter:
    """Makes the same strokes for the same seed, in a project (`save`) and in memory (`masks`)."""

    def __init__(self, seed: int, size: tuple[int, int], before: Masks) -> None:
        self._chance = random.Random(seed)
        self.size, self.masks = size, dict(before)
        self._undo: list[tuple[int, tuple[Lesion, ...]]] = []

    def stroke(self) -> tuple[int, tuple[Lesion, ...]] | None:
        """Next stroke: (frame, its lesions from now on); None is an undo."""
        if self._undo and self._chance.random() < 0.2:
            index, before = self._undo.pop()
            self.masks[index] = before
            return None
        index = self._chance.randrange(FRAMES)
        labels = np.zeros(self.size, np.uint16)
        for lesion in self.masks[index]:
            labels[lesion.mask.to_mask()] = lesion.lesion_id
        ends = [(self._chance.randrange(self.size[1]), self._chance.randrange(self.size[0])) for _ in range(2)]
        cv2.line(labels, *ends, self._chance.randrange(4), self._chance.randrange(1, 40))
        self._undo.append((index, self.masks[index]))
        self.masks[index] = lesions_from_labels(labels, CLASSES)
        return index, self.masks[index]


def child(folder: Path, seed: int, size: tuple[int, int]) -> None:
    """Paint and save until killed; one line on standard output for each stroke that is saved."""
    with Project(folder, "child") as project:
        source = project.sources()[0].hash
        painter = Painter(seed, size, read_all(project))
        number = 0
        while True:
            number += 1
            if stroke := painter.stroke():
                project.write_mask(
                    FrameKey(source, stroke[0], stroke[0] / 25), stroke[1], size, title=f"{seed}/{number}"
                )
            else:
                project.undo()
            print(number, flush=True)


def read_all(project: Project) -> Masks:
    """Lesions of every frame."""
    source = project.sources()[0].hash
    return {i: project.read_mask(FrameKey(source, i, i / 25)) for i in range(FRAMES)}


def run_round(folder: Path, seed: int, size: tuple[int, int], before: Masks) -> tuple[Masks, int, float]:
    """Let a child paint, kill it, compare.

    Returns:
        (masks of all frames, strokes told as saved, seconds that opening took).

    Raises:
        AssertionError: something that was saved is not there.
    """
    words = [sys.executable, __file__, "--child", str(folder), "--seed", str(seed), "--size", *map(str, size)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert process.stdout is not None
    first = process.stdout.readline()  # it has begun
    time.sleep(random.Random(seed).uniform(0, 0.5))
    process.kill()
    told = (first + process.communicate()[0]).split()
    count = int(told[-1]) if told else 0
    start = time.perf_counter()
    with Project(folder) as project:
        opening = time.perf_counter() - start
        found = read_all(project)
        painter = Painter(seed, size, before)
        for _ in range(count):
            painter.stroke()
        told_masks = dict(painter.masks)
        painter.stroke()
        assert found in (told_masks, painter.masks), f"round {seed}: a saved stroke is missing after stroke {count}"
        while (titles := project.undo_titles()[0]) and titles[0].startswith(f"{seed}/"):
            project.undo()
        assert read_all(project) == before, f"round {seed}: undo does not lead back"
        while (titles := project.undo_titles()[1]) and titles[0].startswith(f"{seed}/") and read_all(project) != found:
            project.redo()
        assert read_all(project) == found, f"round {seed}: redo does not lead forward"
    return found, count, opening


def make_project(folder: Path) -> None:
    """A project on a folder of pictures."""
    pictures = folder.with_name(folder.name + "-pictures")
    pictures.mkdir(parents=True)
    for i in range(FRAMES):
        cv2.imwrite(str(pictures / f"{i}.png"), np.full((8, 8), 40 * i, np.uint8))
    with Project.create(folder) as project, open_source(pictures) as source:
        project.add_source(source)


def main() -> int:
    """Parse the arguments and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640), metavar=("H", "W"))
    parser.add_argument("--folder", type=Path, help="where the project is made; new")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    size = (args.size[0], args.size[1])
    if args.child:
        child(args.child, args.seed, size)
    folder = args.folder or Path(tempfile.mkdtemp()) / "project"
    make_project(folder)
    before: Masks = dict.fromkeys(range(FRAMES), ())
    strokes, openings = 0, []
    for seed in range(args.rounds):
        before, count, opening = run_round(folder, seed, size, before)
        strokes += count
        openings.append(opening)
    print(
        f"{args.rounds} of {args.rounds} rounds: every one of {strokes} saved strokes was there, undo and redo led back"
        f" and forth; opening took at most {max(openings):.2f} s, the database has"
        f" {(folder / DATABASE_NAME).stat().st_size / 1e6:.1f} MB"
    )
    if not args.folder:
        shutil.rmtree(folder.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
