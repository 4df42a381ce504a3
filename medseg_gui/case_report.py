"""A case report as PDF: chosen frames with their masks as outlines, explanation, measurements, weights and notes."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_gui import __version__
from medseg_gui.errors import DataError, OutputError
from medseg_gui.overlay import DEFAULT_PALETTE, PALETTES, outlines
from medseg_gui.project.clean_copy import clean_frames
from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import FrameRecord, Lesion, class_mask
from medseg_gui.project.store import Project
from medseg_gui.types import CLASS_NAMES, UInt8Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Progress = Callable[[int, int], None]
RESEARCH = "For research use. Not a medical device."
_A4 = (8.27, 11.69)  # inches
_DPI = 200  # of pictures
_WIDTH = 95  # letters in a line
_MOST_LINES = 14  # of text below the table
_COLUMNS = ("lesion", "class", "area in px", "share of frame", "x, y in px", "size in px")


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why the network marks what it marks in a frame.

    Attributes:
        picture: (H, W, 3) uint8 RGB, the frame with the relevance over it.
        caption: method, weights and how far to trust it.
    """

    picture: UInt8Array
    caption: str


Explain = Callable[[FrameRecord, UInt8Array], Explanation | None]


def no_explanation(record: FrameRecord, rgb: UInt8Array) -> None:
    """For a report that does not say why."""


@dataclass(frozen=True, eq=False)
class Page:
    """One frame of the report.

    Attributes:
        record: what the project knows of it; without names when it is de-identified.
        title: what the frame is called.
        lesions: what is marked.
        rgb: (H, W, 3) uint8.
        explanation: None if there is none.
    """

    record: FrameRecord
    title: str
    lesions: tuple[Lesion, ...]
    rgb: UInt8Array
    explanation: Explanation | None = None


def write_case_report(
    project: Project,
    records: Sequence[FrameRecord],
    path: Path,
    explain: Explain = no_explanation,
    deidentify: bool = False,
    margin_px: int = 0,
    progress: Progress = lambda done, total: None,
) -> int:
    """Write a page for each frame, in the order of sources and time.

    Args:
        project: open.
        records: which frames, see `Project.frames`.
        path: a `.pdf` file; replaced when it is there.
        explain: gives the explanation of a frame as it is shown, None for none.
        deidentify: black out what lies outside the scope's field of view; no file names, authors and notes.
        margin_px: how much more is blacked out.
        progress: called with (done, in all).

    Returns:
        how many pages were written.

    Raises:
        DataError: no frame was chosen.
        SourceError: a source is missing or a frame cannot be read.
        OutputError: the file cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    if not records:
        raise DataError("No frame was chosen for the report; accept or correct some first, or ask for other states.")
    partial = path.with_name(path.name + ".part")
    facts = {"Title": "Case report", "Subject": RESEARCH, "Creator": f"medseg_gui {__version__}"}
    try:
        # Text stays text: it can be searched and copied, and the letters come with the file.
        with mpl.rc_context({"pdf.fonttype": 42, "font.size": 9}), PdfPages(partial, metadata=facts) as pdf:
            for number, page in enumerate(_pages(project, records, explain, deidentify, margin_px), 1):
                pdf.savefig(_figure(page, number, len(records)), dpi=_DPI)
                progress(number, len(records))
        os.replace(partial, path)
    except OSError as e:
        raise OutputError(f"{path.name} cannot be written ({e.strerror}); choose another folder.") from e
    finally:
        with suppress(OSError):  # the disk may be gone
            partial.unlink(missing_ok=True)
    return len(records)


def measurements(lesions: Sequence[Lesion], size: tuple[int, int]) -> list[tuple[str, ...]]:
    """A row of the table for each lesion: number, class, area, share of the frame and bounding box.

    Args:
        lesions: of one frame.
        size: (height, width) of the frame in pixels.
    """
    rows: list[tuple[str, ...]] = []
    for lesion in lesions:
        x, y, width, height = lesion.mask.box
        share = lesion.mask.area_px / (size[0] * size[1])
        name = CLASS_NAMES[lesion.class_id]
        box = f"{x}, {y}", f"{width} × {height}"
        rows.append((str(lesion.lesion_id), name, str(lesion.mask.area_px), f"{share:.2%}", *box))
    return rows


def _pages(
    project: Project,
    records: Sequence[FrameRecord],
    explain: Explain,
    deidentify: bool,
    margin_px: int,
) -> Iterator[Page]:
    by_source: dict[str, list[FrameRecord]] = {}
    for record in records:
        by_source.setdefault(record.key.source_hash, []).append(record)
    for source_hash, some in by_source.items():
        with project.open_source(source_hash) as source:
            ours = {r.key.index: r for r in some}
            pictures = clean_frames(source, list(ours), margin_px) if deidentify else (
                (i, source.read(i).rgb) for i in ours
            )  # fmt: skip
            for index, rgb in pictures:
                record, lesions = ours[index], project.read_mask(ours[index].key)
                shown = replace(record, name="", author="", notes="") if deidentify else record
                yield Page(shown, _title(shown), lesions, rgb, explain(record, rgb))


def _title(record: FrameRecord) -> str:
    return record.name or hidden_name(record.key.source_hash, record.key.index)


def _figure(page: Page, number: int, pages: int) -> Figure:
    """One A4 page."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_A4)
    figure.text(0.08, 0.955, "Case report", fontsize=15, weight="bold")
    figure.text(0.92, 0.957, f"{number} of {pages}", ha="right")
    figure.text(0.08, 0.935, page.title, fontsize=11, parse_math=False)
    _draw_pictures(figure, page)
    _draw_table(figure, page)
    figure.text(0.08, 0.26, _words(page.record), va="top", linespacing=1.5, parse_math=False)
    made = f"medseg_gui {__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    figure.text(0.08, 0.035, RESEARCH, weight="bold")
    figure.text(0.92, 0.035, made, ha="right")
    return figure


