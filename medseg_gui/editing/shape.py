"""Grow, shrink and smooth a lesion, with round discs whatever the distance."""

from __future__ import annotations

import cv2
import numpy as np

from medseg_gui.editing.change import Change
from medseg_gui.editing.lesions import NO_LESION, Lesions, lesion_box
from medseg_gui.types import BoolArray, FloatArray


def grow(lesions: Lesions, lesion_id: int, distance_px: float) -> Change:
    """Add all that is at most so far from a lesion; other lesions are spared."""
    box = lesion_box(lesions, lesion_id)
    if box.is_empty:
        return lesions.paint(np.zeros(box.shape, np.bool_), box, lesion_id)
    box = box.grown(int(np.ceil(distance_px)) + 1, lesions.shape)
    region = lesions.labels[box.slices] == lesion_id
    return lesions.paint(distance_to(region) <= distance_px, box, lesion_id, over=(NO_LESION, lesion_id))


def shrink(lesions: Lesions, lesion_id: int, distance_px: float) -> Change:
    """Take away all of a lesion that is at most so far from what is not of it; the frame's edge does not count."""
    box = lesion_box(lesions, lesion_id)
    if box.is_empty:
        return lesions.paint(np.zeros(box.shape, np.bool_), box, lesion_id)
    box = box.grown(int(np.ceil(distance_px)) + 1, lesions.shape)
    region = lesions.labels[box.slices] == lesion_id
    return lesions.paint(region & (distance_to(~region) <= distance_px), box, NO_LESION)


def smooth(lesions: Lesions, lesion_id: int, radius_px: float) -> Change:
    """Round off a lesion's outline: pixels go to where most of their neighbourhood belongs.

    Args:
        lesions: of the frame.
        lesion_id: which.
        radius_px: standard deviation of the neighbourhood; details smaller than that go.
    """
    box = lesion_box(lesions, lesion_id)
    if box.is_empty or radius_px <= 0:
        return lesions.paint(np.zeros(box.shape, np.bool_), box, lesion_id)
    box = box.grown(int(np.ceil(3 * radius_px)) + 1, lesions.shape)
    region = lesions.labels[box.slices] == lesion_id
    share = cv2.GaussianBlur(region.astype(np.float32), (0, 0), radius_px, borderType=cv2.BORDER_REPLICATE)
    return lesions.replace(share >= 0.5, box, lesion_id)


def distance_to(region: BoolArray) -> FloatArray:
    """(H, W) float32 distance in pixels from each pixel's centre to the nearest one of a region; inf without any.

    Source: Felzenszwalb & Huttenlocher 2012, the exact Euclidean transform that OpenCV computes.
    """
    if not region.any():
        return np.full(region.shape, np.inf, np.float32)
    distance = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance.astype(np.float32, copy=False)


def signed_distance(region: BoolArray) -> FloatArray:
    """(H, W) float32 distance in pixels to the rim of a region, negative inside; without a rim, height plus width."""
    furthest = sum(region.shape)
    distance = np.where(region, 0.5 - distance_to(~region), distance_to(region) - 0.5)
    return np.clip(distance, -furthest, furthest).astype(np.float32)
