"""Copies of a source that name nobody: black outside the field of view, no sound, no metadata, no file names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2

from medseg_gui.errors import DataError, OutputError
from medseg_gui.media.source import Source
from medseg_gui.media.video_writer import VideoWriter
from medseg_gui.project.deidentify import FieldOfView, black_out, find_field_of_view
from medseg_gui.project.names import hidden_name
from medseg_gui.types import Frame, UInt8Array

Progress = Callable[[int, int], None]

_FIELD_FRAMES = 12  # so many frames of a source show where its field of view is
_CRF = 16  # x264: what is lost can hardly be measured, let alone seen


def clean_frames(source: Source, indices: Sequence[int], margin_px: int = 0) -> Iterator[tuple[int, UInt8Array]]:
    """Frames that are black outside the field of view; those of one size share theirs.

    Args:
        source: open.
        indices: which frames.
        margin_px: see `deidentify.black_out`.

    Yields:
        (index, (H, W, 3) uint8 RGB).
    """
    fields: dict[tuple[int, int], FieldOfView] = {}
    spread = indices[:: -(-len(indices) // _FIELD_FRAMES)] if indices else []
    for index in indices:
        frame = source.read(index)
        if frame.size not in fields:
            fields[frame.size] = _field_like(source, frame, spread)
        yield index, black_out(frame.rgb, fields[frame.size], margin_px)


def copy_video(source: Source, path: Path, margin_px: int = 0, progress: Progress = lambda done, total: None) -> None:
    """Write a clean H.264 copy: frame by frame the same indices, at the source's own times from 0 on.

    Args:
        source: an open video.
        path: an `.mp4` file that is not there yet.
        margin_px: see `deidentify.black_out`.
        progress: called with (done, in all).

    Raises:
        DataError: it is no video, or a file of that name is there.
        OutputError: it cannot be written.
        SourceError: a frame cannot be read.
    """
    if source.kind != "video" or path.suffix.lower() != ".mp4":
        raise DataError("Only a video is copied to a video; give a file that ends in .mp4.")
    if path.exists():
        raise DataError(f"{path.name} is there already; choose another name.")
    size = source.read(0).size
    with VideoWriter(path, size, source.frame_rate, _CRF) as writer:
        for index, rgb in clean_frames(source, range(source.frame_count), margin_px):
            writer.write(rgb, float(source.frame_times[index]))
            progress(index + 1, source.frame_count)


def copy_pictures(
    source: Source, folder: Path, margin_px: int = 0, progress: Progress = lambda done, total: None
) -> None:
    """Write clean copies of all frames as PNG, named by the source's content and their index, in its order.

    Args:
        source: open; usually a folder of pictures.
        folder: where to; made if it is not there.
        margin_px: see `deidentify.black_out`.
        progress: called with (done, in all).

    Raises:
        OutputError: it cannot be written.
        SourceError: a frame cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for index, rgb in clean_frames(source, range(source.frame_count), margin_px):
            png = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
            (folder / f"{hidden_name(source.source_id, index)}.png").write_bytes(png)
            progress(index + 1, source.frame_count)
    except OSError as e:
        raise OutputError(f"{folder.name} cannot be written ({e.strerror}); choose another folder.") from e


def _field_like(source: Source, frame: Frame, spread: Sequence[int]) -> FieldOfView:
    """Field of view of the frames of one size, as far as the spread frames show it."""
    others = (source.read(i) for i in spread if i != frame.index)
    return find_field_of_view([frame.rgb, *(f.rgb for f in others if f.size == frame.size)])
