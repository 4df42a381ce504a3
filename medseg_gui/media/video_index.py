"""Which frames a video holds, when each is shown, and from where each must be decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from medseg_gui.media.h264 import Refresh
from medseg_gui.media.video_container import VIDEO_ERRORS
from medseg_gui.media.video_decoder import VideoDecoder
from medseg_gui.media.video_packets import PacketTable

# Only the order of the frames is asked, so that their pixels need not be right.
_ORDER_ONLY = {"skip_loop_filter": "all", "skip_idct": "all"}
_GUESSED_IN_AVI = ("h264", "hevc")


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """Frames in the order they are shown, N of them, from P packets.

    Attributes:
        packets: (N,) int64 number of the packet that holds a frame.
        starts: (N,) int64 number of the key packet from which decoding must begin to get the frame.
        ends: (N,) int64 number of the last packet that holds a frame with the same start.
        stamps: (N,) int64 presentation stamps, strictly increasing.
        places: (P,) int64 index of the frame that a packet holds, -1 for none.
    """

    packets: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    stamps: NDArray[np.int64]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.packets)


def build_index(path: Path, stream: VideoStream, table: PacketTable) -> VideoIndex:
    """Index of a stream.

    Where the packets tell the order (nearly always), nothing is decoded. Else the file is decoded once: H.264 with
    B-frames in AVI, clocks that jump back where recordings were joined.
    """
    if _stamps_tell_the_order(stream, table):
        order = sorted(range(len(table.facts)), key=lambda number: table.facts[number].pts or 0)
        return index_of(table, order, [table.facts[number].pts or 0 for number in order])
    order = _order_of_decoding(path, stream, table)
    clock = _forward_clock([fact.dts for fact in table.facts], _frame_period(stream))
    return index_of(table, order, [clock[number] for number in sorted(order)])


def index_of(table: PacketTable, order: Sequence[int], stamps: Sequence[int]) -> VideoIndex:
    """Index from the order in which frames are shown.

    Left out are hidden frames and what nothing can decode: frames before the first key packet, and those that come
    after it in the file but are shown before it, because they lean on frames that are not there.

    Args:
        table: P packets.
        order: packet numbers in the order of showing; some may be missing.
        stamps: presentation stamp for each of them, strictly increasing.
    """
    numbers = np.asarray(order, np.int64)
    rank = np.full(len(table.facts), -1, np.int64)
    rank[numbers] = np.arange(len(numbers))
    keys = np.array([key for key in table.keys if rank[key] >= 0], np.int64)
    key_place = np.searchsorted(keys, numbers, side="right") - 1
    leads = (key_place >= 0) & (rank[numbers] < rank[keys[key_place]])
    key_place -= leads
    is_shown = np.array([fact.is_shown for fact in table.facts], bool)[numbers]
    kept = (key_place >= 0) & is_shown
    packets, key_place = numbers[kept], key_place[kept]
    places = np.full(len(table.facts), -1, np.int64)
    places[packets] = np.arange(len(packets))
    # Where a picture becomes new bit by bit, it is whole only when that began at the key packet before.
    is_gradual = np.array([table.facts[key].refresh is Refresh.GRADUAL for key in keys], bool)
    key_place = np.maximum(key_place - is_gradual[key_place], 0)
    ends = np.zeros(len(keys), np.int64)
    np.maximum.at(ends, key_place, packets)
    return VideoIndex(packets, keys[key_place], ends[key_place], np.asarray(stamps, np.int64)[kept], places)


def _stamps_tell_the_order(stream: VideoStream, table: PacketTable) -> bool:
    shown = [fact.pts for fact in table.facts]
    decoded = [fact.dts for fact in table.facts if fact.dts is not None]
    is_avi = stream.container.format.name == "avi"
    is_guessed = is_avi and stream.codec_context.name in _GUESSED_IN_AVI and stream.codec_context.has_b_frames
    return None not in shown and len(set(shown)) == len(shown) and decoded == sorted(decoded) and not is_guessed


def _order_of_decoding(path: Path, stream: VideoStream, table: PacketTable) -> list[int]:
    """Packet numbers in the order in which the decoder gives their frames."""
    if not stream.codec_context.has_b_frames or len(table.keys) == len(table.facts):
        return list(range(len(table.facts)))
    decoder = VideoDecoder(path, table, options=_ORDER_ONLY)
    order: list[int] = []
    try:
        decoder.begin(0, last=len(table.facts) - 1)
        while True:
            try:
                frame = decoder.next_frame()
            except VIDEO_ERRORS:
                continue  # a damaged packet has no place in the order; the next ones may
            if frame is None:
                break
            order.append(frame[0])
    finally:
        decoder.close()
    return list(dict.fromkeys(order))


def _frame_period(stream: VideoStream) -> int:
    """Stamps from one frame to the next at the nominal rate, at least 1."""
    rate = stream.average_rate or stream.guessed_rate
    return max(round(1 / (rate * stream.time_base)), 1) if rate and stream.time_base else 1


def _forward_clock(stamps: Sequence[int | None], period: int) -> list[int]:
    """Decoding stamps as a clock that only goes forward; where it jumps back or is silent, one period passes."""
    clock: list[int] = []
    before: int | None = None
    for stamp in stamps:
        step = period if stamp is None or before is None or stamp <= before else stamp - before
        clock.append(clock[-1] + step if clock else stamp or 0)
        before = stamp
    return clock
