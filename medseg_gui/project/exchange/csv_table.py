"""A table of measurements: a row for each lesion, and one for each frame without any."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from medseg_gui.errors import DataError
from medseg_gui.project.exchange.format import Annotation, Format, Progress, write_bytes
from medseg_gui.types import CLASS_NAMES

FILE_NAME = "measurements.csv"
COLUMNS = (
    "image", "source", "frame", "time_s", "centre", "state", "author", "changed_at", "weights", "lesions_in_frame",
    "lesion", "class", "area_px", "x_px", "y_px", "width_px", "height_px", "notes",
)  # fmt: skip


class CsvTable(Format):
    """`measurements.csv`, UTF-8 with a mark by which spreadsheets know it."""

    loses = "the masks; it is a table of measurements"
    can_read = False

    def write(self, annotations: Sequence[Annotation], folder: Path) -> str:
        """Write the table."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\r\n")
        table.writerow(COLUMNS)
        table.writerows(row for a in annotations for row in _rows(a))
        write_bytes(folder / FILE_NAME, text.getvalue().encode("utf-8-sig"))
        return ""

    def read(self, folder: Path, progress: Progress = lambda done, total: None) -> list[Annotation]:
        """Not possible: measurements are no masks."""
        raise DataError("A table of measurements holds no masks; import coco, png, yolo or labelme.")


def _rows(a: Annotation) -> list[list[object]]:
    frame: list[object] = [a.image, "", "", "", "", "", "", "", ""]
    notes = ""
    if r := a.record:
        place = [r.key.source_hash, r.key.index, f"{r.key.time_s:.4f}"]
        frame = [a.image, *place, *map(_plain, (r.centre, r.state, r.author, r.changed_at, r.weights))]
        notes = _plain(r.notes)
    frame.append(len(a.lesions))
    measures = [[x.lesion_id, CLASS_NAMES[x.class_id], x.mask.area_px, *x.mask.box] for x in a.lesions]
    return [[*frame, *m, notes] for m in measures or [[""] * 7]]


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") and text else text
