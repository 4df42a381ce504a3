"""Video files through PyAV: every frame exactly, straight through or after a jump."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import av
import av.error
import av.logging
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from medseg_gui.errors import SourceError
from medseg_gui.media.content_hash import content_hash
from medseg_gui.media.source import Source
from medseg_gui.media.video_index import read_index
from medseg_gui.types import Frame, UInt8Array

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".wmv"})
MAX_PIXELS = 100_000_000
_FALLBACK_RATE = 25.0
_KEPT_BYTES = 128 * 1024**2
# Frames before the wanted one that are kept when a jump has to decode them anyway: going back is mostly by steps.
_KEEP_BEFORE = 12

# What FFmpeg finds wrong comes to us as errors. Any level but None calls back into Python from decoder threads, which
# deadlocks with a thread that holds the interpreter lock while it waits for the decoder to close.
av.logging.set_level(None)


class VideoFile(Source):
    """A video file.

    The sample aspect ratio is passed over: masks belong to stored pixels. A rotation that a phone wrote is applied.

    Raises:
        SourceError: not there, not a video, damaged beyond reading.
    """

    kind = "video"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.title = path.name
        self.source_id = content_hash(path)
        self._container, self._stream = _open(path)
        try:
            self._index = read_index(self._container, self._stream)
            if not len(self._index.pts):
                raise SourceError(f"{path.name} holds no frame that can be decoded; copy it again.")
        except SourceError:
            self._container.close()
            raise
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.frame_rate = float(rate) if rate else _FALLBACK_RATE
        scale = 1 / self.frame_rate if self._index.is_counted else float(self._stream.time_base or 1)
        self.frame_times = self._index.pts.astype(np.float64) * scale
        self._frames: Iterator[VideoFrame] | None = None
        self._next = 0  # index of the frame that `_frames` gives next
        self._kept = _Kept()

    def read(self, index: int) -> Frame:
        """Decode one frame; next to the last one read it costs one decoding step, elsewhere a seek."""
        if not 0 <= index < self.frame_count:
            raise SourceError(f"There is no frame {index}; {self.title} holds {self.frame_count}.")
        rgb = self._kept.get(index)
        if rgb is None:
            rgb = self._decode(index)
            self._kept.put(index, rgb)
        return Frame(index, float(self.frame_times[index]), self.source_id, rgb)

    def close(self) -> None:
        """Let go of the file."""
        self._frames = None
        self._container.close()

    def _decode(self, index: int) -> UInt8Array:
        try:
            if self._frames is None or self._must_seek(index):
                return self._decode_after_seek(index)
            found = self._advance(index, keep_from=index)
            # Nothing came although it stands in the index: the decoder lost its thread; begin at a key frame.
            return found if found is not None else self._decode_after_seek(index)
        except (av.error.FFmpegError, OSError, ValueError) as e:
            self._frames = None
            raise SourceError(
                f"Frame {index} of {self.title} is damaged or the file is gone; go on with another frame.", str(e)
            ) from e

    def _must_seek(self, index: int) -> bool:
        return index < self._next or self._key_before(index) > self._next

    def _key_before(self, index: int) -> int:
        keys = self._index.key_indices
        return int(keys[np.searchsorted(keys, index, side="right") - 1])

    def _decode_after_seek(self, index: int) -> UInt8Array:
        """Begin at the key frame before; where the container lands too late, at ever earlier ones."""
        keys = self._index.key_indices
        for place in range(int(np.searchsorted(keys, index, side="right")) - 1, -1, -1):
            self._container.seek(int(self._index.key_stamps[place]), stream=self._stream)
            self._frames = self._container.decode(self._stream)
            self._next = int(keys[place]) if self._index.is_counted else -1
            found = self._advance(index, keep_from=index - _KEEP_BEFORE)
            if found is not None:
                return found
        self._frames = None
        raise SourceError(f"Frame {index} of {self.title} is damaged; go on with another frame.")

    def _advance(self, index: int, keep_from: int) -> UInt8Array | None:
        """Decode up to a frame, None when it does not come."""
        assert self._frames is not None
        for frame in self._frames:
            place = self._place(frame)
            if place < 0:
                continue
            self._next = place + 1
            if place == index:
                return _to_rgb(frame)
            if place > index:
                return None
            if place >= keep_from:
                self._kept.put(place, _to_rgb(frame))
        return None

    def _place(self, frame: VideoFrame) -> int:
        """Index of a decoded frame, -1 for one that stands in no index."""
        if self._index.is_counted:
            return self._next
        stamp = frame.pts if frame.pts is not None else -1
        place = int(np.searchsorted(self._index.pts, stamp, side="right")) - 1
        return place if place >= 0 and self._index.pts[place] == stamp else -1


class _Kept:
    """The frames decoded last, as many as memory allows."""

    def __init__(self) -> None:
        self._frames: OrderedDict[int, UInt8Array] = OrderedDict()
        self._bytes = 0

    def get(self, index: int) -> UInt8Array | None:
        return self._frames.get(index)

    def put(self, index: int, rgb: UInt8Array) -> None:
        if index in self._frames:
            return
        rgb.setflags(write=False)
        self._frames[index] = rgb
        self._bytes += rgb.nbytes
        while self._bytes > _KEPT_BYTES and len(self._frames) > 1:
            self._bytes -= self._frames.popitem(last=False)[1].nbytes


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as e:
        raise SourceError(
            f"{path.name} is not a video this program can read; try another copy or format.", str(e)
        ) from e
    stream = max(filter(_is_playable, container.streams.video), key=lambda s: s.width * s.height, default=None)
    if stream is None:
        container.close()
        raise SourceError(f"{path.name} holds no video; choose another file.")
    if stream.width * stream.height > MAX_PIXELS:
        container.close()
        raise SourceError(f"{path.name} has more than 100 megapixels a frame; scale it down first.")
    stream.thread_type = "AUTO"
    return container, stream


def _is_playable(stream: VideoStream) -> bool:
    """Whether there is a decoder and a size, and it is not a cover picture, which is a video stream too."""
    is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
    return stream.codec_context is not None and bool(stream.width and stream.height) and not is_cover


def _to_rgb(frame: VideoFrame) -> UInt8Array:
    rgb: UInt8Array = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb
