"""Write pictures as an H.264 video."""

from __future__ import annotations

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
from av.video.stream import VideoStream

from medseg_gui.errors import OutputError
from medseg_gui.types import UInt8Array

_CLOCK = Fraction(1, 90_000)  # s; that of MPEG, which holds the usual frame rates without a remainder


class VideoWriter:
    """Writes beside the final name and takes its place when all went well; use it in a `with`.

    Args:
        path: an `.mp4` file; its folder must exist.
        size: (height, width) of the pictures; odd sides lose their last row or column, which H.264 cannot hold.
        frame_rate: frames/s; nominal when pictures come with times of their own.
        crf: constant quality of x264, 0 best, 51 worst.

    Raises:
        OutputError: the file cannot be made.
    """

    def __init__(self, path: Path, size: tuple[int, int], frame_rate: float, crf: int = 20) -> None:
        self.path = path
        self._partial = path.with_name(path.name + ".part")
        self._height, self._width = (side // 2 * 2 for side in size)
        try:
            self._container = av.open(str(self._partial), "w", format="mp4")
        except (OSError, av.error.FFmpegError) as e:
            raise OutputError(f"{path} cannot be written; choose another folder.", str(e)) from e
        rate = Fraction(frame_rate).limit_denominator(1001)
        stream = self._container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "medium"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
        self._stream = stream
        self._first_s: float | None = None

    def write(self, rgb: UInt8Array, time_s: float | None = None) -> None:
        """Add one picture.

        Args:
            rgb: (H, W, 3) uint8 RGB.
            time_s: when it is shown, in seconds, later than the one before; the first one begins the video. Given for
                all pictures or for none, which are then shown evenly.

        Raises:
            OutputError: the disk is full or gone.
        """
        frame = av.VideoFrame.from_ndarray(rgb[: self._height, : self._width].copy(), format="rgb24")
        if time_s is not None:
            if self._first_s is None:
                self._first_s = time_s
                self._stream.codec_context.time_base = _CLOCK
            frame.pts, frame.time_base = round((time_s - self._first_s) / _CLOCK), _CLOCK
        try:
            self._container.mux(self._stream.encode(frame))
        except (OSError, av.error.FFmpegError) as e:
            raise OutputError(f"{self.path} cannot be written; free some space and try again.", str(e)) from e

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abandon()
            return
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            os.replace(self._partial, self.path)
        except (OSError, av.error.FFmpegError) as e:
            self._abandon()
            raise OutputError(f"{self.path} cannot be written; free some space and try again.", str(e)) from e

    def _abandon(self) -> None:
        with suppress(OSError, av.error.FFmpegError):  # what could not be finished is thrown away below
            self._container.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)
