"""Lesions of a frame with all that is drawn and told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_gui.editing.lesions import Lesions

Outline = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class LesionPicture:
    """Lesions, ready to be painted and listed; made on a worker, because outlines of a 4K mask take a while.

    Attributes:
        lesions: of one frame.
        outlines: lesion id -> closed contours, each (N, 2) float32 x, y in pixels of the frame.
        areas_px: lesion id -> marked pixels.
    """

    lesions: Lesions
    outlines: Mapping[int, Outline]
    areas_px: Mapping[int, int]

    @classmethod
    def empty(cls, size: tuple[int, int]) -> LesionPicture:
        """A frame of (height, width) pixels without lesions."""
        return cls(Lesions.empty(size), {}, {})

    def largest(self, class_id: int) -> int:
        """Id of the largest lesion of a class, 0 when there is none."""
        of_class = [i for i, c in self.lesions.classes.items() if c == class_id and self.areas_px.get(i)]
        return max(of_class, key=lambda i: self.areas_px[i], default=0)
