"""Measures a project of many annotated frames: opening, stepping, filtering, and a stroke at 4K until it is on disk.

python scripts/project_bench.py                     # 50 000 frames
python scripts/project_bench.py --frames 5000 --folder /a/disk/to/measure
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.media import open_source
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.records import ACCEPTED, TO_DO, FrameFilter, FrameKey, Lesion, label_map, lesions_from_labels
from medseg_gui.project.review import ReviewQueue
from medseg_gui.project.rle import encode
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP

SIZE = (1080, 1920)
SIZE_4K = (2160, 3840)
STEPS = 300


def annotated(number: int) -> tuple[Lesion, ...]:
    """A blob with an uneven rim, in every fifth frame an instrument too."""
    chance = np.random.default_rng(number)
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 150 + 15 * chance.standard_normal(60)
    centre = chance.uniform(300, 700, 2)
    corners = np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1)
    labels = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(labels, [corners.astype(np.int32)], 1)
    if number % 5 == 0:
        cv2.line(labels, (1900, 1070), (1300, 700), 2, 60)
    return lesions_from_labels(labels, {1: POLYP, 2: INSTRUMENT})


def build(folder: Path, frames: int) -> None:
    """A project with that many annotated frames."""
    pictures = folder.with_name("pictures")
    pictures.mkdir(parents=True)
    cv2.imwrite(str(pictures / "0.png"), np.zeros((8, 8), np.uint8))
    shapes = [annotated(i) for i in range(200)]
    with Project.create(folder) as project, open_source(pictures) as source:
        project.add_source(source)
        keys = [FrameKey(source.source_id, i, i / 25) for i in range(frames)]
        project.import_masks((key, shapes[i % len(shapes)], SIZE, "") for i, key in enumerate(keys))
        project.set_state(keys[::3], ACCEPTED)
        project.set_scores("uncertainty", {key: i * 7919 % frames / frames for i, key in enumerate(keys)})


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def told(name: str, times_ms: list[float]) -> None:
    """Print median, 99th percentile and worst."""
    middle, high = np.percentile(times_ms, [50, 99])
    print(f"{name:44} {middle:9.1f} {high:9.1f} {max(times_ms):9.1f}", flush=True)


def measure(folder: Path) -> None:
    """Print the table."""
    print(f"{'ms':44} {'median':>9} {'99 %':>9} {'worst':>9}")
    told("open", [timed(lambda: Project(folder).close()) for _ in range(5)])
    with Project(folder) as project:
        told("make the review queue by uncertainty", [timed(lambda: ReviewQueue(project, "uncertainty"))])
        queue = ReviewQueue(project, "uncertainty")
        told("step: next frame, its record and mask", [timed(lambda: step(project, queue)) for _ in range(STEPS)])
        told("count the states", [timed(project.progress) for _ in range(5)])
        wanted = FrameFilter(states=(TO_DO,), class_id=INSTRUMENT)
        told("filter by state and class", [timed(lambda: project.frames(wanted)) for _ in range(5)])
        told("back up", [timed(project.back_up)])
        strokes(project)


def step(project: Project, queue: ReviewQueue) -> None:
    """What N does, but for the picture."""
    key = queue.next()
    assert key is not None
    record = project.frame(key)
    assert record is not None
    label_map(project.read_mask(key), record.size)


def strokes(project: Project) -> None:
    """Strokes at 4K, each encoded and written, and all taken back."""
    key = FrameKey(project.sources()[0].hash, 10**6, 40_000.0)
    labels = np.zeros(SIZE_4K, np.uint16)
    cv2.circle(labels, (1900, 1000), 700, 1, -1)
    chance = np.random.default_rng(0)
    write, encoding = [], []
    for _ in range(STEPS):
        x, y = (int(v) for v in chance.integers(200, 2000, 2))
        cv2.line(labels, (x, y), (x + 300, y + 150), int(chance.integers(0, 3)), 40)
        mask = labels > 0
        encoding.append(timed(lambda mask=mask: encode(mask)))
        lesions = lesions_from_labels(labels, {1: POLYP, 2: INSTRUMENT})
        write.append(timed(lambda lesions=lesions: project.write_mask(key, lesions, SIZE_4K)))
    undo = [timed(project.undo) for _ in range(STEPS)]
    told("4K: encode one mask", encoding)
    told("4K: write a stroke, until it is on the disk", write)
    told(f"4K: undo, {STEPS} strokes in turn", undo)


def main() -> int:
    """Parse the arguments and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="where the project is made; the system's own choice if not told")
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        print(f"building {args.frames} frames takes {timed(lambda: build(base / 'project', args.frames)) / 1e3:.0f} s")
        print(f"the database has {(base / 'project' / DATABASE_NAME).stat().st_size / 1e6:.0f} MB")
        measure(base / "project")
    finally:
        shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
