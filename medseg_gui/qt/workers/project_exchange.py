"""What takes long with a project: pictures, exchange, report, video. Each says how far it is after every step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_gui.errors import MedsegError, SourceError
from medseg_gui.project.records import FrameFilter, FrameKey
from medseg_gui.qt.state.project_orders import ExportFrames, ImportFrames, ShowSource, WriteReport, WriteVideo

if TYPE_CHECKING:
    from medseg_gui.case_explanations import CaseExplainer
    from medseg_gui.project.store import Project

Step = Callable[[int, int], None]  # (done, in all); raises StoppedError
_AT_ONCE = 200  # frames of one transaction: some milliseconds


class StoppedError(MedsegError):
    """Somebody asked it to stop."""


def add_pictures(project: Project, source: ShowSource, step: Step) -> int:
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


def export_frames(project: Project, order: ExportFrames, step: Step) -> str:
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


def import_frames(project: Project, order: ImportFrames, step: Step) -> str:
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


def write_report(project: Project, order: WriteReport, step: Step) -> str:
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


def write_video(project: Project, order: WriteVideo, step: Step) -> str:
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
