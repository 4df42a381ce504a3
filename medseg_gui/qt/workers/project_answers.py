"""What the project's thread answers, made from an open project. No Qt here, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from medseg_gui.editing.lesions import Lesions
from medseg_gui.errors import DataError
from medseg_gui.overlay import outlines
from medseg_gui.project.records import REVIEWED, FrameFilter, FrameKey, FrameRecord, Lesion, label_map
from medseg_gui.qt.state.project import STATE_CODES, FormatInfo, FrameContent, ProjectInfo
from medseg_gui.qt.state.project_orders import ListFrames
from medseg_gui.qt.state.review import BY_TIME, DISAGREEMENT, SCORES, Comparison, FrameList

if TYPE_CHECKING:
    from medseg_gui.project.store import Project
    from medseg_gui.project.unsaved import Unsaved


def describe(project: Project, is_default: bool) -> ProjectInfo:
    """What the window is to know of a project."""
    from medseg_gui.project.place import read_place

    records = tuple(project.sources())
    paths = {r.hash: project.path_of(r) for r in records}
    missing = frozenset(r.hash for r in project.missing_sources())
    place = read_place(project.folder)
    known = place if place is not None and place.source_hash in paths else None
    return ProjectInfo(project.folder, is_default, project.reader, records, paths, missing, known)


def formats() -> tuple[FormatInfo, ...]:
    """The exchange formats."""
    from medseg_gui.project.exchange import FORMATS

    return tuple(FormatInfo(name, f.loses, f.can_read) for name, f in FORMATS.items())


def read_content(project: Project, unsaved: Unsaved, key: FrameKey) -> FrameContent:
    """Record and mask of a frame as the user left it, saved or not."""
    record = project.frame(key)
    if record is None:
        return FrameContent(key, None, None)
    return FrameContent(key, record, mask_of(unsaved.read_mask(key), record.size, record.state))


def mask_of(lesions: tuple[Lesion, ...], size: tuple[int, int], state: str) -> Lesions | None:
    """Lesions as the tools want them; None when nobody marked anything, nor said that there is nothing."""
    if not lesions and state not in REVIEWED:
        return None
    return Lesions(label_map(lesions, size), {x.lesion_id: x.class_id for x in lesions})


def list_frames(project: Project, wish: ListFrames) -> FrameList:
    """Frames in the order that is asked for; without scores, in that of time."""
    from medseg_gui.project.review import ordered_frames

    if wish.order == DISAGREEMENT:
        return _list_disagreement(project, wish)
    scores = project.scores(wish.order) if wish.order in SCORES else {}
    weights = project.score_weights(wish.order) if scores else {}
    order = wish.order if scores or wish.order not in SCORES else BY_TIME
    records = tuple(ordered_frames(project, order, wish.wanted, wish.seed))
    values = np.array([scores.get(r.key, np.nan) for r in records], np.float32)
    return FrameList(wish.order, records, values, tuple(weights.get(r.key, "") for r in records) if scores else ())


def _list_disagreement(project: Project, wish: ListFrames) -> FrameList:
    from medseg_gui.project.review import reader_agreement

    wanted = {r.key: r for r in project.frames(wish.wanted)}
    found = [a for a in reader_agreement(project, wish.class_id) if a.key in wanted]
    values = np.array([a.dice for a in found], np.float32)
    return FrameList(wish.order, tuple(wanted[a.key] for a in found), values)


def read_lane(project: Project, source_hash: str, frame_count: int) -> np.ndarray:
    """(frame_count,) uint8 STATE_CODES of the frames of a source, 0 for those that the project does not know."""
    lane = np.zeros(frame_count, np.uint8)
    for record in project.frames(FrameFilter(source_hash=source_hash)):
        if record.key.index < frame_count:
            lane[record.key.index] = STATE_CODES[record.state]
    return lane


def compare_readers(project: Project, key: FrameKey, class_id: int) -> Comparison:
    """Where the two readers differ on a frame.

    Raises:
        DataError: the project does not know the frame.
    """
    from medseg_gui.project.review import disagreement

    record: FrameRecord | None = project.frame(key)
    if record is None:
        raise DataError("Neither reader has marked anything on this frame; choose one of the list.")
    regions = disagreement(project, key, class_id)
    masks = {1: np.isin(regions, (1, 2)), 2: np.isin(regions, (1, 3))}
    marked = int(sum(mask.sum() for mask in masks.values()))
    different = int((regions > 1).sum())
    dice = 1.0 if not marked else (marked - different) / marked
    contours = {reader: outlines(mask.astype(np.uint8), 1) for reader, mask in masks.items()}
    return Comparison(key, dice, different, contours)
