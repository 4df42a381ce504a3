"""A name for the content of a source that stays when the file is moved or renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from medseg_gui.errors import SourceError

_BLOCK = 1024**2
_WHOLE_UP_TO = 64 * _BLOCK
_SAMPLED_FILES = 16


def content_hash(path: Path) -> str:
    """Hash of a file's size and content, 32 hexadecimal digits.

    Files up to 64 MiB are read whole. Of larger ones 64 blocks of 1 MiB, evenly spaced from the first to the last,
    stand for the rest, because opening a recording of 10 GB must not read all of it.

    Raises:
        SourceError: the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            for start in _block_starts(size):
                file.seek(start)
                digest.update(file.read(_BLOCK))
    except OSError as e:
        raise SourceError(f"{path.name} cannot be read ({e.strerror}); check the file and your permission.") from e
    return digest.hexdigest()


def folder_hash(files: Sequence[tuple[Path, int]]) -> str:
    """Hash of the names and sizes of a folder's pictures, and of the content of 16 evenly spaced ones.

    A picture that cannot be read counts with its name and size alone, because the others can still be shown.

    Args:
        files: (path, size in bytes) in the order of the folder's frames.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path, size in files:
        digest.update(f"{path.name}\0{size}\0".encode("utf-8", "surrogateescape"))
    for place in sorted({i * (len(files) - 1) // (_SAMPLED_FILES - 1) for i in range(_SAMPLED_FILES)}):
        with suppress(SourceError):
            digest.update(content_hash(files[place][0]).encode())
    return digest.hexdigest()


def _block_starts(size: int) -> list[int]:
    if size <= _WHOLE_UP_TO:
        return list(range(0, size, _BLOCK))
    blocks = _WHOLE_UP_TO // _BLOCK
    return [(size - _BLOCK) * i // (blocks - 1) for i in range(blocks)]
