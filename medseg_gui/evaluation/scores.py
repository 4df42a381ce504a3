"""Measure weights on a data set: per image, per centre, over thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.mask_file import read_mask
from medseg_gui.errors import DataError
from medseg_gui.evaluation.metrics import MEASURES, Counts, auc_roc, count
from medseg_gui.media.image_file import read_image
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import FloatArray, UInt8Array

SWEEP = tuple(round(0.30 + 0.05 * i, 2) for i in range(9))  # Asare 2025 sweeps 0.30 to 0.70
_BATCH = 8


@dataclass(frozen=True)
class ImageScore:
    """One image measured.

    Attributes:
        image: file name.
        centre: folder it came from.
        has_object: whether the truth marks anything.
        counts: threshold -> pixel counts at the mask's own size.
        auc: area under the ROC curve, NaN without object or without background.
    """

    image: str
    centre: str
    has_object: bool
    counts: Mapping[float, Counts]
    auc: float

    def measure(self, name: str, threshold: float) -> float:
        """One of MEASURES or "auc"."""
        return self.auc if name == "auc" else float(getattr(self.counts[threshold], name))


def score_images(
    examples: Sequence[Example],
    segmenter: Segmenter,
    thresholds: Sequence[float],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[ImageScore]:
    """Measure each example at each threshold, at the size of its mask.

    Raises:
        DataError: a picture and its mask differ in size, or one cannot be read.
    """
    scores: list[ImageScore] = []
    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        loaded = [_load(e) for e in batch]
        probabilities = segmenter.predict([rgb for rgb, _ in loaded])
        for example, (_, truth), probability in zip(batch, loaded, probabilities, strict=True):
            scores.append(_score(example, truth, probability, thresholds))
        progress(len(scores), len(examples))
    return scores


def summarise(scores: Sequence[ImageScore], threshold: float) -> dict[str, Any]:
    """Means over the images that show the object; of the others, how many are falsely marked.

    Returns:
        "images", each of MEASURES and "auc" (None without such images), "empty_images", "falsely_marked".
    """
    shown = [s for s in scores if s.has_object]
    empty = [s for s in scores if not s.has_object]
    means = {name: _mean(s.measure(name, threshold) for s in shown) for name in (*MEASURES, "auc")}
    falsely = sum(s.counts[threshold].false_positive > 0 for s in empty)
    return {"images": len(shown), **means, "empty_images": len(empty), "falsely_marked": falsely}


def by_centre(scores: Sequence[ImageScore], threshold: float) -> dict[str, dict[str, Any]]:
    """`summarise` for each centre, in order of names."""
    centres = sorted({s.centre for s in scores})
    return {c: summarise([s for s in scores if s.centre == c], threshold) for c in centres}


def _load(example: Example) -> tuple[UInt8Array, UInt8Array]:
    rgb = read_image(example.image)
    truth = np.zeros(rgb.shape[:2], np.uint8) if example.mask is None else read_mask(example.mask)
    if truth.shape != rgb.shape[:2]:
        raise DataError(f"{example.image.name} and its mask differ in size; export the mask again.")
    return rgb, truth


def _score(example: Example, truth: UInt8Array, probability: FloatArray, thresholds: Sequence[float]) -> ImageScore:
    height, width = truth.shape
    stretched = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    counts = {t: count((stretched >= t).astype(np.uint8), truth) for t in thresholds}
    return ImageScore(example.image.name, example.centre, bool(truth.any()), counts, auc_roc(stretched, truth))


def _mean(values: Iterator[float]) -> float | None:
    finite = [v for v in values if not math.isnan(v)]
    return float(np.mean(finite)) if finite else None
