"""The words that every part shares: class ids, a frame, what a network saw in it and why. No behaviour."""

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

# A frame of 100 megapixels is 300 MB of RGB; the largest endoscope gives 8. Larger ones are refused before decoding.
MAX_PIXELS = 100_000_000

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
        small: S -> (S, S, 3) uint8, read-only, the picture as a network of that input size sees it; holds only the
            sizes for which somebody found the time.
    """

    index: int
    time_s: float
    source_id: str
    rgb: UInt8Array
    name: str = ""
    small: Mapping[int, UInt8Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for picture in (self.rgb, *self.small.values()):
            picture.setflags(write=False)

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


@dataclass(frozen=True)
class Target:
    """Which part of what a network saw is to be explained.

    Attributes:
        kind: "mask" (all that is marked), "lesion" (one connected part), "pixel", "rim" (where the mask ends) or
            "nearest_miss" (nothing is marked: the strongest pixels below the threshold).
        x, y: a pixel of the frame, for "pixel" and for the lesion under it; from the left and the top.
        number: the lesion by its number instead, from 1, largest first.
    """

    kind: str = "mask"
    x: int | None = None
    y: int | None = None
    number: int | None = None


@dataclass(frozen=True)
class ExplanationRequest:
    """How an explanation is to be made; two equal requests on one frame give one result.

    Attributes:
        method: key of `explain.EXPLAINERS`: "lrp", "layers", "gradcam" or "hirescam".
        rule: of LRP: "epsilon", "zplus", "gamma" or "composite".
        layer: name of the layer that Grad-CAM and HiResCAM look at; empty for the last decoder block.
        target: what is explained.
        class_id: of which class.
        threshold: probability from which a pixel counts as marked, in (0, 1).
        smooth: mean over some slightly noisy copies of the frame instead of the frame alone.
        with_stability: also measure how much the map changes under small noise (costs several passes).
    """

    method: str = "lrp"
    rule: str = "gamma"
    layer: str = ""
    target: Target = Target()
    class_id: int = POLYP
    threshold: float = 0.5
    smooth: bool = False
    with_stability: bool = False

    def way(self, last_layer: str = "") -> str:
        """ "lrp epsilon", "hirescam", "gradcam at bottleneck": the ways of explaining that are measured apart."""
        if self.method in ("lrp", "layers"):
            return f"lrp {self.rule}"
        return f"{self.method} at {self.layer}" if self.layer not in ("", last_layer) else self.method


@dataclass(frozen=True, eq=False)
class LayerRelevance:
    """What arrived at one block of the network.

    Attributes:
        name: of the block, in words of the network ("encoder 2", "bottleneck", "decoder 4").
        values: (h, w) float32, signed, summed over channels, at the block's own resolution; read-only.
        total: sum of `values`; the share of the decision that passes through here.
    """

    name: str
    values: FloatArray
    total: float

    def __post_init__(self) -> None:
        self.values.setflags(write=False)


@dataclass(frozen=True)
class Trust:
    """How far an explanation can be trusted.

    Attributes:
        verdict: "sound", "unstable" or "suspect".
        reason: one sentence for the person at the screen.
        ledger_error: relevance that came in or went lost unaccounted, as a share of what was explained; None for
            methods that keep no ledger (Grad-CAM).
        inside, rim, outside: shares of the absolute relevance inside the mask, in a band around its border and
            beyond; they add up to 1.
        stability: rank correlation with the maps of slightly noisy copies, in [-1, 1]; None when not asked for.
        agreement: rank correlation with a second method, in [-1, 1]; None when there is none.
        skips: skip connection -> share of the decision that it carried.
        warning: one sentence where this way of explaining failed a check on these weights, else empty.
    """

    verdict: str
    reason: str
    ledger_error: float | None
    inside: float
    rim: float
    outside: float
    stability: float | None = None
    agreement: float | None = None
    skips: Mapping[str, float] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True, eq=False)
class Relevance:
    """Why a network marked what it marked in one frame.

    Attributes:
        frame_index, source_id: the frame that it belongs to.
        size: (height, width) of that frame in pixels.
        weights: id of the weights that were explained.
        request: how it was made.
        values: (S, S) float32 at the network's input resolution, stretched over the whole frame; signed for LRP
            (positive speaks for), not negative for Grad-CAM. What was explained counts 1. Read-only.
        lesions: the same for each lesion alone; they add up to `values`. Empty for a single pixel or lesion.
        lesion_numbers: (S, S) uint8, 0 outside, else the number of the lesion as in `lesions`, from 1; read-only.
        layers: in network order, from the picture to the mask; empty for Grad-CAM.
        trust: how far to trust it.
        latency_ms: time from frame to relevance.
    """

    frame_index: int
    source_id: str
    size: tuple[int, int]
    weights: str
    request: ExplanationRequest
    values: FloatArray
    lesions: tuple[FloatArray, ...]
    lesion_numbers: UInt8Array
    layers: tuple[LayerRelevance, ...]
    trust: Trust
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        for array in (self.values, *self.lesions, self.lesion_numbers):
            array.setflags(write=False)


@dataclass(frozen=True)
class MapCheck:
    """How true one map of a frame is.

    Attributes:
        name: "map" for the relevance; "mask", "edges" and "noise" for those that know nothing of the network's reasons.
        deletion, insertion: mean probability at what is explained while the most relevant patches are blurred, or
            restored; the same number of points each, from none to all patches.
        deletion_area, insertion_area: areas under them; small and large are good.
        randomised: rank correlation inside the mask with the map of the same network with shuffled weights; close to 0
            where the map is about what was learnt. None for the mask, which is the same everywhere in itself.
    """

    name: str
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]
    deletion_area: float
    insertion_area: float
    randomised: float | None


@dataclass(frozen=True, eq=False)
class FrameCheck:
    """How far one explanation is true to the network, beside maps that know nothing of it.

    Attributes:
        relevance: what was checked.
        maps: the relevance first, then the mask itself, an edge map and noise.
        is_learnt: whether shuffled weights give another map.
        is_faithful: whether the map does better than noise, at deletion and at insertion.
    """

    relevance: Relevance
    maps: tuple[MapCheck, ...]
    is_learnt: bool
    is_faithful: bool
