"""How each hospital's pictures look: colour cast, shape of the field of view, what is burnt in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from medseg_gui.types import BoolArray, FloatArray, UInt8Array

Shape = Literal["octagon", "circle", "full", "cut corners"]


@dataclass(frozen=True)
class Centre:
    """The look of one hospital.

    Attributes:
        name: "C1" …
        cast: RGB gains.
        shape: of the field of view.
        border: black margin left and right, share of the width.
        text: burnt in at the left, line by line.
        inset: whether a second picture stands beside the first.
        scope_guide: whether the scope's position is drawn at the lower left.
        gamma: contrast.
    """

    name: str
    cast: tuple[float, float, float]
    shape: Shape
    border: float
    text: tuple[str, ...]
    inset: bool
    scope_guide: bool
    gamma: float


# Width of the field of view over its height, at most.
_WIDEST = {"octagon": 1.25, "circle": 1.15, "full": 2.0, "cut corners": 1.35}

CENTRES = (
    Centre("C1", (1.0, 0.96, 0.92), "octagon", 0.0, (), False, False, 2.2),
    Centre("C2", (1.06, 0.92, 0.84), "cut corners", 0.1, ("EhA1", "Cm:1"), False, False, 2.0),
    Centre("C3", (0.95, 1.0, 1.03), "circle", 0.12, ("12/03/2019", "10:41:22", "Z:1.0"), False, False, 2.3),
    Centre("C4", (1.02, 0.98, 0.82), "octagon", 0.14, ("NR:",), False, True, 2.1),
    Centre("C5", (1.08, 0.9, 0.9), "full", 0.0, (), True, False, 2.4),
    Centre("C6", (0.92, 1.02, 0.9), "cut corners", 0.05, ("CVP:34", "D.F:"), True, True, 2.0),
)


def centre_of(number: int) -> Centre:
    """The look of a hospital by its number from 0; there are six, then they come again."""
    return CENTRES[number % len(CENTRES)]


def field_of_view(centre: Centre, size: tuple[int, int]) -> BoolArray:
    """(H, W) bool, True where the lens shows the body."""
    height, width = size
    # The sensor is nearly square: what a wide frame has more stays black.
    half_width = min(width * (1 - 2 * centre.border), _WIDEST[centre.shape] * height) / 2
    x = np.abs(np.arange(width) - (width - 1) / 2)[None, :] / half_width
    y = np.abs(np.arange(height) - (height - 1) / 2)[:, None] / (height / 2 * 0.98)
    inside = (x <= 1) & (y <= 1)
    if centre.shape == "circle":
        return inside & (np.hypot(x * half_width, y * height / 2) <= 1.12 * height / 2)
    if centre.shape == "octagon":
        return inside & (x + y <= 1.52)
    if centre.shape == "cut corners":
        return inside & (x + y <= 1.8)
    return inside


def expose(centre: Centre, rgb: FloatArray) -> UInt8Array:
    """Linear light to 8-bit RGB: the hospital's cast and contrast, bright parts rolled off as a sensor does."""
    bright = rgb * np.array(centre.cast, np.float32)
    rolled = 1 - np.exp(-1.35 * np.maximum(bright, 0))
    return (np.clip(rolled ** (1 / (centre.gamma * 0.62)), 0, 1) * 255).astype(np.uint8)


def burn_in(centre: Centre, rgb: UInt8Array, rng: np.random.Generator) -> BoolArray:
    """Draw text, inset and scope guide, in place; gives (H, W) bool, True where they hide the body."""
    hidden = np.zeros(rgb.shape[:2], bool)
    if centre.inset:
        hidden |= _inset(rgb)
    if centre.scope_guide:
        hidden |= _scope_guide(rgb, rng)
    _text(rgb, centre.text)
    return hidden


def _text(rgb: UInt8Array, lines: tuple[str, ...]) -> None:
    scale = rgb.shape[0] / 900
    for i, line in enumerate(lines):
        place = (int(0.012 * rgb.shape[1]), int(rgb.shape[0] * (0.1 + 0.045 * i)))
        cv2.putText(rgb, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (225, 225, 225), 1, cv2.LINE_AA)


def _inset(rgb: UInt8Array) -> BoolArray:
    """The picture once more, small, at the upper right."""
    height, width = rgb.shape[:2]
    h, w = height // 5, width // 5
    small = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA)
    top, left = height // 40, width - w - width // 40
    rgb[top : top + h, left : left + w] = small
    cv2.rectangle(rgb, (left - 1, top - 1), (left + w, top + h), (10, 10, 10), 1)
    hidden = np.zeros((height, width), bool)
    hidden[top - 1 : top + h + 1, left - 1 : left + w + 1] = True
    return hidden


def _scope_guide(rgb: UInt8Array, rng: np.random.Generator) -> BoolArray:
    """The coil picture: a green line in a dark square."""
    height, width = rgb.shape[:2]
    side = height // 4
    top, left = height - side, 0
    corner = rgb[top : top + side, left : left + side]
    corner[:] = (2, 12, 4)
    t = np.linspace(0, 1, 40)
    x = side * (0.5 + 0.3 * np.sin(2 * np.pi * (t * rng.uniform(0.7, 1.2) + rng.random())))
    y = side * (0.9 - 0.8 * t)
    points = np.stack([x, y], axis=1).astype(np.int32)
    canvas = np.ascontiguousarray(corner)
    cv2.polylines(canvas, [points], False, (60, 220, 90), max(2, side // 28), cv2.LINE_AA)
    corner[:] = canvas
    hidden = np.zeros((height, width), bool)
    hidden[top:, : left + side] = True
    return hidden
