"""YOLO segmentation labels: a text file for each picture, a polygon for each line.

Corners are shares of width and height; the middle of the first pixel is at half a pixel. Source: the segmentation data
set format of Ultralytics.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medseg_gui.errors import DataError
from medseg_gui.media.image_file import IMAGE_SUFFIXES, read_image
from medseg_gui.project.exchange.format import IMAGES, Annotation, Format, Progress, class_of, one_by_one, write_bytes
from medseg_gui.project.exchange.polygons import count_holes, fill_polygons, outline_polygons
from medseg_gui.project.records import Lesion
from medseg_gui.project.rle import encode
from medseg_gui.types import CLASS_NAMES

_LABELS = "labels"
_CLASS_IDS = list(CLASS_NAMES)  # YOLO counts classes from 0
_NAMES = "data.yaml"


class Yolo(Format):
    """`labels/X.txt` for `images/X.png`, and `data.yaml` with the names of the classes."""

    loses = "holes (they are filled), parts (each becomes a lesion of its own) and the numbers of lesions"

    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write the labels; an empty file where nothing is marked."""
        holes = split = changed = 0
        for a in annotations:
            lines = []
            for lesion in a.lesions:
                mask = lesion.mask.to_mask()
                polygons = outline_polygons(mask)
                lines += [_line(lesion.class_id, polygon, a.size) for polygon in polygons]
                holes += count_holes(mask)
                split += len(polygons) > 1
                changed += int(np.count_nonzero(fill_polygons(polygons, a.size) != mask))
            write_bytes(folder / _LABELS / f"{a.stem}.txt", "".join(lines).encode())
        names = "".join(f"  {i}: {CLASS_NAMES[c]}\n" for i, c in enumerate(_CLASS_IDS))
        write_bytes(folder / _NAMES, f"path: .\ntrain: {IMAGES}\nval: {IMAGES}\nnames:\n{names}".encode())
        if not (holes or split or changed):
            return ""
        return f"{holes} holes were filled ({changed} px), {split} lesions of several parts were split."

    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Read the labels of all pictures in `images/`; a picture without a label file has no lesion."""
        names = _read_names(folder / _NAMES)
        images = sorted(p for p in (folder / IMAGES).glob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        if not images or not (folder / _LABELS).is_dir():
            raise DataError(f"{folder.name} holds no {IMAGES}/ and {_LABELS}/; both are needed for their sizes.")
        labels = folder / _LABELS
        return one_by_one(lambda i: _annotation(i, labels / f"{i.stem}.txt", names), images, progress)


def _line(class_id: int, polygon: Sequence[tuple[float, float]], size: tuple[int, int]) -> str:
    corners = list(polygon) * (3 if len(polygon) < 3 else 1)  # readers want three corners; a pixel has but one
    numbers = " ".join(f"{(x + 0.5) / size[1]:.7f} {(y + 0.5) / size[0]:.7f}" for x, y in corners)
    return f"{_CLASS_IDS.index(class_id)} {numbers}\n"


def _annotation(image: Path, labels: Path, names: list[int]) -> Annotation:
    height, width = read_image(image).shape[:2]
    lesions = []
    try:
        lines = labels.read_text(encoding="utf-8").splitlines() if labels.is_file() else []
        for number, line in enumerate((text.split() for text in lines if text.strip()), 1):
            corners = np.array(line[1:], np.float64).reshape(-1, 2) * (width, height) - 0.5
            mask = encode(fill_polygons([[(x, y) for x, y in corners]], (height, width)))
            lesions.append(Lesion(number, dict(enumerate(names))[int(line[0])], mask))
    except (OSError, ValueError, KeyError) as e:
        raise DataError(f"{labels.name} is no YOLO segmentation file; export it again.", repr(e)) from e
    return Annotation(image.name, (height, width), tuple(lesions))


def _read_names(path: Path) -> list[int]:
    """Class id of each number, from the lines `0: polyp` or `names: [polyp, instrument]`; ours if there is no file."""
    if not path.is_file():
        return _CLASS_IDS
    try:
        text = path.read_text(encoding="utf-8-sig").partition("names:")[2]
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path.name} cannot be read; export it again.", repr(e)) from e
    if text.strip().startswith("["):
        found = [name.strip(" '\"\n") for name in text.strip()[1:].partition("]")[0].split(",")]
    else:
        lines = [line for line in text.splitlines() if line.startswith((" ", "\t", "-")) and line.strip()]
        found = [line.strip().lstrip("- ").partition(":")[2].strip(" '\"") or line.strip("- '\"") for line in lines]
    return [class_of(name, path.name) for name in found]
