"""Masks as run-length encoding in the form of COCO: exact for holes, parts and borders, and small.

Runs go down the columns, first the zeros, then the ones, in turn. The compressed string writes each run as its
difference from the one before the last, in groups of five bits. Source: pycocotools, `common/maskApi.c`, functions
`rleEncode`, `rleToString` and `rleFrString`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.errors import DataError, ShapeError
from medseg_gui.types import MAX_PIXELS, BoolArray, UInt8Array

Labels = NDArray[np.uint16]
_Places = NDArray[np.int64]

_MOST_GROUPS = 7  # of five bits; a run of 100 megapixels needs six
_FIRST_CHARACTER = 48


@dataclass(frozen=True)
class RunLength:
    """One binary mask; two are equal exactly when their pixels are.

    Attributes:
        height, width: in pixels.
        text: the compressed counts of COCO, ASCII.
    """

    height: int
    width: int
    text: str

    @property
    def counts(self) -> list[int]:
        """Lengths of the runs, zeros first, as COCO's uncompressed form.

        Raises:
            DataError: the text is damaged.
        """
        return [int(c) for c in _checked(_unpack(self.text), self.height, self.width)]

    @property
    def edges(self) -> _Places:
        """Places, counted down the columns, where the mask turns on, off, on, …; sorted, each once, even in number."""
        counts = _checked(_unpack(self.text), self.height, self.width)
        edges = np.cumsum(counts)
        if len(counts) % 2:
            edges = edges[:-1]  # the last run of zeros turns nothing on
        return edges

    @property
    def area_px(self) -> int:
        """Pixels that are on."""
        return int(_checked(_unpack(self.text), self.height, self.width)[1::2].sum())

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(x, y, width, height) of the smallest rectangle around the pixels that are on, in pixels; zeros if none."""
        starts, ends = self.edges[::2], self.edges[1::2]
        if not len(starts):
            return 0, 0, 0, 0
        x0, x1 = int(starts[0] // self.height), int((ends[-1] - 1) // self.height)
        if np.any(starts // self.height != (ends - 1) // self.height):  # a run that goes on in the next column
            y0, y1 = 0, self.height - 1
        else:
            y0, y1 = int((starts % self.height).min()), int(((ends - 1) % self.height).max())
        return x0, y0, x1 - x0 + 1, y1 - y0 + 1

    def to_mask(self) -> BoolArray:
        """(H, W) bool."""
        return paint([self], (self.height, self.width)).astype(bool)

    def __xor__(self, other: RunLength) -> RunLength:
        """Pixels that are on in one of the two and not in the other, found without painting either.

        A mask turns over at its edges; where both turn over, the difference does not.

        Raises:
            ShapeError: the two differ in size.
        """
        if (self.height, self.width) != (other.height, other.width):
            raise ShapeError(f"A mask of {self.width}×{self.height} px does not fit {other.width}×{other.height} px.")
        return _from_edges(np.setxor1d(self.edges, other.edges, assume_unique=True), self.height, self.width)


def encode(mask: BoolArray | UInt8Array) -> RunLength:
    """Encode one mask.

    Args:
        mask: (H, W) bool or uint8, non-zero is on.
    """
    ones = mask if mask.dtype == np.bool_ else mask != 0
    return encode_labels(ones.view(np.uint8)).get(1, empty(*mask.shape))


def encode_labels(labels: Labels | UInt8Array) -> dict[int, RunLength]:
    """Encode every lesion of a label map in one pass.

    Args:
        labels: (H, W) uint8 or uint16, 0 is the background.

    Returns:
        label -> its mask, in the order of labels; labels without a pixel are not there.
    """
    height, width = labels.shape
    flat = cv2.transpose(labels).ravel() if labels.size else labels.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1)) if flat.size else np.zeros(0, int)
    ends = np.append(starts[1:], flat.size)
    values = flat[starts]
    found = {}
    for label in np.unique(values[values > 0]):
        mine = values == label
        edges = np.stack([starts[mine], ends[mine]], axis=1).ravel()
        found[int(label)] = _from_edges(edges, height, width)
    return found


