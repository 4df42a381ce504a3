"""Tiny clips and pictures, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import OutputContainer
from av.video.stream import VideoStream

SIZE = (48, 64)
MakeClip = Callable[..., Path]


def picture_of(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A frame that tells its number: a bar that moves and a shade that grows."""
    rgb = np.full((*size, 3), 20 + 3 * number % 200, np.uint8)
    rgb[:, number % size[1]] = (255, 0, 128)
    return rgb


def write_frames(
    container: OutputContainer, stream: VideoStream, pictures: list[np.ndarray], stamps: list[int] | None = None
) -> None:
    """Encode pictures at 25 frames/s, or with the given stamps in 1/25 s."""
    for i, rgb in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts = stamps[i] if stamps else i
        frame.time_base = Fraction(1, 25)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Encode numbered frames: `make_clip("a.mp4", "libx264", stamps=…, options=…)`."""

    def make(
        name: str,
        codec: str = "libx264",
        count: int = 40,
        stamps: list[int] | None = None,
        options: dict[str, str] | None = None,
        pixel_format: str = "yuv420p",
        size: tuple[int, int] = SIZE,
        rotation: int = 0,
        container_options: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", options=container_options) as container:
            stream = container.add_stream(codec, rate=25, options=options or {})
            stream.height, stream.width, stream.pix_fmt = *size, pixel_format
            stream.codec_context.time_base = Fraction(1, 25)
            if rotation:
                stream.set_display_rotation(rotation)
            write_frames(container, stream, [picture_of(i, size) for i in range(count)], stamps)
        return path

    return make
