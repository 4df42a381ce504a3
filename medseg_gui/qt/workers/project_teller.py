"""What the project's thread tells: its signals, and what the window is to know of a project that has changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal

from medseg_gui.project.records import FrameFilter, FrameKey
from medseg_gui.qt.workers import project_answers as answers
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.worker import Worker


class ProjectSignals(Worker):
    """Everything that the project's worker says."""

    opened = Signal(object)  # ProjectInfo | None
    saved = Signal(object, int)  # Saving, edits that were asked for so far and came up
    content_read = Signal(object)  # FrameContent
    record_read = Signal(object)  # FrameRecord
    journal_known = Signal(str, str)  # what could be undone, and redone
    stepped = Signal(object)  # FrameContent, after a step of the journal
    states_changed = Signal(object, str)  # tuple[FrameKey, ...], state
    frames_added = Signal()
    imported = Signal()
    listed = Signal(object)  # FrameList
    lane_read = Signal(str, object)  # source hash, (frame_count,) uint8
    counted = Signal(object)  # {state: frames}
    compared = Signal(object)  # Comparison
    audit_read = Signal(object)  # tuple[AuditEntry, ...]
    task_changed = Signal(object)  # Task | None
    formats_known = Signal(object)  # tuple[FormatInfo, ...]
    noticed = Signal(str)
    offered = Signal(str, str)  # a sentence, and the action that helps
    damaged = Signal(object)  # Path of a project with a backup
    corrected_listed = Signal(object)  # tuple[CorrectedFrame, ...]
    corrected_copied = Signal(object, int)  # Path, frames that were left out
    corrected_refused = Signal(object, object)  # Path, MedsegError


class ProjectTeller:
    """Tells what more than one order changes.

    Args:
        keeper: has the project that is open.
        signals: where it is told.
        count_soon: called when frames are to be counted, but not yet: changes come in bursts.

    Attributes:
        counted: which frames are counted, by their state.
    """

    def __init__(self, keeper: Keeper, signals: ProjectSignals, count_soon: Callable[[], None]) -> None:
        self._keeper, self._signals, self._count_soon = keeper, signals, count_soon
        self.counted = FrameFilter()

    def tell_opened(self) -> None:
        """Which project is open, and what is known of it."""
        project = self._keeper.project
        info = answers.describe(project, self._keeper.is_default) if project is not None else None
        self._signals.opened.emit(info)
        self._count_soon()

    def tell_missing(self) -> None:
        """Offer to look for sources that are not where they were."""
        project = self._keeper.require()
        if missing := project.missing_sources():
            count, total = len(missing), len(project.sources())
            what = "The source is" if total == 1 else f"{count} of {total} sources are"
            self._signals.offered.emit(f"{what} not where it was last; no mask is lost.", "relocate")

    def tell_journal(self) -> None:
        """What can be undone and redone beyond what the window did itself."""
        project = self._keeper.project
        done, undone = project.undo_titles() if project is not None else ([], [])
        self._signals.journal_known.emit(*(titles[0] or "a change" if titles else "" for titles in (done, undone)))

    def tell_state(self, key: FrameKey) -> None:
        """The state of a frame, if the project knows it."""
        record = self._keeper.project.frame(key) if self._keeper.project is not None else None
        if record is not None:
            self._signals.states_changed.emit((key,), record.state)

    def tell_frames_added(self, source_id: str) -> None:
        """Frames of a source were added."""
        self.tell_lane(source_id)
        self._signals.frames_added.emit()
        self._count_soon()

    def tell_lane(self, source_id: str) -> None:
        """The states of all frames of a source that was shown."""
        project, source = self._keeper.project, self._keeper.shown.get(source_id)
        if project is not None and source is not None:
            self._signals.lane_read.emit(source_id, answers.read_lane(project, source_id, source.frame_count))

    def tell_lanes(self) -> None:
        """The states of all frames of every source that was shown."""
        for source_id in self._keeper.shown:
            self.tell_lane(source_id)

    def count(self) -> None:
        """How many frames there are of each state."""
        project = self._keeper.project
        self._signals.counted.emit(project.progress(self.counted) if project is not None else {})
