"""A video with a project's masks drawn in, to show to others: H.264, at the times of the source's own frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.errors import DataError
from medseg_gui.media.source import Source
from medseg_gui.media.video_writer import VideoWriter
from medseg_gui.overlay import DEFAULT_PALETTE, PALETTES, blend, colour_mask
from medseg_gui.project.clean_copy import clean_frames
from medseg_gui.project.records import FrameKey, FrameRecord, class_mask
from medseg_gui.project.store import Project
from medseg_gui.types import UInt8Array

Progress = Callable[[int, int], None]
RESEARCH = "For research use. Not a medical device."
_TEXT_SHARE = 1 / 30  # height of a line of text, of the frame's height
_LEAST_TEXT_PX = 12


def write_overlay_video(
    project: Project,
    source_hash: str,
    path: Path,
    frames: Sequence[int] | None = None,
    deidentify: bool = False,
    margin_px: int = 0,
    progress: Progress = lambda done, total: None,
) -> int:
    """Write all frames of a source, or some, with their masks, numbers, times, states and weights burnt in.

    Frames keep their presentation times, also where the source's rate varies. There is no sound and no metadata.

    Args:
        project: open.
        source_hash: of a source that the project knows.
        path: an `.mp4` file that is not there yet.
        frames: indices in the source, in order; None for all.
        deidentify: black out what lies outside the scope's field of view.
        margin_px: how much more is blacked out.
        progress: called with (done, in all).

    Returns:
        how many frames were written.

    Raises:
        DataError: no such source or frame, or a file of that name is there.
        SourceError: the source is missing or cannot be read.
        OutputError: the video cannot be written.
    """
    if path.suffix.lower() != ".mp4" or path.exists():
        raise DataError(f"{path.name} is there already or no .mp4 file; choose another name.")
    with project.open_source(source_hash) as source:
        indices = list(range(source.frame_count)) if frames is None else list(frames)
        if not indices or indices[0] < 0 or indices[-1] >= source.frame_count:
            raise DataError(f"The source has frames 0 to {source.frame_count - 1}; choose among these.")
        pictures = (
            clean_frames(source, indices, margin_px) if deidentify else ((i, source.read(i).rgb) for i in indices)
        )
        size = source.read(indices[0]).size
        with VideoWriter(path, size, source.frame_rate) as writer:
            for done, (index, rgb) in enumerate(pictures, 1):
                writer.write(_fitted(_drawn(project, source, index, rgb), size), float(source.frame_times[index]))
                progress(done, len(indices))
    return len(indices)


def describe_frame(index: int, time_s: float, record: FrameRecord | None) -> str:
    """The line that is burnt into a frame; signs that the drawn letters lack become question marks."""
    words = [f"frame {index}", f"{time_s:.3f} s"]
    if record is not None:
        words += [record.state.replace("_", " "), record.weights]
    return "  ".join(w for w in words if w).encode("ascii", "replace").decode()


def _drawn(project: Project, source: Source, index: int, rgb: UInt8Array) -> UInt8Array:
    """A frame with its mask and two lines of text."""
    key = FrameKey(source.source_id, index, float(source.frame_times[index]))
    record, lesions = project.frame(key), project.read_mask(key)
    if lesions:
        labels = class_mask(lesions, (rgb.shape[0], rgb.shape[1]))
        rgb = blend(rgb, colour_mask(labels, PALETTES[DEFAULT_PALETTE], opacity=0.2))
    return write_lines(rgb, [describe_frame(index, key.time_s, record), RESEARCH])


def write_lines(rgb: UInt8Array, lines: Sequence[str]) -> UInt8Array:
    """A copy with lines of text at its lower left, white on black so that they can be read on any tissue.

    Args:
        rgb: (H, W, 3) uint8.
        lines: ASCII, from top to bottom.
    """
    drawn = np.ascontiguousarray(rgb).copy()
    height, width = drawn.shape[:2]
    font, line_px = cv2.FONT_HERSHEY_SIMPLEX, max(round(_TEXT_SHARE * height), _LEAST_TEXT_PX)
    for i, text in enumerate(reversed(lines)):
        scale = cv2.getFontScaleFromHeight(font, round(line_px * 0.6))
        text_width = cv2.getTextSize(text, font, scale, 1)[0][0]
        scale *= min((width - line_px) / max(text_width, 1), 1.0)
        bottom = height - i * line_px
        band = min(text_width, width - line_px) + line_px
        cv2.rectangle(drawn, (0, bottom - line_px), (band, bottom), (0, 0, 0), -1)
        at = (line_px // 2, bottom - round(line_px * 0.25))
        cv2.putText(drawn, text, at, font, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return drawn


def _fitted(rgb: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """A folder may hold pictures of several sizes; the video has that of the first."""
    if rgb.shape[:2] == size:
        return rgb
    return cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
