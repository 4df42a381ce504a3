"""Replace weights files and their model card together: killed at any moment, all are the old ones or all the new.

New files lie beside the old ones as `X.safetensors.part`. Once all are whole, the new card appears in one step as
`<name>.md.next`; from then on the new ones count, and whoever comes next, a reader too, puts into place what is left.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

SUM = re.compile(r"^([0-9a-f]{64})\s+(\S.*)$", re.MULTILINE)


def part_of(file: Path) -> Path:
    """Where a new file is written before it is put into place."""
    return file.with_name(file.name + ".part")


def replace_with_card(card: Path, text: str) -> None:
    """Put the parts of all files that a new card lists into place, and the card.

    Args:
        card: where it belongs.
        text: of the card, with a line in the format of `sha256sum` for each file.

    Raises:
        OSError: disk full, no permission.
    """
    partial = part_of(card)
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, _next(card))
    finish_replacing(card)


def finish_replacing(card: Path) -> None:
    """Do what a process that was killed had left to do; nothing when there is nothing.

    Raises:
        OSError: no permission.
    """
    ready = _next(card)
    if not ready.is_file():
        return
    with contextlib.suppress(FileNotFoundError):  # another process finishes at the same time
        for _, name in SUM.findall(ready.read_text(encoding="utf-8")):
            file = card.with_name(Path(name.strip()).name)
            with contextlib.suppress(FileNotFoundError):  # this one is in place
                os.replace(part_of(file), file)
        os.replace(ready, card)


def _next(card: Path) -> Path:
    return card.with_name(card.name + ".next")
