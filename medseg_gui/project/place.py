"""Which frame of a project was looked at last. A convenience beside the database: losing it loses no work."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path

from medseg_gui.errors import MedsegError
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.records import FrameKey

logger = logging.getLogger(__name__)

PLACE_NAME = "place.json"


def read_place(folder: Path) -> FrameKey | None:
    """The frame that was shown last, None when nobody knows."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        stored = json.loads((folder / PLACE_NAME).read_text(encoding="utf-8"))
        return FrameKey(str(stored["source"]), int(stored["index"]), float(stored["time_s"]))
    return None


def write_place(folder: Path, key: FrameKey) -> None:
    """Remember it, if the disk lets us.

    Where the drive was pulled out, nothing is written: a new folder of that name would be in the way of the old one.
    """
    from medseg_gui.project.exchange.format import write_json

    if not (folder / DATABASE_NAME).is_file():
        return
    try:
        write_json(folder / PLACE_NAME, {"source": key.source_hash, "index": key.index, "time_s": key.time_s})
    except MedsegError as e:
        logger.debug("The last frame is not remembered: %s", e)
