"""Two weights on the same held-out frames: is the new one better?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medseg_gui.data.dataset_folder import Example
from medseg_gui.errors import DataError, InputError
from medseg_gui.evaluation.scores import ImageScore, score_images, summarise
from medseg_gui.networks.weights import WeightsInfo
from medseg_gui.segmenter import Segmenter

# Dice; less is noise of a handful of frames.
_SAME = 0.001


@dataclass(frozen=True)
class FrameComparison:
    """One held-out frame: its Dice before and after."""

    image: str
    before: float
    after: float


@dataclass(frozen=True)
class Comparison:
    """What a fine-tuning changed on held-out frames.

    Attributes:
        before, after: as `scores.summarise` gives them.
        frames: those that show the object, the largest loss first.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    frames: tuple[FrameComparison, ...]

    @property
    def is_proposed(self) -> bool:
        """Whether the new weights may be proposed as active: not worse in Dice, and no more false alarms."""
        if self.after["falsely_marked"] > self.before["falsely_marked"]:
            return False
        if self.before["dice"] is None:
            return True
        return bool(self.after["dice"] >= self.before["dice"] - _SAME)

    @property
    def sentence(self) -> str:
        """What came of it, for the person at the screen."""
        told = []
        if self.before["dice"] is not None:
            told.append(
                f"Dice on {self.after['images']} held-out frames: {self.before['dice']:.4f} → {self.after['dice']:.4f}"
            )
        if self.after["empty_images"]:
            alarms = f"{self.before['falsely_marked']} → {self.after['falsely_marked']}"
            told.append(f"false alarms on {self.after['empty_images']} frames that show none: {alarms}")
        return "; ".join(told) + ("." if self.is_proposed else "; the new weights are worse and are not proposed.")


def compare(before: WeightsInfo, after: WeightsInfo, held_out: Sequence[Example], device: str = "auto") -> Comparison:
    """Measure both on the same frames, each at its own threshold.

    Args:
        held_out: frames that neither the old nor the new weights learnt from.

    Raises:
        DataError: there are no frames, or one cannot be read.
        InputError: the two mark different classes.
    """
    if not held_out:
        raise DataError("There are no held-out frames to compare on; keep those of one patient back.")
    if before.class_id != after.class_id:
        raise InputError(f"{before.name} and {after.name} mark different classes and cannot be compared.")
    old, new = (score_images(held_out, Segmenter(info, device), [info.threshold]) for info in (before, after))
    frames = [
        FrameComparison(b.image, b.measure("dice", before.threshold), a.measure("dice", after.threshold))
        for b, a in zip(old, new, strict=True)
        if a.has_object
    ]
    frames.sort(key=lambda f: f.after - f.before)
    return Comparison(_summary(old, before), _summary(new, after), tuple(frames))


def _summary(scores: Sequence[ImageScore], info: WeightsInfo) -> dict[str, Any]:
    return summarise(scores, info.threshold)
