"""Carry the lesions of a corrected frame to its neighbours: motion says where they went, the network where they end.

The network's outline is taken, plus what the person had corrected of it, carried along; the correction counts as much
as motion can be relied on. What the network does not know is carried by motion alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from medseg_gui.editing.flow import Flow, motion
from medseg_gui.editing.lesions import Lesions
from medseg_gui.editing.shape import signed_distance
from medseg_gui.editing.sighting import Sighting, agreement, sight
from medseg_gui.types import BoolArray, FloatArray, UInt8Array

__all__ = [
    "STOP_BELOW",
    "Probability",
    "Propagated",
    "agreement",
    "interpolate",
    "known_lesions",
    "propagate",
    "propagate_run",
]

STOP_BELOW = 0.5
_TOLERATED = 0.02  # of the frame's longer side: an error of the flow from which it counts for nothing
_BAND = 0.05  # of the frame's longer side: how far the network may pull an outline
_JOINED = 0.3  # overlap from which the network is taken to see the same lesion
_LOST = 0.5  # steadiness of the motion below which it is not followed

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
    lesions: Lesions,
    from_rgb: UInt8Array,
    to_rgb: UInt8Array,
    probability: Probability | None = None,
    from_probability: Probability | None = None,
    known: Collection[int] | None = None,
) -> Propagated:
    """Carry lesions from one frame to another, before or after it.

    A lesion's confidence is the mean of how steady the motion is there and how well the network agrees with what was
    carried; where motion lost it, how well what the network sees instead fits its shape. Without a network the flow
    decides alone.

    Args:
        lesions: of the frame they come from.
        from_rgb, to_rgb: (H, W, 3) uint8 RGB.
        probability: class id -> (h, w) float in [0, 1] of the frame carried to; None or without a class when no
            network looks for it.
        from_probability: the same of the frame they come from; it shows what a person corrected.
        known: ids of lesions that the network sees, and may find again; `known_lesions` of the start of a run.
            None for those that it sees in the frame they come from, or for all when that was not told.

    Raises:
        ShapeError: the frames differ in size.
    """
    known = known_lesions(lesions, from_probability) if known is None else known
    flow = motion(to_rgb, from_rgb)
    labels = np.zeros_like(lesions.labels)
    nearest = np.full(labels.shape, np.inf, np.float32)
    confidence: dict[int, float] = {}
    for lesion_id, class_id in lesions.classes.items():
        if not lesions.region(lesion_id).any():
            continue
        step = _Step(lesions, lesion_id, flow, lesion_id in known)
        seen, before = (p.get(class_id) if p else None for p in (probability, from_probability))
        distance, confidence[lesion_id] = step.corrected(seen, before)
        wins = (distance < 0) & (distance < nearest)
        labels[wins] = lesion_id
        np.minimum(nearest, distance, out=nearest)
    return Propagated(Lesions(labels, lesions.classes), min(confidence.values(), default=1.0), confidence)


def propagate_run(
    lesions: Lesions,
    rgb: UInt8Array,
    frames: Iterable[tuple[UInt8Array, Probability | None]],
    stop_below: float = STOP_BELOW,
    probability: Probability | None = None,
) -> Iterator[Propagated]:
    """Carry lesions from frame to frame until it is unsure, the frames end, or no lesion is left.

    Args:
        lesions: of the corrected frame.
        rgb: (H, W, 3) uint8, the corrected frame.
        frames: picture and probability of its followers in order, or of its forerunners, nearest first.
        stop_below: confidence below which the frame is not given any more, in [0, 1].
        probability: of the corrected frame, to tell what a person corrected.

    Yields:
        What was carried to each frame, in order.
    """
    known = known_lesions(lesions, probability)
    for to_rgb, to_probability in frames:
        carried = propagate(lesions, rgb, to_rgb, to_probability, probability, known)
        if carried.confidence < stop_below or not carried.confidence_of:
            return
        yield carried
        lesions, rgb, probability = carried.lesions, to_rgb, to_probability


def known_lesions(lesions: Lesions, probability: Probability | None) -> frozenset[int]:
    """Ids of the lesions that the network sees as well; all when there is no prediction to tell."""
    if probability is None:
        return frozenset(lesions.classes)
    seen = {k: probability.get(class_id) for k, class_id in lesions.classes.items()}
    return frozenset(k for k, p in seen.items() if p is not None and _sighted(lesions, k, p).overlap >= _JOINED)


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


class _Step:
    """One lesion on its way to the next frame."""

    def __init__(self, lesions: Lesions, lesion_id: int, flow: Flow, is_known: bool) -> None:
        self._lesions, self._id, self._flow, self._is_known = lesions, lesion_id, flow, is_known
        self._labels = flow.carry(lesions.labels)
        self._carried = self._labels == lesion_id
        self._band = _BAND * max(lesions.shape)
        error = np.exp(-flow.error_within(self._carried) / (_TOLERATED * max(lesions.shape)))
        self._steady = float(error) * flow.likeness_within(self._carried)

    def corrected(self, seen: FloatArray | None, before: FloatArray | None) -> tuple[FloatArray, float]:
        """Signed distance in the next frame after the network had its say, and the confidence in it."""
        if seen is None:
            return signed_distance(self._carried), self._steady
        is_lost = self._is_known and self._steady < _LOST
        # What left the picture by a wrong flow is looked for with the shape that it had.
        shape = self._carried if self._carried.any() else self._lesions.region(self._id)
        sighting = sight(shape, _others(self._lesions, self._labels, self._id), seen, is_lost)
        joined = sighting.overlap >= _JOINED
        if is_lost and sighting.region.any():
            return signed_distance(sighting.region), sighting.likeness
        has_a_say = self._is_known or joined
        confidence = (self._steady + sighting.likeness) / 2 if has_a_say else self._steady
        return self._outline(sighting.region if joined else None, before), confidence

    def _outline(self, predicted: BoolArray | None, before: FloatArray | None) -> FloatArray:
        """The network's outline and the person's correction of it; what was carried where there is no outline."""
        carried = signed_distance(self._carried)
        if predicted is None:
            return carried
        network = self._clipped(predicted)
        earlier = _sighted(self._lesions, self._id, before) if before is not None else None
        if earlier is not None and earlier.overlap >= _JOINED:
            correction = self._clipped(self._lesions.region(self._id)) - self._clipped(earlier.region)
            return network + self._steady * self._flow.carry_values(correction)
        share = self._steady / 2
        return share * np.clip(carried, -self._band, self._band) + (1 - share) * network

    def _clipped(self, region: BoolArray) -> FloatArray:
        return np.clip(signed_distance(region), -self._band, self._band)


def _others(lesions: Lesions, labels: np.ndarray, lesion_id: int) -> BoolArray:
    """Where the other lesions of its class lie in a label map."""
    ids = [k for k, c in lesions.classes.items() if c == lesions.classes[lesion_id] and k != lesion_id]
    return np.isin(labels, ids)


def _sighted(lesions: Lesions, lesion_id: int, probability: FloatArray) -> Sighting:
    """What the network sees of a lesion in its own frame."""
    others = _others(lesions, lesions.labels, lesion_id)
    return sight(lesions.region(lesion_id), others, probability, is_lost=False)


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
