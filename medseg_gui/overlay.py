"""What is laid over a frame, as arrays: label maps, outlines, colours. No window here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.types import BACKGROUND, INSTRUMENT, POLYP, FloatArray, Segmentation, UInt8Array

MaskStyle = Literal["filled", "outline", "off"]
Colour = tuple[int, int, int]

# Each pair differs in lightness and in hue on red tissue, also for people who do not see red or green.
PALETTES: dict[str, dict[int, Colour]] = {
    "Cyan and yellow": {POLYP: (0, 229, 255), INSTRUMENT: (255, 221, 0)},
    "Colour-blind safe": {POLYP: (86, 180, 233), INSTRUMENT: (240, 228, 66)},  # Okabe & Ito 2008
    "Green and magenta": {POLYP: (0, 255, 127), INSTRUMENT: (255, 130, 255)},
}
# Of the longer side, how far a drawn outline may stray: less than a pixel of a screen on which the frame is fitted.
# At 1280x720 it leaves a quarter of the points; painting them all took 8 ms instead of 2, at each frame.
_STRAY = 1 / 1700
DEFAULT_PALETTE = "Cyan and yellow"


@dataclass(frozen=True, eq=False)
class Overlay:
    """All that is drawn over one frame.

    Attributes:
        frame_index, source_id: the frame it belongs to.
        outlines: class id -> closed contours, each (N, 2) float32 x, y in frame pixels; holes run inside
            their surround, so an odd-even fill leaves them open.
        probability: (H, W, 4) uint8 RGBA picture of the probability, None when it is not shown.
        areas_px: class id -> marked pixels.
    """

    frame_index: int
    source_id: str
    outlines: Mapping[int, tuple[NDArray[np.float32], ...]]
    probability: UInt8Array | None
    areas_px: Mapping[int, int]


def label_map(segmentation: Segmentation, thresholds: Mapping[int, float]) -> UInt8Array:
    """Class of each pixel at the frame's own resolution.

    Probability is stretched bilinearly to the frame and cut at its class's threshold; where two classes pass,
    the one further above its threshold wins.

    Args:
        segmentation: probabilities per class.
        thresholds: class id -> threshold in (0, 1]; 0.5 for a class that is missing.

    Returns:
        (H, W) uint8 class ids.
    """
    height, width = segmentation.size
    labels = np.full((height, width), BACKGROUND, np.uint8)
    lead = np.zeros((height, width), np.float32)
    for class_id, probability in segmentation.probability.items():
        stretched = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
        above = stretched - thresholds.get(class_id, 0.5)
        wins = (above >= 0) & ((labels == BACKGROUND) | (above > lead))
        labels[wins] = class_id
        np.copyto(lead, above, where=wins)
    return labels


def outlines(labels: UInt8Array, class_id: int) -> tuple[NDArray[np.float32], ...]:
    """Contours of one class, outer ones and holes.

    Args:
        labels: (H, W) uint8 class ids.
        class_id: whose contours.

    Returns:
        Closed contours, each (N, 2) float32 x, y of pixel centres.
    """
    mask = (labels == class_id).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return tuple(c[:, 0, :].astype(np.float32) + 0.5 for c in contours if len(c) >= 3)


def lightened(contour: NDArray[np.float32], stray_px: float) -> NDArray[np.float32]:
    """A contour without the steps of its pixels: they are not seen, and painting takes as long as it has points.

    Args:
        contour: (N, 2) float32 x, y in pixels, closed.
        stray_px: how far it may lie from the original one.

    Returns:
        (M, 2) float32, M <= N; the contour as it is where nothing of it would be left.
    """
    light = cv2.approxPolyDP(contour[:, None], stray_px, True)[:, 0]
    return contour if len(light) < 3 else light.astype(np.float32, copy=False)


def compose(
    segmentation: Segmentation,
    thresholds: Mapping[int, float],
    show_probability: bool = False,
) -> Overlay:
    """Everything to draw for one segmentation; the probability shown is that of the likeliest class of each pixel."""
    labels = label_map(segmentation, thresholds)
    stray_px = max(segmentation.size) * _STRAY
    classes = list(segmentation.probability)
    picture = None
    if show_probability and classes:
        likeliest = np.maximum.reduce(list(segmentation.probability.values()))
        picture = colour_probability(likeliest, segmentation.size)
    return Overlay(
        frame_index=segmentation.frame_index,
        source_id=segmentation.source_id,
        outlines={c: tuple(lightened(o, stray_px) for o in outlines(labels, c)) for c in classes},
        probability=picture,
        areas_px={c: int(np.count_nonzero(labels == c)) for c in classes},
    )


def colour_probability(probability: FloatArray, size: tuple[int, int]) -> UInt8Array:
    """Perceptually uniform picture of a probability; the unlikely is clear, so that tissue shows through.

    Args:
        probability: (h, w) float32 in [0, 1].
        size: (height, width) of the picture.

    Returns:
        (H, W, 4) uint8 RGBA, read-only.
    """
    height, width = size
    levels = cv2.resize((probability * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[..., :3] = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1]
    rgba[..., 3] = np.minimum(levels.astype(np.uint16) * 2, 255).astype(np.uint8)
    rgba.setflags(write=False)
    return rgba


def colour_mask(
    labels: UInt8Array, palette: Mapping[int, Colour], opacity: float = 0.35, style: MaskStyle = "filled"
) -> UInt8Array:
    """Picture of a label map: the area tinted, its rim opaque.

    Args:
        labels: (H, W) uint8 class ids.
        palette: class id -> RGB.
        opacity: of the area, in [0, 1].
        style: "outline" leaves the area clear, "off" everything.

    Returns:
        (H, W, 4) uint8 RGBA.
    """
    rgba = np.zeros((*labels.shape, 4), np.uint8)
    if style == "off":
        return rgba
    thickness = max(1, round(max(labels.shape) / 400))
    for class_id, colour in palette.items():
        if style == "filled":
            rgba[labels == class_id] = (*colour, round(opacity * 255))
        contours = [c.round().astype(np.int32) for c in outlines(labels, class_id)]
        cv2.polylines(rgba, contours, True, (*colour, 255), thickness, cv2.LINE_8)
    return rgba


def blend(rgb: UInt8Array, rgba: UInt8Array) -> UInt8Array:
    """Lay an RGBA picture over an RGB one of the same size; gives (H, W, 3) uint8."""
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgb.astype(np.uint16) * (255 - alpha) + rgba[..., :3].astype(np.uint16) * alpha
    return ((mixed + 127) // 255).astype(np.uint8)
