"""Masks as PNG files: binary ones as `medseg train` reads them, or indexed ones that keep each lesion's number."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from medseg_gui.data.mask_file import read_mask
from medseg_gui.errors import DataError
from medseg_gui.media.image_file import IMAGE_SUFFIXES
from medseg_gui.project.exchange.format import IMAGES, Annotation, Format, Progress, class_of, one_by_one, write_bytes
from medseg_gui.project.records import Lesion, class_mask, label_map
from medseg_gui.project.rle import Labels, encode_labels
from medseg_gui.types import CLASS_NAMES, INSTRUMENT, MAX_PIXELS, POLYP, UInt8Array

_FOLDERS = {POLYP: ("polyp_masks", "masks"), INSTRUMENT: ("instrument_masks",)}
_INDEXED = "indexed_masks"
_TABLE = "lesions.csv"
# More parts than this are no lesions but a coarse mask, which stays one lesion.
_MOST_PARTS = 32


class Png(Format):
    """`masks/` for polyps and `instrument_masks/`, 0 and 255, named as the pictures: a data set folder."""

    loses = "which lesion a pixel belongs to (each connected part becomes a lesion), and polyps under instruments"

    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write a mask of each class for each picture; an empty one where nothing is marked."""
        used = {x.class_id for a in annotations for x in a.lesions} | {POLYP}
        lost = 0
        for a in annotations:
            classes = class_mask(a.lesions, a.size)
            for class_id in sorted(used):
                write_bytes(
                    folder / _FOLDERS[class_id][-1] / f"{a.stem}.png", _png((classes == class_id) * np.uint8(255))
                )
            lost += a.lesions != _parts({c: classes == c for c in used})
        return f"The lesions of {lost} pictures come back with other numbers or parts." if lost else ""

    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Read the masks of both classes; `X_mask.png` stands for the picture X too."""
        files: dict[str, dict[int, Path]] = {}
        for class_id, names in _FOLDERS.items():
            for name in names:
                for path in _pictures(folder / name):
                    files.setdefault(path.stem.removesuffix("_mask"), {}).setdefault(class_id, path)
        if not files:
            raise DataError(f"{folder.name} holds no masks/ with pictures; see `medseg project export --format png`.")
        images = _images(folder)
        return one_by_one(lambda item: _annotation(*item, images), sorted(files.items()), progress)


class IndexedPng(Format):
    """`indexed_masks/` with a palette: the value of a pixel is its lesion's number; `lesions.csv` tells the classes."""

    loses = "which lesion lies under another one"

    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write a mask for each picture, and the table."""
        rows = [("image", "value", "class")]
        covered = 0
        for a in annotations:
            if any(x.lesion_id > 255 for x in a.lesions):
                raise DataError(
                    f"{a.stem} has a lesion numbered above 255, which an indexed PNG cannot hold; use coco."
                )
            labels = label_map(a.lesions, a.size)
            write_bytes(folder / _INDEXED / f"{a.stem}.png", _indexed_png(labels.astype(np.uint8)))
            rows += [(a.stem, str(x.lesion_id), CLASS_NAMES[x.class_id]) for x in a.lesions]
            covered += int(np.count_nonzero(labels)) < sum(x.mask.area_px for x in a.lesions)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        write_bytes(folder / _TABLE, text.getvalue().encode())
        return f"In {covered} pictures lesions lie over each other; the covered pixels are gone." if covered else ""

    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Read the masks; without the table a value is taken for a class id."""
        files = _pictures(folder / _INDEXED) or _pictures(folder / "masks")
        if not files:
            raise DataError(f"{folder.name} holds no {_INDEXED}/ with pictures.")
        table = _read_table(folder / _TABLE)
        images = _images(folder)
        return one_by_one(lambda path: _indexed_annotation(path, table, images), files, progress)


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))


def _images(folder: Path) -> dict[str, str]:
    """Stem -> file name of the pictures in `images/`; PolypGen lets some masks lack the image's last underscore."""
    names = {image.stem: image.name for image in _pictures(folder / IMAGES)}
    return {stem.removesuffix("_"): name for stem, name in names.items()} | names


def _annotation(stem: str, paths: dict[int, Path], images: dict[str, str]) -> Annotation:
    masks = {class_id: read_mask(path).astype(bool) for class_id, path in sorted(paths.items())}
    sizes = {m.shape for m in masks.values()}
    if len(sizes) > 1:
        raise DataError(f"The masks of {stem} differ in size; export them again.")
    height, width = sizes.pop()
    return Annotation(images.get(stem, f"{stem}.png"), (height, width), _parts(masks))


def _parts(masks: dict[int, np.ndarray]) -> tuple[Lesion, ...]:
    """A lesion for each connected part (also over corners) of each class."""
    lesions: list[Lesion] = []
    for class_id, mask in sorted(masks.items()):
        count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        labels: Labels = (mask if count - 1 > _MOST_PARTS else numbers).astype(np.uint16)
        first = len(lesions)
        lesions += [Lesion(first + i, class_id, m) for i, m in encode_labels(labels).items()]
    return tuple(lesions)


def _indexed_annotation(path: Path, table: dict[tuple[str, int], int], images: dict[str, str]) -> Annotation:
    values = _read_values(path)
    lesions = []
    for value, mask in encode_labels(values).items():
        class_id = table.get((path.stem, value), value if not table else 0)
        if class_id not in CLASS_NAMES:
            raise DataError(f"{path.name} holds the value {value}, for which no class is told in {_TABLE}.")
        lesions.append(Lesion(value, class_id, mask))
    height, width = values.shape
    return Annotation(images.get(path.stem, f"{path.stem}.png"), (height, width), tuple(lesions))


def _read_values(path: Path) -> UInt8Array:
    """(H, W) uint8 palette places or grey values."""
    try:
        with Image.open(path, formats=("PNG", "BMP", "TIFF")) as picture:
            if picture.mode not in ("P", "L", "1") or picture.width * picture.height > MAX_PIXELS:
                raise DataError(f"{path.name} is no indexed picture; save it with a palette of up to 256 values.")
            return np.array(picture, np.uint8)
    except DataError:
        raise
    except Exception as e:  # what Pillow's decoders raise on damaged files is no family
        raise DataError(f"The mask {path.name} cannot be read; export it again.", repr(e)) from e


def _read_table(path: Path) -> dict[tuple[str, int], int]:
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {(r["image"], int(r["value"])): class_of(r["class"], path.name) for r in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as e:
        raise DataError(f"{path.name} is no table of image, value and class; export it again.", repr(e)) from e


def _png(grey: UInt8Array) -> bytes:
    return cv2.imencode(".png", grey)[1].tobytes()


def _indexed_png(values: UInt8Array) -> bytes:
    # Colours that differ from their neighbours for the eye; 0 is black. The values are what counts.
    hues = np.array([[(i * 37 % 180, 200, 255) for i in range(255)]], np.uint8)
    colours = cv2.cvtColor(hues, cv2.COLOR_HSV2RGB)[0]
    picture = Image.fromarray(values)
    picture.putpalette([0, 0, 0, *colours.ravel().tolist()])
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
