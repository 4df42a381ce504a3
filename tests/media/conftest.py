"""Tiny clips and pictures, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

SIZE = (48, 64)
MakeClip = Callable[..., Path]


def picture_of(number: int) -> np.ndarray:
    """A frame that tells its number: a bar that moves and a shade that grows."""
    rgb = np.full((*SIZE, 3), 20 + 3 * number % 200, np.uint8)
    rgb[:, number % SIZE[1]] = (255, 0, 128)
    return rgb


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
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25, options=options or {})
            stream.height, stream.width, stream.pix_fmt = *SIZE, pixel_format
            stream.codec_context.time_base = Fraction(1, 25)
            for i in range(count):
                frame = av.VideoFrame.from_ndarray(picture_of(i), format="rgb24")
                frame.pts = stamps[i] if stamps else i
                frame.time_base = Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make
