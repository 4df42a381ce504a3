"""Predict a whole source and write what was found: masks, a table, an overlay video."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.data.mask_file import write_mask
from medseg_gui.errors import OutputError
from medseg_gui.media import Source
from medseg_gui.media.video_writer import VideoWriter
from medseg_gui.overlay import DEFAULT_PALETTE, PALETTES, blend, colour_mask, label_map
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import FloatArray, Frame, Segmentation, UInt8Array


@dataclass(frozen=True)
class FramePrediction:
    """One row of `predictions.csv`.

    Attributes:
        frame: index in the source.
        time_s: presentation time in seconds.
        lesions: connected parts of the mask.
        area_px: marked pixels at the source's size.
        max_probability: highest probability anywhere, in [0, 1].
        mean_uncertainty: binary entropy of the probability, mean over the frame, in bits, in [0, 1].
        mask: name of the mask file.
    """

    frame: int
    time_s: float
    lesions: int
    area_px: int
    max_probability: float
    mean_uncertainty: float
    mask: str


def predict_source(
    source: Source,
    segmenter: Segmenter,
    folder: Path,
    threshold: float,
    every: int = 1,
    overlay: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[FramePrediction]:
    """Write a PNG mask for each frame, `predictions.csv` and, if wanted, a video with the masks drawn in.

    Args:
        source: an open source.
        segmenter: what looks at it.
        folder: where to, made when missing.
        threshold: probability from which a pixel is marked, in (0, 1).
        every: take each so many frames.
        overlay: where to write the overlay video.
        progress: called with (done, in all).

    Returns:
        One row for each frame taken.

    Raises:
        SourceError: a frame cannot be read; the rows before it are on disk.
        OutputError: the results cannot be written.
    """
    make_folder(folder)
    rows: list[FramePrediction] = []
    indices = range(0, source.frame_count, every)
    names = FrameNames()
    with ExitStack() as stack:
        stack.callback(lambda: write_table(folder / "predictions.csv", rows))
        drawing = stack.enter_context(_Drawing(overlay, source.frame_rate / every)) if overlay else None
        for frame in map(source.read, indices):
            segmentation = segmenter.segment(frame)
            labels = label_map(segmentation, {segmenter.info.class_id: threshold})
            name = f"{names.stem_for(frame)}.png"
            write_mask(folder / name, labels)
            rows.append(_row(frame, segmentation, labels, segmenter.info.class_id, name))
            if drawing:
                drawing.add(frame, labels)
            progress(len(rows), len(indices))
    return rows


def mean_uncertainty(probability: FloatArray) -> float:
    """Binary entropy in bits, mean over all pixels, in [0, 1].

    Source: Shannon 1948, section 6: H = -p log2 p - (1-p) log2 (1-p).
    """
    p = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean())


def write_table(path: Path, rows: list[FramePrediction]) -> None:
    """Write rows as CSV, in one step.

    Raises:
        OutputError: disk full, no permission.
    """
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(list(FramePrediction.__dataclass_fields__))
            for r in rows:
                figures = (f"{r.time_s:.6f}", r.lesions, r.area_px, f"{r.max_probability:.4f}")
                table.writerow([r.frame, *figures, f"{r.mean_uncertainty:.5f}", r.mask])
        os.replace(partial, path)
    except OSError as e:
        raise OutputError(f"{path} cannot be written ({e.strerror}); choose another folder.") from e


def make_folder(folder: Path) -> None:
    """Make a folder for results where there is none.

    Raises:
        OutputError: no permission, or a file is in the way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise OutputError(f"The folder {folder} cannot be made ({e.strerror}); choose another.") from e


class FrameNames:
    """Names for result files: the frame's own, and never the same twice (a.jpg and a.png lie in one folder)."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def stem_for(self, frame: Frame) -> str:
        """What to call the next frame's files, without their ending."""
        stem = Path(frame.name).stem or f"frame_{frame.index:06d}"
        if stem.casefold() in self._used:
            stem = frame.name or str(frame.index)
        self._used.add(stem.casefold())
        return stem


def _row(
    frame: Frame, segmentation: Segmentation, labels: UInt8Array, class_id: int, mask_name: str
) -> FramePrediction:
    marked = (labels == class_id).astype(np.uint8)
    parts, _ = cv2.connectedComponents(marked)
    return FramePrediction(
        frame=frame.index,
        time_s=frame.time_s,
        lesions=parts - 1,
        area_px=int(marked.sum()),
        max_probability=segmentation.max_probability(class_id),
        mean_uncertainty=mean_uncertainty(segmentation.probability[class_id]),
        mask=mask_name,
    )


class _Drawing:
    """The overlay video; its size is the first frame's, later ones are fitted to it. What was drawn is kept."""

    def __init__(self, path: Path, frame_rate: float) -> None:
        self._path = path
        self._frame_rate = frame_rate
        self._size = (0, 0)
        self._writer: VideoWriter | None = None
        self._stack = ExitStack()

    def __enter__(self) -> _Drawing:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, frame: Frame, labels: UInt8Array) -> None:
        if self._writer is None:
            self._size = frame.size
            self._writer = self._stack.enter_context(VideoWriter(self._path, self._size, self._frame_rate))
        picture = blend(frame.rgb, colour_mask(labels, PALETTES[DEFAULT_PALETTE]))
        if picture.shape[:2] != self._size:
            picture = cv2.resize(picture, self._size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
        self._writer.write(picture)
