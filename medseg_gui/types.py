"""The words that every part shares: class ids, a decoded frame and what a network saw in it. No behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

BACKGROUND = 0
POLYP = 1
INSTRUMENT = 2
CLASS_NAMES: dict[int, str] = {POLYP: "polyp", INSTRUMENT: "instrument"}

UInt8Array = NDArray[np.uint8]
FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded picture of a source.

    Attributes:
        index: place in the source, from 0.
        time_s: presentation time in seconds; the source's own clock, which need not start at 0.
        source_id: content hash of the source, hexadecimal.
        rgb: (H, W, 3) uint8, RGB, read-only.
        name: what a person calls the frame (a file name in a folder), empty for video.
    """

    index: int
    time_s: float
    source_id: str
    rgb: UInt8Array
    name: str = ""

    def __post_init__(self) -> None:
        self.rgb.setflags(write=False)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.rgb.shape[0], self.rgb.shape[1]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What the networks saw in one frame.

    The probability stays at the network's own resolution: it is a sixth of the size, and a threshold
    can be applied to it at any time (`overlay.label_map`).

    Attributes:
        frame_index: index of the frame it belongs to.
        source_id: content hash of that frame's source.
        size: (height, width) of that frame in pixels.
        probability: class id -> (h, w) float32 in [0, 1], read-only, stretched over the whole frame.
        weights: class id -> id of the weights that made it.
        latency_ms: time from frame to probability.
    """

    frame_index: int
    source_id: str
    size: tuple[int, int]
    probability: Mapping[int, FloatArray]
    weights: Mapping[int, str] = field(default_factory=dict)
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        for array in self.probability.values():
            array.setflags(write=False)

    def max_probability(self, class_id: int) -> float:
        """Highest probability of a class anywhere in the frame, 0.0 when it was not asked for."""
        array = self.probability.get(class_id)
        return float(array.max()) if array is not None and array.size else 0.0
