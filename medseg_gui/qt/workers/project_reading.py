"""Frames of a project as somebody asks for them: mask and record, who did what, and which was looked at last."""

from __future__ import annotations

from collections.abc import Callable

from medseg_gui.errors import MedsegError
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.project import FrameContent
from medseg_gui.qt.state.project_orders import ReadAudit, ReadRecord
from medseg_gui.qt.workers import project_answers as answers
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_teller import ProjectSignals


class ProjectReading:
    """Reads frames as the user left them, saved or not.

    Args:
        keeper: has the project that is open.
        signals: where it is told.
        remember_soon: called when the place is to be remembered, but not yet: one may be on the way through a film.
    """

    def __init__(self, keeper: Keeper, signals: ProjectSignals, remember_soon: Callable[[], None]) -> None:
        self._keeper, self._signals, self._remember_soon = keeper, signals, remember_soon
        self._place: FrameKey | None = None

    def read(self, key: FrameKey) -> None:
        """Tell a frame's record and mask; it is the one that is looked at now."""
        self._place = key
        self._remember_soon()
        project, unsaved = self._keeper.project, self._keeper.unsaved
        content = FrameContent(key, None, None)
        try:
            if (held := self._keeper.waiting_mask(key)) is not None:
                content = FrameContent(key, None, answers.mask_of(held.lesions, held.size, held.state))
            elif project is not None and unsaved is not None:
                content = answers.read_content(project, unsaved, key)
        except MedsegError as e:
            self._signals.failed.emit(e)
        self._signals.content_read.emit(content)

    def read_record(self, order: ReadRecord) -> None:
        """Tell what is known of a frame."""
        project = self._keeper.project
        if project is not None and (record := project.frame(order.key)) is not None:
            self._signals.record_read.emit(record)

    def read_audit(self, order: ReadAudit) -> None:
        """The second reader is blind: what the first one did is not told."""
        project = self._keeper.project
        entries = project.audit(order.key) if project is not None else []
        reader = project.reader if project is not None else 1
        self._signals.audit_read.emit(tuple(e for e in entries if reader == 1 or e.reader == reader))

    def remember(self) -> None:
        """Which frame was looked at, if it is of this project."""
        from medseg_gui.project.place import write_place

        project, place = self._keeper.project, self._place
        if project is not None and place is not None and place.source_hash in self._keeper.known:
            write_place(project.folder, place)
