"""COCO instance segmentation: exact, masks as compressed run-length encoding; polygons of others are read too.

Source: the COCO data format, cocodataset.org/#format-data; `attributes` as CVAT writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from medseg_gui.project.exchange.polygons import fill_polygons
from medseg_gui.project.records import Lesion
from medseg_gui.project.rle import RunLength, encode, from_counts, from_text
from medseg_gui.types import CLASS_NAMES

FILE_NAME = "annotations.json"


class Coco(Format):
    """One JSON file for all pictures."""

    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write `annotations.json`."""
        images, entries = [], []
        for number, a in enumerate(annotations, 1):
            height, width = a.size
            images.append({"id": number, "file_name": f"{IMAGES}/{a.image}", "width": width, "height": height})
            entries += [_entry(lesion, number) for lesion in a.lesions]
        numbered = [{"id": i, **entry} for i, entry in enumerate(entries, 1)]
        categories = [{"id": i, "name": name, "supercategory": ""} for i, name in CLASS_NAMES.items()]
        content = {"images": images, "annotations": numbered, "categories": categories}
        write_json(folder / FILE_NAME, {"info": {"description": "medseg_gui, for research use"}, **content})
        return ""

    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Read `annotations.json`, or the only JSON file of the folder or its `annotations` folder."""
        path = _find_file(folder)
        content = read_json(path)
        try:
            return _annotations(content, path.name, progress)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as e:
            raise DataError(f"{path.name} is no COCO file of instances; export it again.", repr(e)) from e


def _entry(lesion: Lesion, image_id: int) -> dict[str, Any]:
    mask = lesion.mask
    return {
        "image_id": image_id,
        "category_id": lesion.class_id,
        "segmentation": {"size": [mask.height, mask.width], "counts": mask.text},
        "area": mask.area_px,
        "bbox": list(mask.box),
        "iscrowd": 0,
        "attributes": {"lesion_id": lesion.lesion_id},
    }


def _find_file(folder: Path) -> Path:
    if folder.is_file():
        return folder
    if (folder / FILE_NAME).is_file():
        return folder / FILE_NAME
    files = [*sorted(folder.glob("*.json")), *sorted((folder / "annotations").glob("*.json"))]
    if len(files) != 1:
        raise DataError(f"{folder.name} holds {len(files)} JSON files; name one of them {FILE_NAME}.")
    return files[0]


def _annotations(content: Any, name: str, progress: Progress) -> list[Annotation]:
    classes = {c["id"]: class_of(c["name"], name) for c in content["categories"]}
    images = {
        i["id"]: (safe_name(i["file_name"], name), size_of(i["height"], i["width"], name)) for i in content["images"]
    }
    entries: dict[Any, list[dict[str, Any]]] = {image_id: [] for image_id in images}
    for entry in content["annotations"]:
        entries[entry["image_id"]].append(entry)

    def read(image_id: Any) -> Annotation:
        image, size = images[image_id]
        lesions: list[Lesion] = []
        for entry in entries[image_id]:
            mask = _mask(entry["segmentation"], size)
            lesions.append(Lesion(_lesion_id(entry, lesions), classes[entry["category_id"]], mask))
        return Annotation(image, size, tuple(lesions))

    return one_by_one(read, list(images), progress)


def _lesion_id(entry: dict[str, Any], others: Sequence[Lesion]) -> int:
    """The number that we wrote, or the next that is free."""
    taken = {x.lesion_id for x in others}
    told = (entry.get("attributes") or {}).get("lesion_id")
    return told if type(told) is int and told not in taken and 0 < told < 65536 else max(taken, default=0) + 1


def _mask(segmentation: Any, size: tuple[int, int]) -> RunLength:
    if isinstance(segmentation, list):
        return encode(fill_polygons([list(zip(p[::2], p[1::2], strict=True)) for p in segmentation], size))
    if tuple(segmentation["size"]) != size:
        raise DataError("A mask has another size than its picture; export it again.")
    counts = segmentation["counts"]
    return from_text(counts, *size) if isinstance(counts, str) else from_counts(counts, *size)
