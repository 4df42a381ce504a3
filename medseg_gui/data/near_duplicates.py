"""Which pictures show nearly the same thing, so that they never stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from medseg_gui.data.mask_file import read_grey

# Of 256 bits. Among the 850 frames of Kvasir-SEG four pairs lie at 0 to 10 and show one scene; the next pair
# lies at 36 and shows two different ones. An 8×8 hash cannot tell them apart: all frames share one border.
MAX_DISTANCE = 26
_SIDE = 16


def difference_hash(path: Path) -> NDArray[np.bool_]:
    """Difference hash of a picture: is each of 16×16 grey cells brighter than its right neighbour?

    Returns:
        (256,) bool.

    Raises:
        DataError: the file is not a picture.
    """
    soft = cv2.GaussianBlur(read_grey(path, cv2.IMREAD_REDUCED_GRAYSCALE_4), (0, 0), 1.5)
    small = cv2.resize(soft, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
    return (small[:, :-1] > small[:, 1:]).ravel()


def group_near_duplicates(paths: Sequence[Path], max_distance: int = MAX_DISTANCE) -> list[int]:
    """Number the groups of pictures linked by near-equal difference hashes.

    Args:
        paths: picture files.
        max_distance: differing bits of 256 up to which two pictures count as one scene.

    Returns:
        A group number for each path; chains of near-duplicates share one.
    """
    with ThreadPoolExecutor() as pool:
        hashes = np.array(list(pool.map(difference_hash, paths)), dtype=bool).reshape(len(paths), _SIDE**2)
    parent = list(range(len(paths)))
    for i in range(len(paths)):
        close = np.flatnonzero((hashes[i + 1 :] != hashes[i]).sum(axis=1) <= max_distance)
        for j in close + i + 1:
            parent[_root(parent, int(j))] = _root(parent, i)
    return [_root(parent, i) for i in range(len(paths))]


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
