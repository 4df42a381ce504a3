"""Annotations that come and go, case reports and videos. Each says how far it is after every step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_gui.project.records import FrameFilter
from medseg_gui.qt.state.project_orders import ExportFrames, ImportFrames, WriteReport, WriteVideo
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_task import LongTask, Step
from medseg_gui.qt.workers.project_teller import ProjectSignals, ProjectTeller

if TYPE_CHECKING:
    from medseg_gui.case_explanations import CaseExplainer
    from medseg_gui.project.store import Project


class ProjectExchange:
    """Writes for others what is in the project, and reads what they made.

    Args:
        keeper: has the project that is open.
        signals, teller: where it is told.
        task: does what takes long.
    """

    def __init__(self, keeper: Keeper, signals: ProjectSignals, teller: ProjectTeller, task: LongTask) -> None:
        self._keeper, self._signals, self._teller, self._task = keeper, signals, teller, task

    def export_frames(self, order: ExportFrames) -> None:
        """Write annotations for other programs."""
        project = self._keeper.require()
        self._do("Exporting", lambda step: _export_frames(project, order, step))

    def import_frames(self, order: ImportFrames) -> None:
        """Read annotations of other programs, once every edit is saved."""
        keeper = self._keeper
        keeper.open_default(must_be=True)
        keeper.require_saved()
        project = keeper.require()
        self._do("Importing", lambda step: _import_frames(project, order, step))
        keeper.known = {s.hash for s in project.sources()}
        self._teller.tell_opened()
        self._teller.tell_lanes()
        self._signals.frames_added.emit()
        self._signals.imported.emit()
        self._teller.tell_journal()

    def write_report(self, order: WriteReport) -> None:
        """Write a case report."""
        project = self._keeper.require()
        self._do("Writing the report", lambda step: _write_report(project, order, step))

    def write_video(self, order: WriteVideo) -> None:
        """Write a video with the masks."""
        project = self._keeper.require()
        self._do("Writing the video", lambda step: _write_video(project, order, step))

    def _do(self, name: str, work: Callable[[Step], str]) -> None:
        if said := self._task.do(name, work):
            self._signals.noticed.emit(said)


def _export_frames(project: Project, order: ExportFrames, step: Step) -> str:
    """Write annotations for other programs; gives what is to be said of it.

    Raises:
        DataError, OutputError: as `transfer.export_project`.
    """
    from medseg_gui.project.exchange.transfer import export_project

    wanted = FrameFilter(states=order.states)
    done = export_project(project, order.format_name, order.folder, wanted, order.deidentify, order.margin_px, step)
    said = [f"{_frames(done.frames)} went to {order.folder.name}."]
    if done.without_picture:
        said.append(f"{_frames(done.without_picture)} went without a picture, because their source is missing.")
    if done.lost:
        said.append(f"Lost: {done.lost}.")
    return " ".join(said)


def _import_frames(project: Project, order: ImportFrames, step: Step) -> str:
    """Read annotations of other programs, after a backup; gives what is to be said of it.

    Raises:
        DataError, OutputError: as `transfer.import_folder`; nothing was changed.
    """
    from medseg_gui.project.exchange.transfer import import_folder

    project.back_up()
    done = import_folder(
        project, order.format_name, Path(order.folder), order.centre, order.replace_masks, order.deidentify,
        order.margin_px, step,
    )  # fmt: skip
    said = [f"{_frames(done.frames)} got a mask."]
    if done.kept:
        said.append(f"{_frames(done.kept)} kept the one they had.")
    if done.unknown:
        said.append(f"{done.unknown} annotations belong to pictures that are nowhere.")
    return " ".join(said)


def _write_report(project: Project, order: WriteReport, step: Step) -> str:
    """Write a case report; gives what is to be said of it.

    Raises:
        DataError, SourceError, OutputError: as `case_report.write_case_report`.
    """
    from medseg_gui.case_report import no_explanation, write_case_report

    records = project.frames(FrameFilter(states=None if order.only else order.states))
    chosen = [r for r in records if order.only in (None, r.key)]
    explain = _explainer(order.explain) if order.explain else no_explanation
    pages = write_case_report(project, chosen, order.path, explain, order.deidentify, order.margin_px, step)
    return f"The report of {_frames(pages)} is ready: {order.path.name}.{_to_look_at(order.deidentify)}"


def _explainer(method: str) -> CaseExplainer:
    from medseg_gui.qt.workers.networks import Networks

    Networks().begin()
    from medseg_gui.case_explanations import CaseExplainer

    return CaseExplainer(method)


def _write_video(project: Project, order: WriteVideo, step: Step) -> str:
    """Write a video with the masks; gives what is to be said of it.

    Raises:
        DataError, SourceError, OutputError: as `overlay_video.write_overlay_video`.
    """
    from medseg_gui.overlay_video import write_overlay_video

    count = write_overlay_video(
        project, order.source_hash, order.path, None, order.deidentify, order.margin_px, progress=step
    )
    return f"The video of {_frames(count)} is ready: {order.path.name}.{_to_look_at(order.deidentify)}"


def _to_look_at(is_hidden: bool) -> str:
    return " Look through it before you pass it on." if is_hidden else ""


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
