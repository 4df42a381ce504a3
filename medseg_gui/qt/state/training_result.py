"""What came of a fine-tuning: figures on held-out frames, one of them before and after, and the versions there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_gui.types import UInt8Array


@dataclass(frozen=True)
class HeldOutFrame:
    """One held-out frame.

    Attributes:
        image: its file name.
        before, after: Dice; None where it does not show the class.
        title: what a person calls it, "" when nobody knows.
    """

    image: str
    before: float | None
    after: float | None
    title: str = ""


@dataclass(frozen=True)
class Verdict:
    """Both weights on the same frames.

    Attributes:
        sentence: what came of it.
        is_proposed: whether the new weights are not worse.
        before, after: as `evaluation.scores.summarise` gives them.
        frames: the largest loss first.
    """

    sentence: str
    is_proposed: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    frames: tuple[HeldOutFrame, ...]


Contours = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class FrameSides:
    """One held-out frame as both weights see it.

    Attributes:
        image: its file name.
        rgb: (H, W, 3) uint8.
        truth: outlines of the corrected mask, each (N, 2) float32 x, y in pixels of the frame.
        masks: (before, after) outlines.
        relevance: (before, after) RGBA (h, w, 4) uint8 to be stretched over the frame; None where nothing is marked.
    """

    image: str
    rgb: UInt8Array
    truth: Contours
    masks: tuple[Contours, Contours]
    relevance: tuple[UInt8Array | None, UInt8Array | None]


@dataclass(frozen=True)
class VersionEntry:
    """A version of weights that a person accepted.

    Attributes:
        name: of the weights.
        class_id: what they mark.
        parent: id of what they come from.
        before, after: Dice on the held-out frames of their own fine-tuning; None where none was measured.
        recipe: in a few words.
        is_active: whether they are the ones in use.
    """

    name: str
    class_id: int
    parent: str
    before: float | None
    after: float | None
    recipe: str
    is_active: bool


@dataclass(frozen=True)
class AugmentationPreview:
    """What guided augmentation would take away.

    Attributes:
        accuracy: of the classifier that tells the centres apart, in [0, 1].
        centres: how many it tells apart.
        rows: files of each sample frame: as it is, activation map over it, what is left of it.
    """

    accuracy: float
    centres: int
    rows: tuple[tuple[str, str, str], ...]
