"""Metal instruments and snares, drawn in the picture with their exact masks."""

from __future__ import annotations

import cv2
import numpy as np

from medseg_gui.types import BoolArray, FloatArray

_STEEL = np.array([0.62, 0.64, 0.66], np.float32)
_SHEATH = np.array([0.80, 0.82, 0.84], np.float32)


def draw_instrument(rgb: FloatArray, rng: np.random.Generator, reach: float = 1.0) -> BoolArray:
    """Draw a grasper or a snare into a picture, in place.

    Args:
        rgb: (H, W, 3) float32 linear light.
        rng: where chance comes from; the same state gives the same instrument.
        reach: how far it has come in, 0 outside, 1 fully.

    Returns:
        (H, W) bool, True on the instrument.
    """
    height, width = rgb.shape[:2]
    side = rng.uniform(-0.35, 0.35)
    angle = float(rng.choice([np.pi * 0.25, np.pi * 0.75])) + side
    entry = np.array([width / 2 + 0.75 * width * np.cos(angle), height / 2 + 0.75 * height * np.sin(angle)])
    goal = np.array([width, height]) * rng.uniform(0.4, 0.6, 2)
    tip = entry + (goal - entry) * np.clip(reach, 0, 1)
    thick = 0.035 * min(height, width) * rng.uniform(0.8, 1.3)
    is_snare = rng.random() < 0.35
    mask = _capsule(rgb, entry, tip, thick * (0.7 if is_snare else 1.0), 0.75, _SHEATH if is_snare else _STEEL)
    ahead = (tip - entry) / max(float(np.linalg.norm(tip - entry)), 1e-6)
    if is_snare:
        return mask | _wire(rgb, tip, ahead, thick * 3.2 * rng.uniform(0.8, 1.4))
    opening = rng.uniform(0.15, 0.5)
    for turn in (-opening, opening):
        jaw = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ ahead
        mask |= _capsule(rgb, tip, tip + 3.0 * thick * jaw, 0.45 * thick, 0.35, _STEEL)
    return mask


def _capsule(
    rgb: FloatArray, start: FloatArray, end: FloatArray, radius: float, narrow: float, colour: FloatArray
) -> BoolArray:
    """A round bar from start to end that narrows towards its end, lit along its middle."""
    height, width = rgb.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    along = end - start
    length = max(float(along @ along), 1e-6)
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length, 0, 1)
    across = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    r = radius * (1 - (1 - narrow) * share)
    mask = across < r
    round_ = np.sqrt(np.clip(1 - np.square(across / np.maximum(r, 1e-6)), 0, 1))
    light = 0.15 + 0.6 * round_ + 0.9 * np.clip(round_, 0, 1) ** 24
    bands = 1 - 0.12 * (np.sin(share * np.sqrt(length) / radius * 2.2) > 0.6)
    rgb[mask] = (colour * (light * bands * (0.55 + 0.45 * (1 - share)))[..., None])[mask]
    return mask


def _wire(rgb: FloatArray, tip: FloatArray, ahead: FloatArray, size: float) -> BoolArray:
    """The open loop of a snare."""
    height, width = rgb.shape[:2]
    centre = tip + ahead * size
    stroke = np.zeros((height, width), np.uint8)
    degrees = float(np.degrees(np.arctan2(ahead[1], ahead[0])))
    axes = (max(int(size), 1), max(int(size * 0.62), 1))
    thickness = max(2, round(size * 0.09))
    cv2.ellipse(stroke, (int(centre[0]), int(centre[1])), axes, degrees, 0, 360, 255, thickness)
    mask = stroke > 0
    core = cv2.erode(stroke, np.ones((3, 3), np.uint8)) > 0
    rgb[mask] = (0.35, 0.36, 0.38)
    rgb[core] = (0.75, 0.77, 0.8)
    return mask
