"""How restless and how unsure predictions are, to sort frames for review."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg_gui.editing.change import Labels
from medseg_gui.editing.flow import motion
from medseg_gui.types import FloatArray, UInt8Array


def flicker(mask: UInt8Array, rgb: UInt8Array, previous_mask: UInt8Array, previous_rgb: UInt8Array) -> float:
    """Share of a frame's marked pixels on which the previous mask, moved along with the tissue, disagrees.

    Args:
        mask, previous_mask: (H, W) uint8 class ids.
        rgb, previous_rgb: (H, W, 3) uint8 RGB.

    Returns:
        float in [0, 1]: 0 when both agree or nothing is marked, 1 when they have no pixel in common.

    Raises:
        ShapeError: the frames differ in size.
    """
    if not (mask.any() or previous_mask.any()):
        return 0.0
    labels: Labels = previous_mask.astype(np.uint16)
    moved = motion(rgb, previous_rgb).carry(labels)
    marked = (mask > 0) | (moved > 0)
    return float((moved != mask)[marked].mean()) if marked.any() else 0.0


def mean_entropy(probabilities: Sequence[FloatArray]) -> float:
    """Entropy of the mean of several predictions of one frame, in bits a pixel.

    Args:
        probabilities: each (h, w) float in [0, 1], of the frame and of its mirrored or turned copies, turned back.

    Returns:
        float in [0, 1].

    Source: Wang et al. 2019 (test-time augmentation); Shannon 1948, section 6.
    """
    p = np.clip(np.mean(np.stack(probabilities), axis=0, dtype=np.float64), 1e-7, 1 - 1e-7)
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean())
