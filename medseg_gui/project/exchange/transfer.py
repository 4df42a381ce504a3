"""Between a project and a folder of annotations: which frames go out under which names, and where they come in.

A frame of a video, and every frame when names are to be hidden, is called by the beginning of its source's content
hash and its index; by that name it is found again when it comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from medseg_gui.errors import DataError, MedsegError, OutputError
from medseg_gui.media.folder import ImageFolder
from medseg_gui.media.source import Source
from medseg_gui.project.clean_copy import clean_frames, copy_pictures
from medseg_gui.project.exchange import FORMATS, Format
from medseg_gui.project.exchange.format import IMAGES, Annotation, Progress, write_bytes
from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import REVIEWED, FrameFilter, FrameKey, FrameRecord
from medseg_gui.project.store import Project
from medseg_gui.types import UInt8Array

logger = logging.getLogger(__name__)

DEFAULT_FILTER = FrameFilter(states=REVIEWED)
CLEAN_COPIES = "sources"  # folder of a project with the de-identified copies that it owns


@dataclass(frozen=True)
class Export:
    """What an export did.

    Attributes:
        frames: pictures with their annotations.
        without_picture: frames whose source is missing; their annotations were written all the same.
        lost: what did not survive the format, in words; empty for nothing.
    """

    frames: int
    without_picture: int
    lost: str


@dataclass(frozen=True)
class Import:
    """What an import did.

    Attributes:
        frames: frames that got a mask.
        kept: frames that had a mask, which was left as it was.
        unknown: annotations whose picture is nowhere.
    """

    frames: int
    kept: int
    unknown: int


def format_named(name: str) -> Format:
    """A format by its name.

    Raises:
        DataError: there is none.
    """
    if name not in FORMATS:
        raise DataError(f"There is no format {name}; use one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def export_project(
    project: Project,
    format_name: str,
    folder: Path,
    wanted: FrameFilter = DEFAULT_FILTER,
    deidentify: bool = False,
    margin_px: int = 0,
    progress: Progress = lambda done, total: None,
) -> Export:
    """Write frames and their annotations into a new or empty folder.

    Args:
        project: open.
        format_name: key of FORMATS.
        folder: where to; pictures go to its `images/` as PNG, pixel by pixel as they were annotated.
        wanted: which frames; those that a person corrected or accepted if not told.
        deidentify: black out what lies outside the scope's field of view, and hide file names.
        margin_px: how much more is blacked out, see `deidentify.black_out`.
        progress: called with (done, in all).

    Raises:
        DataError: no such format, or nothing to export.
        OutputError: the folder is not empty or cannot be written.
    """
    chosen, records = format_named(format_name), project.frames(wanted)
    if not records:
        raise DataError("No frame is to be exported; accept or correct some first, or ask for other states.")
    _make_empty(folder)
    annotations = [_annotation_of(project, r, deidentify) for r in records]
    if len({a.stem for a in annotations}) < len(annotations):  # two sources may hold equal names
        annotations = [_annotation_of(project, r, deidentify, by_hash=True) for r in records]
    missing = 0
    if not isinstance(chosen, type(FORMATS["csv"])):
        missing = _write_pictures(project, annotations, folder / IMAGES, deidentify, margin_px, progress)
    return Export(len(records), missing, chosen.write(annotations, folder))


def import_folder(
    project: Project,
    format_name: str,
    folder: Path,
    centre: str = "",
    replace_masks: bool = False,
    deidentify: bool = False,
    margin_px: int = 0,
    progress: Progress = lambda done, total: None,
) -> Import:
    """Read annotations into a project: all of them or, when one is unusable, none.

    Their pictures are frames that the project knows, or lie beside the annotations (in `images/` or the folder
    itself), which then becomes a source.

    Args:
        project: open.
        format_name: key of FORMATS.
        folder: where the annotations lie, or a folder with one such folder for each centre.
        centre: of the source that is added; if not told, the names of the centres' folders.
        replace_masks: whether a mask that is there is replaced; else it stays.
        deidentify: make copies of the pictures in the project that are black outside the field of view and hide their
            names, and use these as the source.
        margin_px: how much more is blacked out, see `deidentify.black_out`.
        progress: called with (done, in all) for what is read, and for what is copied; may raise to stop.

    Raises:
        DataError: no such format, nothing to import, or an annotation does not fit its picture.
        OutputError: the project cannot be written.
    """
    chosen = format_named(format_name)
    if not folder.exists():
        raise DataError(f"{folder.name} is not there; check the path.")
    found, unknown = [], 0
    for part in _centre_folders(folder):
        annotations = chosen.read(part, progress)
        part_centre = centre or (part.name if part != folder else "")
        places = _places(project, part, annotations, part_centre, margin_px if deidentify else None, progress)
        found += [(places[a.image], a) for a in annotations if a.image in places]
        unknown += sum(a.image not in places for a in annotations)
    if not found:
        raise DataError(f"None of the pictures that {folder.name} marks is there; put them into {IMAGES}/ beside.")
    taken = {r.key for r in project.frames() if r.state in REVIEWED} if not replace_masks else set()
    fresh = [(key, a.lesions, a.size, name) for (key, name), a in found if key not in taken]
    project.import_masks(fresh)
    return Import(len(fresh), len(found) - len(fresh), unknown)


def _annotation_of(project: Project, record: FrameRecord, hide: bool, by_hash: bool = False) -> Annotation:
    is_hidden = hide or by_hash or not record.name
    stem = hidden_name(record.key.source_hash, record.key.index) if is_hidden else Path(record.name).stem
    shown = replace(record, name="", notes="", author="") if hide else record
    return Annotation(f"{stem}.png", record.size, project.read_mask(record.key), shown)


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as e:
        raise OutputError(f"{folder.name} cannot be made ({e.strerror}); choose another folder.") from e
    if not is_empty:
        raise OutputError(f"{folder.name} already holds other files; choose a new or empty folder.")


def _write_pictures(
    project: Project, annotations: Sequence[Annotation], folder: Path, hide: bool, margin_px: int, progress: Progress
) -> int:
    """Write the frames as PNG, source by source; gives the number of those whose source is missing."""
    by_source: dict[str, list[Annotation]] = {}
    for a in annotations:
        if a.record is not None:
            by_source.setdefault(a.record.key.source_hash, []).append(a)
    missing = done = 0
    for source_hash, wanted in by_source.items():
        try:
            source = project.open_source(source_hash)
        except MedsegError as e:
            logger.warning("The frames of source %s are left out: %s", source_hash, type(e).__name__)
            missing += len(wanted)
            continue
        with source:
            for image, rgb in _frames_of(source, wanted, hide, margin_px):
                write_bytes(folder / image, cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())
                progress(done := done + 1, len(annotations))
    return missing


def _frames_of(
    source: Source, wanted: Sequence[Annotation], hide: bool, margin_px: int
) -> Iterator[tuple[str, UInt8Array]]:
    """(file name, picture) of each frame."""
    images = {a.record.key.index: a.image for a in wanted if a.record is not None}
    frames = clean_frames(source, list(images), margin_px) if hide else ((i, source.read(i).rgb) for i in images)
    for index, rgb in frames:
        yield images[index], rgb


def _centre_folders(folder: Path) -> list[Path]:
    """The folder itself, or, where it holds no pictures but folders that do, these."""
    if folder.is_file() or (folder / IMAGES).is_dir():
        return [folder]
    return sorted(f for f in folder.iterdir() if (f / IMAGES).is_dir()) or [folder]


def _places(
    project: Project,
    folder: Path,
    annotations: Sequence[Annotation],
    centre: str,
    clean_margin_px: int | None,
    progress: Progress,
) -> dict[str, tuple[FrameKey, str]]:
    """Picture name -> (frame, its name in the project), for the pictures that are found."""
    known = _known_frames(project)
    names = {a.image for a in annotations}
    found = {n: known[Path(n).stem] for n in names if Path(n).stem in known}
    if len(found) < len(names):
        beside = folder if folder.is_dir() else folder.parent
        found |= _frames_beside(project, beside, names - set(found), centre, clean_margin_px, progress)
    return found


def _known_frames(project: Project) -> dict[str, tuple[FrameKey, str]]:
    """Stem under which a frame may have been exported -> (frame, its name); a stem that two frames share is none."""
    known: dict[str, tuple[FrameKey, str] | None] = {}
    for record in project.frames():
        for stem in {hidden_name(record.key.source_hash, record.key.index), Path(record.name).stem} - {""}:
            known[stem] = (record.key, record.name) if stem not in known else None
    return {stem: place for stem, place in known.items() if place is not None}


def _frames_beside(
    project: Project, folder: Path, names: set[str], centre: str, clean_margin_px: int | None, progress: Progress
) -> dict[str, tuple[FrameKey, str]]:
    """Frames of the pictures in a folder, which becomes a source; or copies of them that name nobody."""
    try:
        source = ImageFolder(folder)
    except MedsegError:
        return {}
    by_stem = {Path(name).stem: i for i, name in enumerate(source.names)}
    indices = {name: by_stem[Path(name).stem] for name in names if Path(name).stem in by_stem}
    if not indices:
        return {}
    if clean_margin_px is not None:
        copies = project.folder / CLEAN_COPIES / source.source_id[:12]
        copy_pictures(source, copies, clean_margin_px, progress)
        source = ImageFolder(copies)
    project.add_source(source, centre)
    times = source.frame_times
    return {n: (FrameKey(source.source_id, i, float(times[i])), source.names[i]) for n, i in indices.items()}
