"""Gives the decoded frames of a video by index, the same after any jump as straight through."""

from __future__ import annotations

import math
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from av.video.frame import VideoFrame

from medseg_gui.errors import SourceError
from medseg_gui.media.video_container import STRICT, VIDEO_ERRORS
from medseg_gui.media.video_decoder import VideoDecoder
from medseg_gui.media.video_index import VideoIndex
from medseg_gui.media.video_packets import PacketTable

_KEPT_BYTES = 128 * 1024**2


class VideoReader:
    """Decodes on when it can, seeks when it must, and keeps what came out last for steps back.

    Each frame is decoded in a stretch of its own key packet with an emptied decoder, also when reading straight
    through. So what came before cannot matter, even where a decoder conceals damage.

    A frame counts as readable when every packet from its key packet to its own decodes without an error. Errors are
    looked into with a second decoder without threads, which tells the packet that is to blame.

    Args:
        path: the video file.
        table: its packets.
        index: its frames.

    Raises:
        SourceError: the file cannot be opened.
    """

    def __init__(self, path: Path, table: PacketTable, index: VideoIndex) -> None:
        self._path, self._table, self._index = path, table, index
        self._options = STRICT if table.is_clean else {}
        self._decoder = VideoDecoder(path, table, options=self._options)
        self._careful: VideoDecoder | None = None
        self._recent = RecentFrames(_KEPT_BYTES)
        self._is_closed = False
        self._shown = -1  # index of the frame that came out of `_decoder` last
        self._first_damaged: dict[int, int] = {}  # key packet -> first packet from there on that fails
        self._missing: set[int] = set()  # frames that do not come out

    def read(self, place: int) -> VideoFrame:
        """The frame of an index.

        Raises:
            SourceError: it, or a frame it leans on, is damaged, or the file is gone.
        """
        if self._is_closed:
            raise SourceError(f"{self._path.name} is closed; open it again.")
        frame = self._recent.get(place)
        if frame is None and not self._is_hopeless(place):
            try:
                frame = self._read_on(place)
                frame = frame if frame is not None else self._read_carefully(place)
            except VIDEO_ERRORS as e:
                raise self._complaint(place) from e
        if frame is None:
            raise self._complaint(place)
        return frame

    def is_readable(self, place: int) -> bool:
        """Whether `read` gives this frame."""
        try:
            self.read(place)
        except SourceError:
            return False
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._is_closed = True
        self._recent.clear()
        for decoder in (self._decoder, self._careful):
            if decoder is not None:
                decoder.close()

    def _read_on(self, place: int) -> VideoFrame | None:
        """The frame from where the decoder stands or from its key packet; None when an error came up."""
        start = int(self._index.starts[place])
        try:
            if self._decoder.began != start or place <= self._shown:
                self._shown = -1
                self._decoder.begin(start, int(self._index.ends[place]))
            return self._run(self._decoder, place)
        except VIDEO_ERRORS:
            self._decoder.began = None
            return None

    def _run(self, decoder: VideoDecoder, place: int) -> VideoFrame | None:
        """Decode until the frame comes out; None when the stretch ends without it."""
        while (numbered := decoder.next_frame()) is not None:
            came = self._keep(*numbered, start=self._index.starts[place])
            if decoder is self._decoder:
                self._shown = max(self._shown, came)
            if came == place:
                return numbered[1]
        return None

    def _keep(self, number: int, frame: VideoFrame, start: int) -> int:
        """Index of a frame that came out, -1 for one of another stretch: it leans on what was not decoded."""
        place = int(self._index.places[number])
        if place < 0 or self._index.starts[place] != start:
            return -1
        self._recent.put(place, frame)
        return place

    def _read_carefully(self, place: int) -> VideoFrame | None:
        """The frame from a decoder without threads, which tells the packet that fails."""
        if self._careful is None:
            self._careful = VideoDecoder(self._path, self._table, threads=False, options=self._options)
        start = int(self._index.starts[place])
        self._careful.begin(start, int(self._index.ends[place]))
        try:
            frame = self._run(self._careful, place)
        except VIDEO_ERRORS:
            damaged = self._first_damaged[start] = self._careful.sent
            frame = None
            with suppress(*VIDEO_ERRORS):  # frames from before the error still wait inside
                for number, waiting in self._careful.drain():
                    if number < damaged and self._keep(number, waiting, start) == place:
                        frame = waiting
        if frame is None:
            self._missing.add(place)
        return frame

    def _is_hopeless(self, place: int) -> bool:
        damaged = self._first_damaged.get(int(self._index.starts[place]), math.inf)
        return place in self._missing or damaged <= self._index.packets[place]

    def _complaint(self, place: int) -> SourceError:
        if not self._path.exists():
            return SourceError(f"{self._path.name} is gone; bring it back and open it again.")
        return SourceError(f"Frame {place} of {self._path.name} is damaged; go on with another frame.")


class RecentFrames:
    """Decoded frames by index, as many of the newest as fit.

    Args:
        capacity: bytes; one frame is kept even if it is larger.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._bytes = 0
        self._frames: OrderedDict[int, tuple[VideoFrame, int]] = OrderedDict()

    def get(self, place: int) -> VideoFrame | None:
        """The frame of an index if it is still here; that counts as using it."""
        if place not in self._frames:
            return None
        self._frames.move_to_end(place)
        return self._frames[place][0]

    def put(self, place: int, frame: VideoFrame) -> None:
        """Add a frame; the ones unused for longest make room."""
        size = sum(plane.buffer_size for plane in frame.planes)
        self._bytes += size - self._frames.pop(place, (frame, 0))[1]
        self._frames[place] = frame, size
        while self._bytes > self._capacity and len(self._frames) > 1:
            self._bytes -= self._frames.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Let go of all frames."""
        self._frames.clear()
        self._bytes = 0