def _draw_pictures(figure: Figure, page: Page) -> None:
    """The frame with outlines; beside it the explanation."""
    if page.explanation is None:
        _draw_frame(figure.add_axes((0.08, 0.46, 0.84, 0.455)), page)
        return
    _draw_frame(figure.add_axes((0.08, 0.56, 0.41, 0.355)), page)
    axes = figure.add_axes((0.51, 0.56, 0.41, 0.355))
    axes.imshow(page.explanation.picture)
    axes.set_axis_off()
    axes.set_anchor("N")
    figure.text(0.51, 0.545, textwrap.fill(page.explanation.caption, 52), va="top", fontsize=8, parse_math=False)


def _draw_frame(axes: Axes, page: Page) -> None:
    height, width = page.record.size
    axes.imshow(page.rgb, extent=(0, width, height, 0))
    axes.set_axis_off()
    axes.set_anchor("N")
    labels = class_mask(page.lesions, page.record.size)
    for class_id, colour in PALETTES[DEFAULT_PALETTE].items():
        for contour in outlines(labels, class_id):
            closed = [*contour.tolist(), contour[0].tolist()]
            axes.plot(*zip(*closed, strict=True), color=[c / 255 for c in colour], linewidth=1.2)
    for lesion in page.lesions:
        x, y, box_width, _ = lesion.mask.box
        axes.annotate(str(lesion.lesion_id), (x + box_width / 2, y), color="white", ha="center", va="bottom")


def _draw_table(figure: Figure, page: Page) -> None:
    axes = figure.add_axes((0.08, 0.28, 0.84, 0.17))
    axes.set_axis_off()
    rows = measurements(page.lesions, page.record.size)
    if not rows:
        axes.text(0, 0.5, "Nothing is marked in this frame.")
        return
    most = 9  # what the page holds; all of them are in the table of `medseg project export --format csv`
    if len(rows) > most:
        axes.text(0, 0, f"and {len(rows) - most} more lesions")
    table = axes.table([list(r) for r in rows[:most]], colLabels=list(_COLUMNS), loc="upper center", cellLoc="center")
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    table.scale(1, 1.15)


def _words(record: FrameRecord) -> str:
    """What is known of a frame, a line each."""
    facts = {
        "Source": record.key.source_hash[:12],
        "Frame": f"{record.key.index}, at {record.key.time_s:.3f} s, {record.size[1]} × {record.size[0]} px",
        "Centre": record.centre,
        "State": record.state.replace("_", " "),
        "Changed": " ".join(filter(None, (record.changed_at, record.author))),
        "First proposed by": record.weights,
        "Notes": record.notes,
    }
    lines = [textwrap.fill(f"{k}: {v}", _WIDTH, subsequent_indent="    ") for k, v in facts.items() if v]
    text = "\n".join([*lines, "Sizes are in pixels; what they are in millimetres is not known."])
    return "\n".join(text.splitlines()[:_MOST_LINES])
