"""The little that must be known of H.264 to jump into it exactly: what a key packet begins with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

_START_CODE = re.compile(rb"\x00\x00\x01")
_SLICE, _IDR_SLICE = 1, 5


class Refresh(Enum):
    """How a key packet makes the picture new."""

    CLEAN = "everything before is forgotten (IDR)"
    INTRA = "the picture is whole, but packets after it may still name ones before it"
    GRADUAL = "the picture becomes new bit by bit, and is whole at the next key packet"


def refresh_of(packet: bytes, length_size: int) -> Refresh:
    """How an H.264 packet that is marked as key refreshes the picture.

    Source: ITU-T H.264, 7.3.1 (units), 7.3.3 (slice header: first_mb_in_slice, slice_type), 9.1 (Exp-Golomb codes).
    """
    for unit in _units(packet, length_size):
        kind = unit[0] & 31
        if kind == _IDR_SLICE:
            return Refresh.CLEAN
        if kind == _SLICE:
            # Code 1 for macroblock 0, then slice type 7 (0001000) or 2 (011): intra.
            is_intra = unit[1] == 0b10001000 or unit[1] >> 4 == 0b1011
            return Refresh.INTRA if is_intra else Refresh.GRADUAL
    return Refresh.INTRA


def length_size(extradata: bytes | None) -> int:
    """Bytes that tell the length of each unit, 0 where start codes part them. Source: ISO 14496-15, 5.3.3.1."""
    return (extradata[4] & 3) + 1 if extradata and len(extradata) > 4 and extradata[0] == 1 else 0


def _units(packet: bytes, length_size: int) -> Iterator[bytes]:
    """The first two bytes of each unit: its kind and the beginning of its content."""
    if not length_size:
        starts = [match.end() for match in _START_CODE.finditer(packet)]
    else:
        starts, at = [], 0
        while at + length_size < len(packet):
            starts.append(at + length_size)
            at += length_size + int.from_bytes(packet[at : at + length_size], "big")
    return (packet[start : start + 2] for start in starts if start + 2 <= len(packet))
