"""Write a report in one step: a reader sees the old page or the new one."""

from __future__ import annotations

import os
from pathlib import Path

from medseg_gui.errors import OutputError


def write_report(path: Path, text: str) -> None:
    """Write text as UTF-8.

    Raises:
        OutputError: disk full, no permission.
    """
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as e:
        raise OutputError(f"{path} cannot be written ({e.strerror}); choose another place.") from e