def encode_part(part: BoolArray, corner: tuple[int, int], size: tuple[int, int]) -> RunLength:
    """Encode a mask that is off outside a rectangle; costs what the rectangle covers, whatever the frame's size.

    Args:
        part: (h, w) bool, the rectangle.
        corner: its first column and row in the frame.
        size: (height, width) of the frame in pixels.
    """
    (left, top), step = corner, part.shape[0] + 1
    # A row of zeros below ends each run in its own column; in the frame the next column lies elsewhere.
    columns = cv2.copyMakeBorder(part.view(np.uint8), 0, 1, 0, 0, cv2.BORDER_CONSTANT, value=0)
    flat = cv2.transpose(columns).ravel()
    edges = np.flatnonzero(np.diff(flat, prepend=np.uint8(0)))
    return _from_edges(_once((left + edges // step) * size[0] + top + edges % step), *size)


def paint(masks: Sequence[RunLength], size: tuple[int, int], values: Sequence[int] | None = None) -> Labels:
    """Paint masks into one label map, later ones over earlier ones.

    Args:
        masks: all of that size.
        size: (height, width) in pixels.
        values: what each is painted with, in [0, 65535]; 1, 2, … if not given.

    Returns:
        (H, W) uint16.

    Raises:
        ShapeError: a mask has another size.
    """
    height, width = size
    flat = np.zeros(height * width, np.uint16)
    for value, mask in zip(values or range(1, len(masks) + 1), masks, strict=True):
        if (mask.height, mask.width) != size:
            raise ShapeError(f"A mask of {mask.width}×{mask.height} px does not fit a frame of {width}×{height} px.")
        edges = mask.edges
        inside = np.repeat(np.arange(len(edges) + 1) % 2 == 1, np.diff(edges, prepend=0, append=flat.size))
        flat[inside] = value
    turned = flat.reshape(width, height)
    return np.ascontiguousarray(cv2.transpose(turned)) if flat.size else turned.T


def empty(height: int, width: int) -> RunLength:
    """A mask with no pixel on."""
    return _from_edges(np.zeros(0, np.int64), height, width)


def from_counts(counts: Sequence[int], height: int, width: int) -> RunLength:
    """From COCO's uncompressed counts.

    Raises:
        DataError: they are no counts or do not fill the picture.
    """
    if not all(type(c) is int and 0 <= c <= MAX_PIXELS for c in counts):
        raise DataError("A run-length mask holds something else than counts; export it again.")
    edges = np.cumsum(_checked(np.array(counts, np.int64), height, width))
    edges = edges[: len(edges) // 2 * 2]
    return _from_edges(_once(edges), height, width)


def from_text(text: str, height: int, width: int) -> RunLength:
    """From COCO's compressed string, brought into its one normal form.

    Raises:
        DataError: the text is damaged or does not fill the picture.
    """
    return from_counts([int(c) for c in _unpack(text)], height, width)


def _once(edges: _Places) -> _Places:
    """Edges without runs of no length: one that stands twice is none."""
    places, times = np.unique(edges, return_counts=True)
    return places[times % 2 == 1]


def _from_edges(edges: _Places, height: int, width: int) -> RunLength:
    counts = np.diff(edges, prepend=0, append=height * width)
    if len(counts) > 1 and counts[-1] == 0:
        counts = counts[:-1]
    return RunLength(height, width, _pack(counts))


def _checked(counts: _Places, height: int, width: int) -> _Places:
    if not 0 <= height * width <= MAX_PIXELS or np.any(counts < 0) or counts.sum() != height * width:
        raise DataError(f"A run-length mask does not fill its {width}×{height} px; it is damaged.")
    return counts


def _pack(counts: _Places) -> str:
    """Counts to the compressed string: differences, five bits a character, the sixth says that more follow."""
    values = counts.astype(np.int64)
    values[3:] -= counts[1:-2]
    groups = np.ones(len(values), np.int64)
    for n in range(1, _MOST_GROUPS):
        limit = 1 << (5 * n - 1)  # what n groups can hold with a sign
        groups += (values < -limit) | (values >= limit)
    place = np.arange(_MOST_GROUPS)
    characters = (values[:, None] >> (5 * place)) & 0x1F
    characters |= np.where(place < groups[:, None] - 1, 0x20, 0)
    used = characters[place < groups[:, None]]
    return (used + _FIRST_CHARACTER).astype(np.uint8).tobytes().decode("ascii")


def _unpack(text: str) -> _Places:
    """The compressed string to counts."""
    characters = np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.int64) - _FIRST_CHARACTER
    if not len(characters) or characters.min() < 0 or characters.max() > 0x3F or characters[-1] & 0x20:
        raise DataError("A run-length mask is no valid text; it is damaged.")
    starts = np.flatnonzero(np.concatenate(([True], (characters[:-1] & 0x20) == 0)))
    groups = np.diff(starts, append=len(characters))
    if groups.max() > _MOST_GROUPS:
        raise DataError("A run-length mask holds a number out of range; it is damaged.")
    place = np.arange(len(characters)) - np.repeat(starts, groups)
    values = np.add.reduceat((characters & 0x1F) << (5 * place), starts)
    negative = characters[starts + groups - 1] & 0x10 != 0
    values[negative] -= 1 << (5 * groups[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])  # the very first run is no one's predecessor
    return values
