"""Decodes stretches of a video, each afresh from a key packet, and says of each frame which packet it came from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from medseg_gui.errors import SourceError
from medseg_gui.media.video_container import VIDEO_ERRORS, open_video
from medseg_gui.media.video_packets import PacketTable

NumberedFrame = tuple[int, VideoFrame]

# After a seek a few packets may be unrecognisable; with more of them it went astray.
_MOST_UNKNOWN = 64
# A packet this near is reached sooner by reading on than by a seek.
_NEAR_PACKETS = 8


class VideoDecoder:
    """Frames by packet number.

    Stamps are not asked: each packet goes to the decoder with its number for a stamp, and the decoder, whatever it
    reorders, hands the number back with the frame. So missing, doubled and jumping stamps do no harm.

    Args:
        path: the video file.
        table: its packets.
        threads: decode several frames at once; errors then surface some packets late.
        options: more decoder options, as FFmpeg names them.

    Attributes:
        began: number of the key packet that the present stretch began with, None before and after a stretch.
        sent: number of the packet that was decoded last.

    Raises:
        SourceError: the file cannot be opened.
    """

    def __init__(
        self, path: Path, table: PacketTable, threads: bool = True, options: dict[str, str] | None = None
    ) -> None:
        self._path, self._table = path, table
        self._how = (threads, options)
        self._container: InputContainer
        self._stream: VideoStream
        self._container, self._stream = open_video(path, threads, options)
        self._packets = self._demux()
        self._next = 0  # number of the packet that `_packets` gives next
        self._kept: deque[Packet] = deque()  # from the latest key packet on, if another stretch may begin there
        self._again: deque[Packet] = deque()  # to be decoded before `_packets` are asked
        self._ready: deque[NumberedFrame] = deque()
        self._keys_back = 0  # how many key packets before the wanted one to seek
        self._is_drained = True
        self._last = -1
        self.began: int | None = None
        self.sent = -1

    def begin(self, number: int, last: int) -> None:
        """Empty the decoder and place it so that frames come from a key packet and what follows, up to packet `last`.

        Raises:
            SourceError: the file is gone or has changed.
        """
        self.began = None
        if not (self._go_on(number) or self._seek(number) or self._reopen(number)):
            raise _changed(self._path)
        self._stream.codec_context.flush_buffers()
        self._ready.clear()
        self._is_drained = False
        self.began, self.sent, self._last = number, number - 1, last

    def next_frame(self) -> NumberedFrame | None:
        """Decode until a frame comes out.

        Returns:
            (packet number, frame), None at the end of the stretch.

        Raises:
            FFmpegError, OSError: the packet sent last, or with threads one shortly before, is damaged.
            SourceError: the file is gone or has changed.
        """
        while self.began is not None and not self._ready:
            if self._is_drained:
                self.began = None
            else:
                self._ready.extend(self._step())
        return self._ready.popleft() if self._ready else None

    def drain(self) -> list[NumberedFrame]:
        """All that the decoder still holds back; it ends the stretch."""
        self._is_drained = True
        return self._decode(None)

    def close(self) -> None:
        """Let go of the file."""
        self.began = None
        self._forget_place()
        self._container.close()

    def _step(self) -> list[NumberedFrame]:
        if self.sent == self._last:
            return self.drain()
        packet = self._take()
        if packet is None or not self._is_listed(packet, self.sent + 1):
            return self._begin_again()
        self.sent += 1
        packet.pts = packet.dts = self.sent
        return self._decode(packet)

    def _decode(self, packet: Packet | None) -> list[NumberedFrame]:
        frames = self._stream.codec_context.decode(packet)
        return [(frame.pts, frame) for frame in frames if frame.pts is not None]

    def _take(self) -> Packet | None:
        if self._again:
            return self._again.popleft()
        if self._next == len(self._table.facts):
            return None
        is_key = self._table.facts[self._next].is_key
        if is_key:
            self._kept.clear()
        packet = self._next_packet()
        # Frames shown before a key packet may follow it in the file; with them decoded, the next stretch begins there.
        if packet is not None and (self._kept or (is_key and self._next - 1 != self.began)):
            self._kept.append(packet)
        return packet

    def _next_packet(self) -> Packet | None:
        """The next packet of the file, None where it cannot be read any more."""
        packet = None
        with suppress(*VIDEO_ERRORS):
            packet = next(self._packets, None)
        if packet is None:
            self._forget_place()
        else:
            self._next += 1
        return packet

    def _go_on(self, number: int) -> bool:
        """Without a seek where the packet was kept or comes soon."""
        first_kept = self._next - len(self._kept)
        if first_kept <= number < self._next:
            self._again = deque(islice(self._kept, number - first_kept, None))
            return True
        return 0 <= number - self._next <= _NEAR_PACKETS and self._skip_to(number)

    def _seek(self, number: int) -> bool:
        stamps = self._table.seek_stamps(number, self._keys_back)
        return any(self._seek_stamp(stamp, number) for stamp in stamps)

    def _seek_stamp(self, stamp: int, number: int) -> bool:
        try:
            self._container.seek(stamp, stream=self._stream)
        except VIDEO_ERRORS:
            return False
        packets = self._demux()
        for packet in islice(packets, _MOST_UNKNOWN):
            landed = self._table.number_of(packet)
            if landed is not None:
                self._restart(chain([packet], packets), at=landed)
                return landed <= number and self._skip_to(number)
        return False

    def _reopen(self, number: int) -> bool:
        """From the beginning of the file, for streams that cannot seek."""
        container, stream = open_video(self._path, *self._how)
        self.close()
        self._container, self._stream = container, stream
        self._restart(self._demux(), at=0)
        return self._skip_to(number)

    def _begin_again(self) -> list[NumberedFrame]:
        """Right after a seek some formats give other packets than straight through; then seek further back."""
        number, self.began = self.began, None
        if number is None or self._keys_back > len(self._table.keys):
            self._keys_back = 0  # the disk may come back
            raise _changed(self._path)
        self._keys_back = 2 * self._keys_back + 1
        self._forget_place()
        self.begin(number, self._last)
        return []

    def _forget_place(self) -> None:
        self._restart(iter(()), at=len(self._table.facts))

    def _restart(self, packets: Iterator[Packet], at: int) -> None:
        self._packets, self._next = packets, at
        self._kept.clear()
        self._again.clear()

    def _skip_to(self, number: int) -> bool:
        self._kept.clear()
        self._again.clear()
        while self._next < number:
            packet = self._next_packet()
            if packet is None or not self._is_listed(packet, self._next - 1):
                return False
        return self._next == number

    def _is_listed(self, packet: Packet, number: int) -> bool:
        return bool(packet.size == self._table.facts[number].size)

    def _demux(self) -> Iterator[Packet]:
        return (packet for packet in self._container.demux(self._stream) if packet.size)


def _changed(path: Path) -> SourceError:
    return SourceError(f"{path.name} has changed or cannot be reached any more; open it again.")
