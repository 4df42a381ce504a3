"""Which frames belong to one patient, told by the names that public data sets give their files."""

from __future__ import annotations

import bisect
import csv
import re
from pathlib import Path

from medseg_gui.errors import DataError

# First frame of each of the 29 sequences of CVC-ClinicDB (612 frames); one sequence shows one polyp.
_CVC_STARTS = (1, 26, 51, 68, 79, 104, 127, 152, 178, 200, 206, 228, 253, 278, 298,
               318, 343, 364, 384, 409, 429, 448, 467, 479, 504, 529, 547, 572, 592)  # fmt: skip
# PolypGen C2, C3, C5 are numbered in order and neighbours often show one patient: cut in blocks.
_BLOCK = 25

_NAMED = (
    re.compile(r"^(\d+)OLCV1_"),  # PolypGen C1: procedure number
    re.compile(r"^(\d+)_endocv2021"),  # PolypGen C4: procedure number
    re.compile(r"^(OP\d+)_"),  # EndoVis 2015 rigid: surgery
    re.compile(r"^(Dataset\d+)_"),  # EndoVis 2015 robotic: sequence
)
_NUMBERED = re.compile(r"^(?:C\d_)?EndoCV2021_(?:C\d_)?0*(\d+)_?$")


def patient_from_name(centre: str, stem: str) -> str | None:
    """Patient, procedure or sequence of a file of a known public data set, None when the name does not tell.

    Args:
        centre: name of the folder that holds `images/`, "CVC-ClinicDB" for example.
        stem: file name without its ending.
    """
    for pattern in _NAMED:
        if match := pattern.match(stem):
            return match[1]
    if match := _NUMBERED.match(stem):
        return f"block{int(match[1]) // _BLOCK}"
    if centre == "CVC-ClinicDB" and stem.isdigit():
        return f"sequence{bisect.bisect_right(_CVC_STARTS, int(stem)):02d}"
    return None


def read_patients(path: Path) -> dict[str, str]:
    """Read `patients.csv` with the columns image and patient.

    Returns:
        stem of the image file -> patient.

    Raises:
        DataError: a column is missing or the file is not text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return {Path(row["image"]).stem: row["patient"] for row in csv.DictReader(lines)}
    except (KeyError, UnicodeDecodeError, csv.Error, TypeError) as e:
        raise DataError(f"{path.name} needs the columns image and patient, as UTF-8 text.") from e
