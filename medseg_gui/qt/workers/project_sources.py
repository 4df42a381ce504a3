"""Sources and frames of a project: those that one looks at, pictures to do, sources that are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_gui.errors import SourceError
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.project_orders import AddFrames, AddPictures, Relocate, ShowSource
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_task import LongTask, Step
from medseg_gui.qt.workers.project_teller import ProjectSignals, ProjectTeller

if TYPE_CHECKING:
    from medseg_gui.project.store import Project

_AT_ONCE = 200  # frames of one transaction: some milliseconds


class ProjectSources:
    """Lets the project know sources and frames.

    Args:
        keeper: has the project that is open.
        signals, teller: where it is told.
        task: does what takes long.
    """

    def __init__(self, keeper: Keeper, signals: ProjectSignals, teller: ProjectTeller, task: LongTask) -> None:
        self._keeper, self._signals, self._teller, self._task = keeper, signals, teller, task

    def show(self, source: ShowSource) -> None:
        """A project that was opened on purpose takes what one looks at; the one by default only what one corrects."""
        keeper = self._keeper
        keeper.shown[source.source_id] = source
        if keeper.project is None or source.is_live:
            return
        if not keeper.is_default and source.source_id not in keeper.known:
            keeper.make_known(source.source_id)
            if source.kind in ("folder", "image"):
                self.add_pictures(AddPictures(source.source_id))
                return
        self._teller.tell_lane(source.source_id)

    def add_frames(self, order: AddFrames) -> None:
        """Put frames on the list of what is to do."""
        self._keeper.open_default(must_be=True)
        self._keeper.make_known(order.keys[0].source_hash)
        self._keeper.require().add_frames(order.keys, order.size, order.names)
        self._teller.tell_frames_added(order.keys[0].source_hash)

    def add_pictures(self, order: AddPictures) -> None:
        """Put the pictures of a folder on the list of what is to do, and say how many cannot be read."""
        keeper = self._keeper
        keeper.open_default(must_be=True)
        project, source = keeper.require(), keeper.shown.get(order.source_id)
        if source is None:
            return
        keeper.make_known(order.source_id)
        left_out = self._task.do("Adding pictures", lambda step: _add_pictures(project, source, step))
        if left_out:
            self._signals.noticed.emit(f"{left_out} pictures cannot be read and were left out.")
        self._teller.tell_frames_added(order.source_id)

    def relocate(self, order: Relocate) -> None:
        """Look for missing sources, and say how many were found."""
        project = self._keeper.require()
        found, left = project.relocate(order.search), len(project.missing_sources())
        sources = "1 source was" if len(found) == 1 else f"{len(found)} sources were"
        self._signals.noticed.emit(f"{sources} found; {left} still missing.")
        self._teller.tell_opened()


def _add_pictures(project: Project, source: ShowSource, step: Step) -> int:
    """Put the pictures of a folder on the list of what is to do; gives how many cannot be read."""
    from medseg_gui.media.folder import ImageFolder, SingleImage

    assert source.path is not None
    if source.kind == "image":
        picture = SingleImage(source.path)
        frame = picture.read(0)
        project.add_frames([FrameKey(source.source_id, 0, 0.0)], frame.size, [picture.title])
        return 0
    folder = ImageFolder(source.path)
    if folder.source_id != source.source_id:
        raise SourceError(f"{folder.title} has changed since it was opened; open it again.")
    left_out = 0
    for first in range(0, folder.frame_count, _AT_ONCE):
        left_out += _add_some(project, folder, range(first, min(first + _AT_ONCE, folder.frame_count)))
        step(min(first + _AT_ONCE, folder.frame_count), folder.frame_count)
    return left_out


def _add_some(project: Project, folder: object, indices: range) -> int:
    from medseg_gui.media.folder import ImageFolder

    assert isinstance(folder, ImageFolder)
    by_size: dict[tuple[int, int], list[int]] = {}
    left_out = 0
    for index in indices:
        try:
            by_size.setdefault(folder.size_of(index), []).append(index)
        except SourceError:
            left_out += 1
    for size, of_size in by_size.items():
        keys = [FrameKey(folder.source_id, i, float(folder.frame_times[i])) for i in of_size]
        project.add_frames(keys, size, [folder.names[i] for i in of_size])
    return left_out
