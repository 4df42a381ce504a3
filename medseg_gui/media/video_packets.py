"""What the packets of a video stream say about themselves, in file order; nothing is decoded here."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from medseg_gui.media.h264 import Refresh, length_size, refresh_of
from medseg_gui.media.video_container import VIDEO_ERRORS


@dataclass(frozen=True, slots=True)
class PacketFacts:
    """One packet; its number is its place in the file, from 0.

    Attributes:
        pts: presentation stamp in the stream's time base, None when the file has none.
        dts: decoding stamp, likewise.
        place: byte position in the file, None when unknown.
        size: bytes.
        is_key: decoding can begin here.
        refresh: of a key packet, how it makes the picture new.
        is_shown: its frame is to be shown; an edit list may hide it although others need it.
    """

    pts: int | None
    dts: int | None
    place: int | None
    size: int
    is_key: bool
    is_shown: bool
    refresh: Refresh = Refresh.CLEAN


class PacketTable:
    """All packets of a stream.

    Attributes:
        facts: of each packet, in file order.
        keys: numbers of the packets where decoding can begin, ascending, never empty unless `facts` is.
        was_cut: the file ended in an error or holds less than it announces.
        is_clean: whether nothing after any key packet names what was before it. Otherwise a strict decoder would take
            what it does not know after a jump for damage.
    """

    def __init__(self, facts: list[PacketFacts], was_cut: bool = False) -> None:
        self.facts = facts
        self.was_cut = was_cut
        self.is_clean = all(fact.refresh is Refresh.CLEAN for fact in facts)
        # Without any key flag decoding can only begin at the beginning.
        self.keys = [number for number, fact in enumerate(facts) if fact.is_key] or [0][: len(facts)]
        self._has_stamps = all(fact.pts is not None for fact in facts)
        names = [self._name(fact.pts, fact.place, fact.size) for fact in facts]
        counts = Counter(names)
        self._numbers = {name: number for number, name in enumerate(names) if counts[name] == 1}

    def number_of(self, packet: Packet) -> int | None:
        """Number of a packet that was read after a seek, None when it cannot be told.

        The size is compared too: after a seek into a stream without a table, a first packet may lack its beginning.
        """
        return self._numbers.get(self._name(packet.pts, packet.pos, packet.size))

    def seek_stamps(self, number: int, back: int = 0) -> Iterator[int]:
        """Stamps to seek to in turn until the file lands at or before a key packet, ever further back.

        Formats differ in whether they seek by presentation or by decoding stamp, and some land late.

        Args:
            number: of the key packet.
            back: how many key packets before it to begin with.
        """
        if not self._numbers:
            return
        place = bisect_left(self.keys, number)
        while place - back >= 0:
            fact = self.facts[self.keys[place - back]]
            yield from (stamp for stamp in (fact.pts, fact.dts) if stamp is not None)
            back = 2 * back + 1

    def _name(self, pts: int | None, place: int | None, size: int) -> Hashable:
        return (pts, size) if self._has_stamps else (place, size)


def read_packets(container: InputContainer, stream: VideoStream) -> PacketTable:
    """Read through a whole stream; the container is left at its end."""
    facts: list[PacketFacts] = []
    was_cut = False
    is_h264 = stream.codec_context.name == "h264"
    size_bytes = length_size(stream.codec_context.extradata)
    try:
        for p in container.demux(stream):
            if p.size:  # empty ones stand for frames that were dropped while recording
                refresh = refresh_of(bytes(p), size_bytes) if is_h264 and p.is_keyframe else Refresh.CLEAN
                facts.append(PacketFacts(p.pts, p.dts, p.pos, p.size, p.is_keyframe, not p.is_discard, refresh))
                was_cut |= p.is_corrupt
    except VIDEO_ERRORS:
        was_cut = True  # what came before counts
    return PacketTable(facts, was_cut or stream.frames > len(facts))
