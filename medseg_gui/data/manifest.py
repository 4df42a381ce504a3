"""What a data set held when something was learnt from it: a hash that changes with any picture, mask or part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from medseg_gui.data.dataset_folder import Example
from medseg_gui.errors import DataError


def manifest_hash(examples: Iterable[Example]) -> str:
    """sha256 over contents, centre and patient of each example, whatever their order, names and place on disk.

    Raises:
        DataError: a file went away.
    """
    with ThreadPoolExecutor() as pool:
        lines = sorted(pool.map(_line, examples))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(example: Example) -> str:
    mask = _digest(example.mask) if example.mask else "none"
    return f"{example.centre} {example.group} {_digest(example.image)} {mask}"


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as e:
        raise DataError(f"{path.name} is no longer there; do not change the data while they are learnt from.") from e
