"""GrabCut from a box or from scribbles, on a scaled-down crop, so that it answers at once at any resolution."""

from __future__ import annotations

import cv2
import numpy as np

from medseg_gui.editing.change import Box, Change, box_of
from medseg_gui.editing.lesions import NO_LESION, Lesions
from medseg_gui.errors import InputError
from medseg_gui.types import BoolArray, UInt8Array

_SIDE_PX = 320
_MARGIN = 0.4  # of the box's longer side: what surrounds an object teaches the colours of the background
_ROUNDS = 4


def grabcut_box(lesions: Lesions, rgb: UInt8Array, box: Box, lesion_id: int, class_id: int | None = None) -> Change:
    """Find the object in a box; nothing outside the box is taken.

    Args:
        lesions: of the frame.
        rgb: (H, W, 3) uint8, RGB.
        box: drawn around the object.
        lesion_id, class_id: whose the pixels become, as `Lesions.paint`.

    Raises:
        InputError: the box holds no pixel of the frame.

    Source: Rother, Kolmogorov & Blake 2004.
    """
    box = box.clipped(lesions.shape)
    if box.is_empty:
        raise InputError("This box lies outside the frame; draw it around the lesion.")
    around = box.grown(round(_MARGIN * max(box.shape)) + 2, lesions.shape)
    trimap = np.full(around.shape, cv2.GC_BGD, np.uint8)
    trimap[_inside(box, around).slices] = cv2.GC_PR_FGD
    return _cut(lesions, rgb, around, trimap, lesion_id, class_id)


def grabcut_scribble(
    lesions: Lesions,
    rgb: UInt8Array,
    inside: BoolArray,
    outside: BoolArray,
    lesion_id: int,
    class_id: int | None = None,
) -> Change:
    """Find the object that one scribble lies in and another does not.

    What the lesion is so far counts as probably inside; a frame around the scribbles counts as probably outside.

    Args:
        lesions: of the frame.
        rgb: (H, W, 3) uint8, RGB.
        inside, outside: (H, W) bool, what was scribbled over; `outside` may be empty.
        lesion_id, class_id: whose the pixels become.

    Raises:
        InputError: nothing was scribbled inside.
    """
    marked = box_of(inside)
    if marked.is_empty:
        raise InputError("No scribble lies in the lesion; draw a line over it.")
    known = marked.union(box_of(outside)).union(box_of(lesions.region(lesion_id)) if lesion_id else marked)
    around = known.grown(round(max(known.shape)) + 2, lesions.shape)
    trimap = np.full(around.shape, cv2.GC_PR_BGD, np.uint8)
    trimap[lesions.labels[around.slices] == lesion_id] = cv2.GC_PR_FGD
    trimap[inside[around.slices]] = cv2.GC_FGD
    trimap[outside[around.slices]] = cv2.GC_BGD
    return _cut(lesions, rgb, around, trimap, lesion_id, class_id)


def _cut(
    lesions: Lesions, rgb: UInt8Array, box: Box, trimap: UInt8Array, lesion_id: int, class_id: int | None
) -> Change:
    scale = min(_SIDE_PX / max(box.shape), 1.0)
    size = max(round(box.shape[1] * scale), 1), max(round(box.shape[0] * scale), 1)
    crop = np.ascontiguousarray(rgb[box.slices])
    picture = cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    small = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
    share = _foreground(picture, small).astype(np.float32)
    region = cv2.resize(share, box.shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5
    region = (region | (trimap == cv2.GC_FGD)) & (trimap != cv2.GC_BGD)
    if lesion_id == NO_LESION:
        return lesions.paint(region, box, NO_LESION)
    return lesions.replace(region, box, lesion_id, class_id)


def _foreground(picture: UInt8Array, trimap: UInt8Array) -> BoolArray:
    """(h, w) bool. GrabCut needs pixels of both kinds; with one kind only there is nothing to cut."""
    certain_or_likely = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if certain_or_likely.all() or not certain_or_likely.any():
        return certain_or_likely
    cv2.setRNGSeed(0)  # the colour clusters start at random; the same scribble must give the same mask
    trimap = trimap.copy()
    whole = (0, 0, 0, 0)  # not looked at in this mode
    cv2.grabCut(picture, trimap, whole, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _inside(box: Box, around: Box) -> Box:
    return Box(box.x0 - around.x0, box.y0 - around.y0, box.x1 - around.x0, box.y1 - around.y0)
