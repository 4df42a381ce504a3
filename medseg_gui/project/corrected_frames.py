"""What a person corrected, as a data set to learn from: which patient each frame belongs to, and a copy on the disk.

The copy is what is learnt from: the project may change, be closed or vanish meanwhile. Its files are called by content
hash and index, and patients by content hash too, because a recording's name may name a patient.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.data.near_duplicates import group_near_duplicates
from medseg_gui.data.patients import patient_from_name, read_patients
from medseg_gui.errors import DataError, MedsegError
from medseg_gui.media.folder import ImageFolder
from medseg_gui.project.exchange.format import IMAGES, read_json, write_bytes, write_json
from medseg_gui.project.names import hidden_name
from medseg_gui.project.records import (
    ACCEPTED,
    NO_CENTRE,
    REVIEWED,
    CorrectedFrame,
    FrameFilter,
    FrameKey,
    FrameRecord,
    SourceRecord,
    class_mask,
)
from medseg_gui.project.store import Project
from medseg_gui.types import CLASS_NAMES

_NAMES = "patients.json"  # of the project folder: recording -> name of its patient
_HASH_DIGITS = 8
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def corrected_frames(project: Project) -> tuple[CorrectedFrame, ...]:
    """All frames that were corrected or accepted, in the order of sources and time.

    A video is one patient. Pictures of a folder belong to the patient that `patients.csv` or their names tell, else to
    their group of near-duplicates. Recordings to which a person gave one name (`name_patient`) are one patient.
    """
    marked: dict[FrameKey, set[int]] = {}
    for class_id in CLASS_NAMES:
        for record in project.frames(FrameFilter(states=REVIEWED, class_id=class_id)):
            marked.setdefault(record.key, set()).add(class_id)
    recordings = _Recordings(project)
    return tuple(
        recordings.frame(record, frozenset(marked.get(record.key, ())))
        for record in project.frames(FrameFilter(states=REVIEWED))
    )


def name_patient(project: Project, recordings: Sequence[str], name: str) -> None:
    """Say whose recordings these are; those of one name are one patient. An empty name lets each stand for itself.

    Raises:
        OutputError: it cannot be written.
    """
    names = {r: n for r, n in _read_names(project).items() if r not in recordings}
    names |= dict.fromkeys(recordings, name) if name else {}
    write_json(project.folder / _NAMES, names)


class _Recordings:
    """Whose frame is it? What is known of sources and patients, looked up once."""

    def __init__(self, project: Project) -> None:
        self._sources = {s.hash: s for s in project.sources()}
        self._missing = {s.hash for s in project.missing_sources()}
        self._names = _read_names(project)
        pictures: dict[str, list[str]] = {}
        for record in project.frames(FrameFilter(states=REVIEWED)):
            pictures.setdefault(record.key.source_hash, []).append(record.name)
        self._within = {
            h: {} if h in self._missing else _patients_of(project.path_of(self._sources[h]), self._sources[h], names)
            for h, names in pictures.items()
        }

    def frame(self, record: FrameRecord, classes: frozenset[int]) -> CorrectedFrame:
        source = self._sources[record.key.source_hash]
        within = self._within[source.hash].get(record.name, "")
        recording = "-".join(part for part in (source.hash[:_HASH_DIGITS], _safe(within)) if part)
        name = self._names.get(recording, "")
        return CorrectedFrame(
            key=record.key,
            centre=_safe(record.centre) or NO_CENTRE,
            patient=f"patient-{_digits(name)}" if name else recording,
            title=name or " · ".join(part for part in (source.name, within) if part),
            classes=classes,
            is_there=source.hash not in self._missing,
            recording=recording,
            proposed_by=record.weights if record.state == ACCEPTED else "",
        )


def _read_names(project: Project) -> dict[str, str]:
    path = project.folder / _NAMES
    try:
        found = read_json(path) if path.is_file() else {}
    except DataError:
        return {}  # each recording stands for itself, as before anybody named one
    return {str(r): str(n) for r, n in found.items()} if isinstance(found, dict) else {}


def _digits(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]


def write_examples(
    project: Project,
    groups: Mapping[FrameKey, tuple[str, str]],
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Copy frames and their masks into a data set folder, as `data.dataset_folder.read_dataset` reads it.

    Args:
        project: open.
        groups: frame -> (centre, patient).
        folder: new; each centre gets a folder with `images/`, a folder of masks for each class, and `patients.csv`.
        progress: called with (done, in all).

    Returns:
        How many frames were left out because their source is missing or was changed, or their picture is damaged.

    Raises:
        DataError: none is left.
        OutputError: the folder cannot be written.
    """
    done = left_out = 0
    rows: dict[str, list[tuple[str, str]]] = {centre: [] for centre, _ in groups.values()}
    for source_hash in dict.fromkeys(key.source_hash for key in groups):
        keys = [key for key in groups if key.source_hash == source_hash]
        try:
            source = project.open_source(source_hash)
        except MedsegError:
            left_out += len(keys)
            continue
        with source:
            for key in keys:
                centre, patient = groups[key]
                try:
                    rgb = source.read(key.index).rgb
                except MedsegError:
                    left_out += 1
                    continue
                stem = hidden_name(key.source_hash, key.index)
                _write_pair(project, key, rgb, folder / centre, stem)
                rows[centre].append((stem, patient))
                progress(done := done + 1, len(groups))
    if not done:
        raise DataError("None of the corrected frames can be read; look for their sources in the File menu.")
    for centre, found in rows.items():
        if found:
            write_bytes(folder / centre / "patients.csv", _table(found))
    return left_out


def _write_pair(project: Project, key: FrameKey, rgb: np.ndarray, folder: Path, stem: str) -> None:
    classes = class_mask(project.read_mask(key), (rgb.shape[0], rgb.shape[1]))
    write_bytes(folder / IMAGES / f"{stem}.png", cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())
    for class_id, name in CLASS_NAMES.items():
        mask = (classes == class_id) * np.uint8(255)
        write_bytes(folder / f"{name}_masks" / f"{stem}.png", cv2.imencode(".png", mask)[1].tobytes())


def _table(rows: Sequence[tuple[str, str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("image", "patient"), *rows])
    return text.getvalue().encode()


def _patients_of(path: Path, source: SourceRecord, names: Sequence[str]) -> dict[str, str]:
    """Name of each picture -> its patient within a folder; nothing for other sources."""
    if source.kind != ImageFolder.kind:
        return {}
    pictures = path if (path / names[0]).is_file() else path / IMAGES
    centre = pictures.parent if pictures.name == IMAGES else pictures
    table = next((t for t in (centre / "patients.csv", centre.parent / "patients.csv") if t.is_file()), None)
    try:
        listed = read_patients(table) if table is not None else {}
    except DataError:
        listed = {}  # somebody else's table; the names may still tell
    told = {n: listed.get(Path(n).stem) or patient_from_name(centre.name, Path(n).stem) for n in names}
    untold = [n for n, patient in told.items() if patient is None and (pictures / n).is_file()]
    try:
        scenes = {n: f"scene {g + 1}" for n, g in zip(untold, _scenes(pictures, untold), strict=True)}
    except DataError:
        scenes = {}  # a damaged picture; it is left out when it is copied
    return {n: told[n] or scenes.get(n, Path(n).stem) for n in names}


def _scenes(folder: Path, names: Sequence[str]) -> list[int]:
    return group_near_duplicates([folder / n for n in names]) if names else []


def _safe(text: str) -> str:
    """A name that can be a folder's, and part of `centre/patient`."""
    return _NOT_IN_NAMES.sub("_", text).strip("._")
