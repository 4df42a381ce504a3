"""Carry the lesions of a corrected frame to its neighbours: motion says where they went, the network where they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from medseg_gui.editing.components import number_parts
from medseg_gui.editing.flow import Flow, motion
from medseg_gui.editing.lesions import NO_LESION, Lesions
from medseg_gui.editing.shape import signed_distance
from medseg_gui.types import BoolArray, FloatArray, UInt8Array

STOP_BELOW = 0.5
_TOLERATED = 0.02  # of the frame's longer side: an error of the flow from which it counts for nothing
_BAND = 0.05  # of the frame's longer side: how far the network may pull an outline
_JOINED = 0.3  # overlap from which the network is taken to see the same lesion

Probability = Mapping[int, FloatArray]


@dataclass(frozen=True, eq=False)
class Propagated:
    """Lesions that were carried to a frame.

    Attributes:
        lesions: of that frame, with the ids and classes of the frame they come from.
        confidence: in [0, 1], of the least sure lesion; 1 when there was none to carry.
        confidence_of: lesion id -> confidence.
    """

    lesions: Lesions
    confidence: float
    confidence_of: Mapping[int, float]


def propagate(
    lesions: Lesions, from_rgb: UInt8Array, to_rgb: UInt8Array, probability: Probability | None = None
) -> Propagated:
    """Carry lesions from one frame to another, before or after it.

    A lesion's confidence is the mean of how consistent the flow is within it and how well what was carried agrees
    with what the network sees there. Without a network the flow decides alone.

    Args:
        lesions: of the frame they come from.
        from_rgb, to_rgb: (H, W, 3) uint8 RGB.
        probability: class id -> (h, w) float in [0, 1] of the frame carried to; None or without a class when no
            network looks for it.

    Raises:
        ShapeError: the frames differ in size.
    """
    flow = motion(to_rgb, from_rgb)
    carried = flow.carry(lesions.labels)
    labels = np.zeros_like(carried)
    nearest = np.full(labels.shape, np.inf, np.float32)
    confidence: dict[int, float] = {}
    for lesion_id, class_id in lesions.classes.items():
        if not lesions.region(lesion_id).any():
            continue
        seen = probability.get(class_id) if probability else None
        distance, confidence[lesion_id] = _correct(carried == lesion_id, flow, seen)
        wins = (distance < 0) & (distance < nearest)
        labels[wins] = lesion_id
        np.minimum(nearest, distance, out=nearest)
    return Propagated(Lesions(labels, lesions.classes), min(confidence.values(), default=1.0), confidence)


def propagate_run(
    lesions: Lesions,
    rgb: UInt8Array,
    frames: Iterable[tuple[UInt8Array, Probability | None]],
    stop_below: float = STOP_BELOW,
) -> Iterator[Propagated]:
    """Carry lesions from frame to frame until it is unsure, the frames end, or no lesion is left.

    Args:
        lesions: of the corrected frame.
        rgb: (H, W, 3) uint8, the corrected frame.
        frames: picture and probability of its followers in order, or of its forerunners, nearest first.
        stop_below: confidence below which the frame is not given any more, in [0, 1].

    Yields:
        What was carried to each frame, in order.
    """
    for to_rgb, probability in frames:
        carried = propagate(lesions, rgb, to_rgb, probability)
        if carried.confidence < stop_below or not carried.confidence_of:
            return
        yield carried
        lesions, rgb = carried.lesions, to_rgb


def interpolate(first: Lesions, last: Lesions, share: float) -> Lesions:
    """The lesions part of the way between two corrected frames: each outline moves evenly from one to the other.

    A lesion is shifted so that its middle runs in a straight line, and its signed distances are mixed. One that is
    missing in one of the frames stays away.

    Args:
        first, last: lesions of two frames of one size, the same id for the same lesion.
        share: 0 gives `first`, 1 gives `last`.

    Source: Raya & Udupa 1990 (shape-based interpolation).
    """
    labels = np.zeros(first.shape, np.uint16)
    nearest = np.zeros(first.shape, np.float32)
    for lesion_id in first.classes:
        a, b = first.region(lesion_id), last.region(lesion_id)
        if not (a.any() and b.any()):
            continue
        step = _middle(b) - _middle(a)
        distance = (1 - share) * _shifted(a, step * share) + share * _shifted(b, step * (share - 1))
        wins = distance < nearest
        labels[wins], nearest[wins] = lesion_id, distance[wins]
    return Lesions(labels, {k: v for k, v in first.classes.items() if k in last.classes})


def agreement(a: BoolArray, b: BoolArray) -> float:
    """Dice overlap of two regions in [0, 1]; 1 when both are empty. Source: Dice 1945, eq. 1."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def _correct(carried: BoolArray, flow: Flow, seen: FloatArray | None) -> tuple[FloatArray, float]:
    """Signed distance of one lesion after the network had its say, and the confidence in it."""
    side = max(carried.shape)
    steady = float(np.exp(-flow.error_within(carried) / (_TOLERATED * side)))
    distance = signed_distance(carried)
    if seen is None or not carried.any():
        return distance, steady
    predicted = _predicted_there(carried, seen)
    alike = agreement(carried, predicted)
    confidence = (steady + alike) / 2
    if alike < _JOINED:
        return distance, confidence
    band = _BAND * side
    own, other = (np.clip(d, -band, band) for d in (distance, signed_distance(predicted)))
    trust = steady / (steady + alike)
    return trust * own + (1 - trust) * other, confidence


def _predicted_there(carried: BoolArray, seen: FloatArray) -> BoolArray:
    """What the network marks in one piece with the carried lesion."""
    height, width = carried.shape
    marked = cv2.resize(seen.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5
    parts, _ = number_parts(marked)
    met = np.unique(parts[carried & marked])
    return np.isin(parts, met[met != NO_LESION]) & marked


def _middle(region: BoolArray) -> np.ndarray:
    return np.argwhere(region).mean(axis=0)


def _shifted(region: BoolArray, step: np.ndarray) -> FloatArray:
    """Signed distance of a region moved by (rows, columns), also by parts of a pixel."""
    matrix = np.array([[1, 0, step[1]], [0, 1, step[0]]], np.float32)
    size = region.shape[1], region.shape[0]
    moved = cv2.warpAffine(
        signed_distance(region), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return moved.astype(np.float32, copy=False)
