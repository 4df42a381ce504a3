"""LabelMe: a JSON file beside each picture. Polygons where they hold all pixels, else a shape of the kind "mask".

Source: labelme 5, `labelme/label_file.py` and `labelme/utils/shape.py`; a mask shape is a PNG of its box, whose corners
are both included.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from medseg_gui.data.mask_file import decode_grey
from medseg_gui.errors import DataError
from medseg_gui.project.exchange.format import (
    IMAGES,
    Annotation,
    Format,
    Progress,
    class_of,
    one_by_one,
    read_json,
    safe_name,
    size_of,
    write_json,
)
from medseg_gui.project.exchange.polygons import fill_polygons, outline_polygons
from medseg_gui.project.records import Lesion
from medseg_gui.project.rle import encode
from medseg_gui.types import CLASS_NAMES, BoolArray

_VERSION = "5.5.0"


class LabelMe(Format):
    """`images/X.json` beside `images/X.png`; the parts of a lesion share its number as `group_id`."""

    loses = "which lesion lies under another one, when LabelMe makes one label map of them"

    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write a file for each picture."""
        for a in annotations:
            content: dict[str, Any] = {
                "version": _VERSION,
                "flags": {},
                "shapes": [shape for lesion in a.lesions for shape in _shapes(lesion)],
                "imagePath": a.image,
                "imageData": None,
                "imageHeight": a.size[0],
                "imageWidth": a.size[1],
            }
            write_json(folder / IMAGES / f"{a.stem}.json", content)
        return ""

    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Read the files of the folder and of its `images/`."""
        files = [*sorted(folder.glob("*.json")), *sorted((folder / IMAGES).glob("*.json"))]
        if not files:
            raise DataError(f"{folder.name} holds no JSON files of LabelMe.")
        return one_by_one(_annotation, files, progress)


def _shapes(lesion: Lesion) -> list[dict[str, Any]]:
    mask = lesion.mask.to_mask()
    polygons = outline_polygons(mask)
    common = {"label": CLASS_NAMES[lesion.class_id], "group_id": lesion.lesion_id, "description": "", "flags": {}}
    is_exact = all(len(p) > 2 for p in polygons) and np.array_equal(fill_polygons(polygons, mask.shape), mask)
    if is_exact:
        return [{**common, "points": [list(c) for c in p], "shape_type": "polygon", "mask": None} for p in polygons]
    x, y, width, height = lesion.mask.box
    if not width:
        return []
    png = cv2.imencode(".png", mask[y : y + height, x : x + width].astype(np.uint8))[1].tobytes()
    corners = [[x, y], [x + width - 1, y + height - 1]]
    return [{**common, "points": corners, "shape_type": "mask", "mask": base64.b64encode(png).decode("ascii")}]


def _annotation(path: Path) -> Annotation:
    content = read_json(path)
    try:
        size = size_of(content["imageHeight"], content["imageWidth"], path.name)
        image = safe_name(str(content["imagePath"]).replace("\\", "/").rpartition("/")[2], path.name)
        lesions: dict[int, tuple[int, BoolArray]] = {}
        for shape in content["shapes"]:
            class_id = class_of(shape["label"], path.name)
            number = _number(shape.get("group_id"), class_id, lesions)
            mask = _shape_mask(shape, size, path.name)
            lesions[number] = (class_id, lesions[number][1] | mask if number in lesions else mask)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as e:
        raise DataError(f"{path.name} is no file of LabelMe; export it again.", repr(e)) from e
    return Annotation(image, size, tuple(Lesion(i, c, encode(m)) for i, (c, m) in sorted(lesions.items())))


def _number(group: object, class_id: int, others: dict[int, tuple[int, BoolArray]]) -> int:
    """Shapes of one class that share a group are one lesion; one without a group is a lesion of its own."""
    if type(group) is int and 0 < group < 65536 and others.get(group, (class_id,))[0] == class_id:
        return group
    return max(others, default=0) + 1


def _shape_mask(shape: dict[str, Any], size: tuple[int, int], name: str) -> BoolArray:
    points = [(float(x), float(y)) for x, y in shape["points"]]
    if not np.isfinite(points).all():
        raise DataError(f"{name} has a corner that is no number; export it again.")
    kind = shape.get("shape_type") or "polygon"
    if kind in ("polygon", "oriented_rectangle"):
        return fill_polygons([points], size)
    if kind == "rectangle":
        (x0, y0), (x1, y1) = points
        return fill_polygons([[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]], size)
    if kind == "circle":
        (x, y), edge = points
        radius = float(np.hypot(edge[0] - x, edge[1] - y))
        rows, columns = np.ogrid[: size[0], : size[1]]
        return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= radius**2)
    if kind == "mask":
        return _boxed_mask(shape["mask"], points[0], size)
    raise DataError(f"{name} marks with a {kind[:20]}, which has no area; draw polygons.")


def _boxed_mask(text: str, corner: tuple[float, float], size: tuple[int, int]) -> BoolArray:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as e:
        raise ValueError("the mask of a shape is no picture") from e
    part = decode_grey(content, "The mask of a shape")
    x, y = round(corner[0]), round(corner[1])
    if x < 0 or y < 0 or y + part.shape[0] > size[0] or x + part.shape[1] > size[1]:
        raise ValueError("the mask of a shape does not lie inside the picture")
    mask = np.zeros(size, bool)
    mask[y : y + part.shape[0], x : x + part.shape[1]] = part > 0
    return mask
