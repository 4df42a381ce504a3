"""Find the image and mask pairs of a data set folder, with the centre and the patient of each."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from medseg_gui.data.near_duplicates import group_near_duplicates
from medseg_gui.data.patients import patient_from_name, read_patients
from medseg_gui.errors import DataError
from medseg_gui.types import CLASS_NAMES, POLYP

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Example:
    """One picture to learn from or to be measured on.

    Attributes:
        image: the picture file.
        mask: its mask file; None for a picture without the object, whose mask is empty.
        centre: the folder it came from, "Kvasir-SEG" for example.
        group: patient, sequence or near-duplicate group; never split between two parts.
    """

    image: Path
    mask: Path | None
    centre: str
    group: str


def read_dataset(folder: Path, class_id: int = POLYP) -> list[Example]:
    """List the pairs of a data set folder.

    The folder holds `images/` and `masks/` with equal stems (or `X_mask` for `X`), or one such pair per
    centre. Where one set marks several classes, `instrument_masks/` stands before `masks/` for instruments.
    Pictures without a mask are left out, with a warning.

    Args:
        folder: the data set.
        class_id: what is to be learnt or measured.

    Raises:
        DataError: no pair is found.
    """
    examples = [e for centre in _centre_folders(folder) for e in _read_centre(centre, class_id)]
    if not examples:
        raise DataError(f"{folder} holds no images/ and masks/ with equal names; see `medseg train --help`.")
    return examples


def read_negatives(folder: Path) -> list[Example]:
    """List pictures that show none of the objects; whatever masks lie beside them are not read.

    Raises:
        DataError: there is no picture.
    """
    examples = []
    for centre in _centre_folders(folder) or [folder]:
        images = _pictures(centre / "images" if (centre / "images").is_dir() else centre)
        groups = _groups(centre, list(images.values()))
        examples += [Example(p, None, centre.name, g) for p, g in zip(images.values(), groups, strict=True)]
    if not examples:
        raise DataError(f"{folder} holds no pictures.")
    return examples


def _centre_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give the one that holds images/ and masks/.")
    if (folder / "images").is_dir():
        return [folder]
    return sorted(child for child in folder.iterdir() if (child / "images").is_dir())


def _read_centre(centre: Path, class_id: int) -> Iterable[Example]:
    own_masks = centre / f"{CLASS_NAMES[class_id]}_masks"
    images = _pictures(centre / "images")
    mask_files = _pictures(own_masks if own_masks.is_dir() else centre / "masks")
    pairs = [(image, _find_mask(stem, mask_files)) for stem, image in images.items()]
    paired = [(image, mask) for image, mask in pairs if mask is not None]
    if len(paired) < len(pairs):
        logger.warning(
            "%s: %d of %d images have no mask and are left out",
            centre.name,
            len(pairs) - len(paired),
            len(pairs),
        )
    groups = _groups(centre, [image for image, _ in paired])
    for (image, mask), group in zip(paired, groups, strict=True):
        yield Example(image, mask, centre.name, group)


def _pictures(folder: Path) -> dict[str, Path]:
    """Stem -> file, in the order of names."""
    if not folder.is_dir():
        return {}
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    return {p.stem: p for p in files}


def _find_mask(stem: str, masks: dict[str, Path]) -> Path | None:
    # PolypGen C3 names X_.jpg but X_mask.png.
    for name in (stem, f"{stem}_mask", f"{stem.rstrip('_')}_mask"):
        if name in masks:
            return masks[name]
    return None


def _groups(centre: Path, images: list[Path]) -> list[str]:
    """Patient of each image: from `patients.csv`, else from its name, else its near-duplicate group."""
    listed = read_patients(centre / "patients.csv") if (centre / "patients.csv").is_file() else {}
    if not listed and (centre.parent / "patients.csv").is_file():
        listed = read_patients(centre.parent / "patients.csv")
    names = [listed.get(p.stem) or patient_from_name(centre.name, p.stem) for p in images]
    unnamed = [p for p, name in zip(images, names, strict=True) if name is None]
    scenes = iter(group_near_duplicates(unnamed))
    return [f"{centre.name}/{name or f'scene{next(scenes)}'}" for name in names]
