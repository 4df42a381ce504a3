"""Which frames a video file holds, from its packets alone: nothing is decoded unless the packets cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """Frames in the order they are shown.

    Attributes:
        pts: (N,) int64 presentation stamps in the stream's time base, strictly increasing; for a counted video
            simply 0, 1, 2 …
        key_indices: indices of the frames from which decoding can begin.
        key_stamps: for each of those, the stamp to seek to.
        is_counted: the file gives no usable stamps, and frames are told apart by counting from the first.
    """

    pts: NDArray[np.int64]
    key_indices: NDArray[np.int64]
    key_stamps: NDArray[np.int64]
    is_counted: bool = False


def read_index(container: InputContainer, stream: VideoStream) -> VideoIndex:
    """Index of a stream; the container is left somewhere in the middle.

    Frames at the end that a truncated file announces but cannot give are left out, and so are frames before the
    first key frame, which nothing can decode.
    """
    packets, was_cut = _packets(container, stream)
    stamps = [pts for pts, _, _ in packets]
    if not packets or None in stamps or len(set(stamps)) != len(stamps):
        return _count_frames(container, stream)
    index = _index_of(packets)
    if was_cut or container.format.name.split(",")[0] not in ("mov", "mp4"):
        index = _without_undecodable_ends(container, stream, index)
    return index


_Packet = tuple[int | None, int | None, bool]


def _packets(container: InputContainer, stream: VideoStream) -> tuple[list[_Packet], bool]:
    """(pts, dts, is key) of each packet that shows a frame, and whether the file ended in an error."""
    packets: list[_Packet] = []
    was_cut = False
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                packets.append((packet.pts, packet.dts, packet.is_keyframe))
                was_cut |= packet.is_corrupt
    except (av.error.FFmpegError, OSError):
        was_cut = True
    return packets, was_cut or (stream.frames > len(packets))


def _index_of(packets: list[_Packet]) -> VideoIndex:
    keys = sorted((pts, dts if dts is not None else pts) for pts, dts, is_key in packets if is_key and pts is not None)
    first = keys[0][0] if keys else None
    shown = sorted(pts for pts, _, _ in packets if pts is not None and (first is None or pts >= first))
    pts = np.array(shown, np.int64)
    stamps = np.array([key for key, _ in keys] or shown[:1], np.int64)
    seeks = np.array([dts for _, dts in keys] or shown[:1], np.int64)
    return VideoIndex(pts, np.searchsorted(pts, stamps), seeks)


def _without_undecodable_ends(container: InputContainer, stream: VideoStream, index: VideoIndex) -> VideoIndex:
    """Decode the last stretch and keep what comes out of it."""
    if not len(index.key_stamps):
        return _count_frames(container, stream)
    last_key = int(index.key_indices[-1])
    came = _decodable_stamps(container, stream, int(index.key_stamps[-1]))
    tail = [p for p in index.pts[last_key:].tolist() if p in came]
    pts = np.concatenate([index.pts[:last_key], np.array(tail, np.int64)])
    kept = index.key_indices < len(pts)
    return VideoIndex(pts, index.key_indices[kept], index.key_stamps[kept])


def _decodable_stamps(container: InputContainer, stream: VideoStream, start: int) -> set[int]:
    came: set[int] = set()
    try:
        container.seek(start, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None:
                came.add(frame.pts)
    except (av.error.FFmpegError, OSError):
        pass  # what came before the damage counts
    return came


def _count_frames(container: InputContainer, stream: VideoStream) -> VideoIndex:
    """Decode everything once; the only way where packets carry no stamps (MPEG-4 in AVI with B-frames)."""
    count = 0
    try:
        container.seek(0)
        for _ in container.decode(stream):
            count += 1
    except (av.error.FFmpegError, OSError):
        pass  # what came before the damage counts
    start = np.zeros(min(count, 1), np.int64)
    return VideoIndex(np.arange(count, dtype=np.int64), start, start, is_counted=True)
