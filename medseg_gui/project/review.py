"""In which order a person sees the frames, and where two readers disagree."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from medseg_gui.errors import DataError
from medseg_gui.project.records import PREDICTED, REVIEWED, TO_DO, FrameFilter, FrameKey, FrameRecord, class_mask
from medseg_gui.project.store import EVERYTHING, Project
from medseg_gui.types import BoolArray, UInt8Array

BY_TIME = "time"
AT_RANDOM = "random"
OPEN_STATES = (TO_DO, PREDICTED)


class ReviewQueue:
    """Frames to be walked through. It keeps its order while their states change; make a new one for another order.

    Args:
        project: open.
        order: "time", "random", or the name of scores (`Project.set_scores`), highest first, unscored ones last.
        wanted: which frames.
        seed: of the random order; the same seed gives the same order.

    Raises:
        DataError: no frame has such a score.
    """

    def __init__(self, project: Project, order: str = BY_TIME, wanted: FrameFilter = EVERYTHING, seed: int = 0) -> None:
        self._project, self.wanted = project, wanted
        self.keys = tuple(f.key for f in ordered_frames(project, order, wanted, seed))
        self._place_of = {key: place for place, key in enumerate(self.keys)}
        self._place = -1

    @property
    def current(self) -> FrameKey | None:
        """The frame that is looked at; None before the first step."""
        return self.keys[self._place] if 0 <= self._place < len(self.keys) else None

    def next(self) -> FrameKey | None:
        """Go to the next frame; None at the end, where one stays on the last."""
        if self._place + 1 >= len(self.keys):
            return None
        self._place += 1
        return self.current

    def previous(self) -> FrameKey | None:
        """Go to the frame before; None at the beginning."""
        if self._place <= 0:
            return None
        self._place -= 1
        return self.current

    def go_to(self, key: FrameKey) -> bool:
        """Go on from a frame that the user came to otherwise; False when it is not in the queue."""
        place = self._place_of.get(key)
        if place is not None:
            self._place = place
        return place is not None

    def progress(self) -> tuple[int, int]:
        """(frames of this source, centre and class that a person decided on, all of them)."""
        everything = FrameFilter(None, self.wanted.source_hash, self.wanted.centre, self.wanted.class_id)
        counts = self._project.progress(everything)
        total = sum(counts.values())
        return total - sum(counts[state] for state in OPEN_STATES), total


@dataclass(frozen=True)
class Agreement:
    """How far two readers agree on a frame.

    Attributes:
        key: the frame.
        dice: of all pixels of the class, 1 when both marked none, in [0, 1].
        disagreement_px: pixels that one of the two marked.
    """

    key: FrameKey
    dice: float
    disagreement_px: int


def reader_agreement(project: Project, class_id: int, readers: tuple[int, int] = (1, 2)) -> list[Agreement]:
    """Frames that both readers corrected or accepted, the worst agreement first.

    Args:
        project: open.
        class_id: the class to compare.
        readers: whose masks.
    """
    both = project.frames_read_by(readers, REVIEWED)
    found = []
    for record in both:
        first, second = (_class_pixels(project, record, reader, class_id) for reader in readers)
        marked, different = int(first.sum() + second.sum()), int((first != second).sum())
        found.append(Agreement(record.key, 1.0 if not marked else (marked - different) / marked, different))
    return sorted(found, key=lambda a: (a.dice, -a.disagreement_px))


def disagreement(project: Project, key: FrameKey, class_id: int, readers: tuple[int, int] = (1, 2)) -> UInt8Array:
    """Where two readers differ on a frame.

    Returns:
        (H, W) uint8: 0 neither, 1 both, 2 only the first, 3 only the second reader.

    Raises:
        DataError: the frame is not known.
    """
    record = project.frame(key)
    if record is None:
        raise DataError(f"The project does not know frame {key.index}.")
    first, second = (_class_pixels(project, record, reader, class_id) for reader in readers)
    return np.select([first & second, first, second], [1, 2, 3], 0).astype(np.uint8)


def _class_pixels(project: Project, record: FrameRecord, reader: int, class_id: int) -> BoolArray:
    lesions = [x for x in project.read_mask(record.key, reader) if x.class_id == class_id]
    return np.asarray(class_mask(lesions, record.size) > 0)


def ordered_frames(
    project: Project, order: str = BY_TIME, wanted: FrameFilter = EVERYTHING, seed: int = 0
) -> list[FrameRecord]:
    """Frames in the order in which they are reviewed; arguments and errors as of `ReviewQueue`."""
    frames = project.frames(wanted)
    if order == BY_TIME:
        return frames
    if order == AT_RANDOM:
        return random.Random(seed).sample(frames, len(frames))
    scores = project.scores(order)
    if not scores:
        raise DataError(f"No frame has the score {order}; let it be computed first, or review by time.")
    return sorted(frames, key=lambda f: -scores.get(f.key, -np.inf))
