"""Video files through PyAV: every frame exactly, straight through or after a jump."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from medseg_gui.errors import SourceError
from medseg_gui.media.content_hash import content_hash
from medseg_gui.media.source import Source, name_of
from medseg_gui.media.video_container import VIDEO_ERRORS, open_video
from medseg_gui.media.video_index import VideoIndex, build_index
from medseg_gui.media.video_packets import read_packets
from medseg_gui.media.video_reader import VideoReader
from medseg_gui.types import Frame, UInt8Array

logger = logging.getLogger(__name__)

_FALLBACK_RATE = 25.0
_HIGHEST_RATE = 1000.0
# The containers that show in their packets that their end was cut off.
_TELLS_A_CUT = ("mov", "matroska", "avi")


class VideoFile(Source):
    """A video file.

    The sample aspect ratio is passed over: masks belong to stored pixels. A rotation that a phone wrote is applied.

    Frames that a truncated file announces at its end but does not hold are not counted. A damaged frame in the middle
    keeps its index and its time; reading it is an error, and so are the ones that lean on it up to the next key
    frame, because what a decoder guesses there depends on what it read before.

    Raises:
        SourceError: not there, not a video, damaged beyond reading.
    """

    kind = "video"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.title = name_of(path)
        self.source_id = content_hash(path)
        self._open(path)
        self._reformatter = VideoReformatter()

    def read(self, index: int) -> Frame:
        """Decode one frame; next to the last one read it costs one decoding step, elsewhere a seek."""
        if not 0 <= index < self.frame_count:
            raise SourceError(f"There is no frame {index}; {self.title} holds {self.frame_count}.")
        rgb = self._to_rgb(self._reader.read(index))
        return Frame(index, float(self.frame_times[index]), self.source_id, rgb)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def _open(self, path: Path) -> None:
        container, stream = open_video(path)
        with container:
            try:
                table = read_packets(container, stream)
                index = build_index(path, stream, table)
            except VIDEO_ERRORS as e:
                raise SourceError(f"{path.name} cannot be read; copy it again.", str(e)) from e
            may_be_cut = table.was_cut or not container.format.name.startswith(_TELLS_A_CUT)
            times = index.stamps.astype(np.float64) * float(stream.time_base or 1 / _FALLBACK_RATE)
            self.frame_rate = _frame_rate(stream, times)
        self._reader = VideoReader(path, table, index)
        count = self._without_cut_end(index) if may_be_cut else len(index)
        if not any(self._reader.is_readable(i) for i in (0, count // 2, count - 1) if 0 <= i < count):
            self._reader.close()
            raise SourceError(f"{path.name} holds no frame that can be decoded; copy it again or convert it.")
        if count < len(index):
            logger.info("%s is cut off: %d of %d frames are left", self.source_id, count, len(index))
        self.frame_times = times[:count]

    def _without_cut_end(self, index: VideoIndex) -> int:
        """How many frames are left when, where the file ends, they are counted up to the first that fails."""
        if not len(index):
            return 0
        last_start = index.starts[np.argmax(index.packets)]
        suspects = range(int(np.argmax(index.starts == last_start)), len(index))
        return next((place for place in suspects if not self._reader.is_readable(place)), len(index))

    def _to_rgb(self, frame: VideoFrame) -> UInt8Array:
        # One reformatter for all frames, because setting up a conversion takes longer than the conversion.
        try:
            rgb = self._reformatter.reformat(frame, format="rgb24").to_ndarray().astype(np.uint8, copy=False)
        except (*VIDEO_ERRORS, ValueError) as e:
            raise SourceError(f"The colours of {self.title} cannot be converted; convert the file.", str(e)) from e
        turns = round(getattr(frame, "rotation", 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb


def _frame_rate(stream: VideoStream, times: NDArray[np.float64]) -> float:
    """The rate that the file names if it can be true, else the one its frames have."""
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if 0 < rate <= _HIGHEST_RATE:
        return rate
    return float(1 / np.median(np.diff(times))) if len(times) > 1 else _FALLBACK_RATE
