"""File names for frames that tell nothing of a patient, and by which a frame is found again."""

from __future__ import annotations

_HASH_DIGITS = 12


def hidden_name(source_hash: str, index: int) -> str:
    """Name without an ending: the beginning of the source's content hash, and the frame's index."""
    return f"{source_hash[:_HASH_DIGITS]}_{index:06d}"
