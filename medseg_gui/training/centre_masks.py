"""Interpretability-guided augmentation: the pixels that give a hospital away, found once and kept.

Polarity: 1 is where the centre classifier relied on the picture (overlays, borders, text); there the augmentation takes
the picture away. The authors' own tool gives the map the other way round.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.manifest import manifest_hash
from medseg_gui.errors import OutputError
from medseg_gui.media.image_file import read_image
from medseg_gui.training import processes
from medseg_gui.training.centre_classifier import TrainedClassifier, train_classifier
from medseg_gui.training.recipe import Recipe
from medseg_gui.types import FloatArray, UInt8Array

BINARISED_AT = 0.5

Report = Callable[[dict[str, Any]], None]


def binarise(cam: FloatArray) -> UInt8Array:
    """(H, W) uint8, 1 where a class activation map in [0, 1] is above one half: what the classifier relied on."""
    return (cam > BINARISED_AT).astype(np.uint8)


def relied_pixels(
    examples: Sequence[Example],
    recipe: Recipe,
    folder: Path,
    device: torch.device,
    weights: Path | None = None,
    report: Report = lambda event: None,
) -> Mapping[Path, UInt8Array]:
    """For each image (size, size) uint8, 1 where the centre classifier relied on it.

    The first call trains the classifier and writes `centre-masks-<hash>.npz`; later ones with the same images, size,
    seed, passes and starting weights read it. Arguments as `train_classifier`.

    Args:
        folder: where the file is kept.

    Raises:
        DataError: there is one centre only.
        OutputError: the file cannot be written.
    """
    path = folder / f"centre-masks-{_key(examples, recipe, weights)}.npz"
    if processes.rank() == 0 and not path.is_file():
        classifier = train_classifier(examples, recipe, device, weights, report)
        _write(path, np.stack([binarise(_cam(classifier, e)) for e in examples]), classifier.accuracy)
    processes.wait_for_all()
    with np.load(path) as kept:
        masks = np.unpackbits(kept["bits"], axis=-1, count=recipe.size)
        report({"event": "centre_masks", "accuracy": float(kept["accuracy"]), "taken_away": float(masks.mean())})
    return {e.image: mask for e, mask in zip(examples, masks, strict=True)}


@dataclass(frozen=True, eq=False)
class PreviewRow:
    """One sample frame of a preview, each picture (size, size, 3) uint8 RGB.

    Attributes:
        frame: as it is.
        cam: the class activation map over it, red where the classifier relied on it.
        left: what is left of it, once the binarised map has taken the rest away.
    """

    frame: UInt8Array
    cam: UInt8Array
    left: UInt8Array

    @property
    def pictures(self) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """All three, in this order."""
        return self.frame, self.cam, self.left


def preview(
    examples: Sequence[Example],
    recipe: Recipe,
    device: torch.device,
    weights: Path | None = None,
    report: Report = lambda event: None,
    count: int = 6,
) -> tuple[TrainedClassifier, list[PreviewRow]]:
    """What the augmentation would do, before anything is trained with it.

    Args:
        count: how many sample frames, of all centres in turn.

    Returns:
        The classifier, and a row for each sample frame.

    Raises:
        DataError: there is one centre only.
    """
    classifier = train_classifier(examples, recipe, device, weights, report)
    return classifier, [_row(classifier, e) for e in _some_of_each(examples, count)]


def preview_sheet(classifier: TrainedClassifier, rows: Sequence[PreviewRow]) -> UInt8Array:
    """All of a preview as one picture (H, W, 3) uint8 RGB, with a title."""
    pictures = [np.concatenate(row.pictures, axis=1) for row in rows]
    title = np.full((28, pictures[0].shape[1], 3), 255, np.uint8)
    told = f"tells {len(classifier.centres)} centres apart: {classifier.accuracy:.0%} right"
    cv2.putText(title, told, (6, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([title, *pictures])


def _cam(classifier: TrainedClassifier, example: Example) -> FloatArray:
    return classifier.activation_map(read_image(example.image), example.centre)


def _row(classifier: TrainedClassifier, example: Example) -> PreviewRow:
    side = (classifier.size, classifier.size)
    rgb = cv2.resize(read_image(example.image), side, interpolation=cv2.INTER_AREA).astype(np.uint8)
    cam = _cam(classifier, example)
    red = np.stack([255 * cam, np.zeros_like(cam), 255 * (1 - cam)], axis=-1)
    blended = (0.5 * rgb + 0.5 * red).astype(np.uint8)
    left = np.where(binarise(cam)[..., None] > 0, 0, rgb).astype(np.uint8)
    return PreviewRow(rgb, blended, left)


def _some_of_each(examples: Sequence[Example], count: int) -> list[Example]:
    centres = sorted({e.centre for e in examples})
    by_centre = [[e for e in examples if e.centre == c] for c in centres]
    in_turn = [part[i] for i in range(max(map(len, by_centre))) for part in by_centre if i < len(part)]
    return in_turn[:count]


def _key(examples: Sequence[Example], recipe: Recipe, weights: Path | None) -> str:
    start = hashlib.sha256(weights.read_bytes()).hexdigest() if weights is not None and weights.is_file() else "random"
    order = "|".join(e.image.name for e in examples)
    taught = f"{recipe.size} {recipe.seed} {recipe.batch_size} {recipe.classifier_epochs} {start}"
    told = f"{manifest_hash(examples)} {order} {taught}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _write(path: Path, masks: UInt8Array, accuracy: float) -> None:
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez_compressed(file, bits=np.packbits(masks, axis=-1), accuracy=accuracy)
        os.replace(partial, path)
    except OSError as e:
        raise OutputError(f"{path.parent} cannot be written ({e.strerror}); free some space and resume.") from e
