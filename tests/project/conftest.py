"""A small project on a folder of pictures, and masks that are worth keeping."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from medseg_gui.media import open_source
from medseg_gui.project.records import FrameKey, Lesion, lesions_from_labels
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP

SIZE = (48, 65)
FRAMES = 5
POLYP_ID, INSTRUMENT_ID = 1, 4


def label_map_of(number: int) -> np.ndarray:
    """A polyp of two parts, one with a hole, and an instrument that touches the border; another for each number."""
    labels = np.zeros(SIZE, np.uint16)
    labels[5:20, 5 + number : 25 + number] = POLYP_ID
    labels[10:12, 12 + number] = 0
    labels[30, 30] = POLYP_ID
    labels[40:, 50:] = INSTRUMENT_ID
    return labels


def lesions_of(number: int) -> tuple[Lesion, ...]:
    """The same as lesions."""
    return lesions_from_labels(label_map_of(number), {POLYP_ID: POLYP, INSTRUMENT_ID: INSTRUMENT})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of five pictures, each with a black border as endoscopes have it."""
    folder = tmp_path / "Kölner Bilder"
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(FRAMES):
        picture = np.zeros((*SIZE, 3), np.uint8)
        picture[4:-4, 4:-4] = random.integers(60, 255, (SIZE[0] - 8, SIZE[1] - 8, 3))
        (folder / f"frame{i}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return folder


@pytest.fixture
def folder(tmp_path: Path, pictures: Path) -> Path:
    """A project that knows the pictures as a source of centre C1, and no mask yet."""
    folder = tmp_path / "project"
    with Project.create(folder, "Ada") as project, open_source(pictures) as source:
        project.add_source(source, "C1")
    return folder


def key_of(project: Project, index: int) -> FrameKey:
    """Key of a picture in the project's only source."""
    return FrameKey(project.sources()[0].hash, index, index / 25)
