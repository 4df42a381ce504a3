"""What the window knows of the project: which one is open, what is saved, and what it says of the frame on screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from medseg_gui.editing.lesions import Lesions
from medseg_gui.project.records import STATES, AuditEntry, FrameKey, FrameRecord, SourceRecord
from medseg_gui.qt.state.project_orders import Order
from medseg_gui.types import UInt8Array

STATE_WORDS = dict(zip(STATES, ("to do", "predicted", "corrected", "accepted", "rejected", "skipped"), strict=True))
STATE_CODES = {state: code for code, state in enumerate(STATES, 1)}  # on the timeline; 0 is not in the project


@dataclass(frozen=True)
class ProjectInfo:
    """An open project.

    Attributes:
        folder: where it lies.
        is_default: whether it is the one that opens by itself.
        reader: 1 or 2.
        sources: what it knows, with the absolute place of each in `paths`.
        paths: source hash -> where it should lie.
        missing: hashes of sources that are not there.
        place: the frame that was shown last, None if none was.
    """

    folder: Path
    is_default: bool
    reader: int
    sources: tuple[SourceRecord, ...]
    paths: dict[str, Path]
    missing: frozenset[str]
    place: FrameKey | None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.folder.name


@dataclass(frozen=True)
class Saving:
    """How far the work is on the disk.

    Attributes:
        waiting: edits that are in memory only, because the disk refused them.
        trouble: why, in a few words; empty when nothing is wrong.
    """

    waiting: int = 0
    trouble: str = ""


@dataclass(frozen=True, eq=False)
class FrameContent:
    """What the project holds of one frame.

    Attributes:
        key: which frame.
        record: None when the project does not know it.
        lesions: its mask at the frame's size; None when there is none, or when only the record was asked for.
    """

    key: FrameKey
    record: FrameRecord | None
    lesions: Lesions | None


@dataclass(frozen=True)
class Task:
    """Something long that the project's thread does: its name, and how far it is (0 of 0: nobody knows)."""

    name: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class FormatInfo:
    """An exchange format: its name, what it cannot hold in words, and whether it can be imported."""

    name: str
    loses: str
    can_read: bool


class ProjectState(QObject):
    """Views ask through `ask`; `Projecting` answers through the `set_` methods.

    Attributes:
        info: the open project, None when there is none.
        saving: what is not on the disk.
        is_saving: whether an edit is on its way there.
        content: what the project holds of the frame on screen, None before it was read.
        lane: (frame_count,) uint8 STATE_CODES of the frames of the source on screen.
        task: what takes long, None when nothing does.
        damaged: folder of a project that could not be opened and has a backup.
        recent: folders of projects opened lately, newest first.
        formats: that can be imported and exported.
    """

    asked = Signal(object)  # Order
    info_changed = Signal(object)  # ProjectInfo | None
    saving_changed = Signal()
    content_changed = Signal(object)  # FrameContent | None
    lane_changed = Signal()
    task_changed = Signal(object)  # Task | None
    task_stop_asked = Signal()
    audit_read = Signal(object)  # tuple[AuditEntry, ...]
    recent_changed = Signal(object)  # tuple[str, ...]

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.info: ProjectInfo | None = None
        self.saving = Saving()
        self.is_saving = False
        self.content: FrameContent | None = None
        self.lane: UInt8Array = np.zeros(0, np.uint8)
        self.task: Task | None = None
        self.damaged: Path | None = None
        self.formats: tuple[FormatInfo, ...] = ()
        self.recent: tuple[str, ...] = ()

    def ask(self, order: Order) -> None:
        """Have something done on the project's thread."""
        self.asked.emit(order)

    def stop_task(self) -> None:
        """End what takes long; what was done stays."""
        self.task_stop_asked.emit()

    @property
    def record(self) -> FrameRecord | None:
        """What is known of the frame on screen."""
        return self.content.record if self.content else None

    def set_info(self, info: ProjectInfo | None) -> None:
        """A project is open, or none is any more."""
        self.info = info
        self.info_changed.emit(info)

    def set_saving(self, saving: Saving, is_saving: bool) -> None:
        """What is on its way to the disk, and what the disk refused."""
        if (saving, is_saving) != (self.saving, self.is_saving):
            self.saving, self.is_saving = saving, is_saving
            self.saving_changed.emit()

    def set_content(self, content: FrameContent | None) -> None:
        """What the project holds of the frame on screen."""
        self.content = content
        self.content_changed.emit(content)

    def set_state_of_shown(self, state: str) -> None:
        """The frame on screen got another state."""
        if self.content is not None and self.content.record is not None:
            self.set_content(replace(self.content, record=replace(self.content.record, state=state)))

    def set_lane(self, lane: UInt8Array) -> None:
        """States of another source, or of another reader."""
        self.lane = lane
        self.lane_changed.emit()

    def note_states(self, indices: list[int], state: str) -> None:
        """Some frames of the source on screen got another state."""
        known = [i for i in indices if i < len(self.lane)]
        if known:
            self.lane[known] = STATE_CODES[state]
            self.lane_changed.emit()

    def set_task(self, task: Task | None) -> None:
        """How far what takes long is."""
        self.task = task
        self.task_changed.emit(task)

    def set_recent(self, recent: tuple[str, ...]) -> None:
        """Folders of projects opened lately, newest first."""
        self.recent = recent
        self.recent_changed.emit(recent)

    def set_audit(self, entries: tuple[AuditEntry, ...]) -> None:
        """Who did what to a frame."""
        self.audit_read.emit(entries)


def saving_text(project: ProjectState) -> str:
    """What the status bar says of the project; empty when nothing was ever to be saved."""
    count = project.saving.waiting
    if count:
        edits = "1 edit" if count == 1 else f"{count} edits"
        return f"{edits} not saved: {project.saving.trouble} — retrying"
    if project.is_saving:
        return "saving…"
    return "all saved" if project.info else ""
