"""Phantom frames and clips on disk."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2

from medseg_gui.data.mask_file import write_mask
from medseg_gui.data.phantom.frames import PhantomSample, render_clip, render_sample
from medseg_gui.errors import InputError, OutputError
from medseg_gui.media.video_writer import VideoWriter
from medseg_gui.types import INSTRUMENT, POLYP

_MARK = "phantom.txt"
_FRAMES_PER_PATIENT = 3


def write_dataset(
    folder: Path,
    count: int,
    centres: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a data set folder: `C1/images`, `C1/masks` (polyps), `C1/instrument_masks`, …, and `patients.csv`.

    Args:
        folder: new, empty, or a phantom data set, which is then written over.
        count: frames in all, shared among the centres in turn.
        centres: how many hospitals.
        seed: the same seed writes the same files.
        progress: called with (done, in all).

    Raises:
        InputError: the folder holds something else.
        OutputError: disk full, no permission.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise InputError(f"{folder} already holds other files; choose a new or empty folder.")
    rows = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).write_text(f"Made by medseg phantom: {count} frames, seed {seed}.\n", encoding="utf-8")
        for i in range(count):
            sample = render_sample(seed * 100_003 + i, centre=i % centres)
            name = f"{sample.centre}_{i:05d}"
            _write_sample(folder / sample.centre, name, sample)
            rows.append((f"{name}.jpg", f"{sample.centre}-{i // centres // _FRAMES_PER_PATIENT}"))
            progress(i + 1, count)
        with (folder / "patients.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("image", "patient"), *rows])
    except OSError as e:
        raise OutputError(f"{folder} cannot be written ({e.strerror}); choose another folder.") from e


def write_clip(
    path: Path,
    seed: int = 0,
    centre: int = 0,
    seconds: float = 10.0,
    frame_rate: float = 25.0,
    size: tuple[int, int] = (720, 1280),
    crf: int = 23,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a clip as H.264; arguments as `render_clip`, `crf` as in `VideoWriter`.

    Raises:
        OutputError: disk full, no permission.
    """
    total = round(seconds * frame_rate)
    with VideoWriter(path, size, frame_rate, crf) as writer:
        for i, sample in enumerate(render_clip(seed, centre, seconds, frame_rate, size)):
            writer.write(sample.rgb)
            progress(i + 1, total)


def _write_sample(folder: Path, name: str, sample: PhantomSample) -> None:
    for part in ("images", "masks", "instrument_masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    _, jpeg = cv2.imencode(".jpg", sample.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    (folder / "images" / f"{name}.jpg").write_bytes(jpeg.tobytes())
    write_mask(folder / "masks" / f"{name}.png", (sample.mask == POLYP).astype("uint8"))
    write_mask(folder / "instrument_masks" / f"{name}.png", (sample.mask == INSTRUMENT).astype("uint8"))
