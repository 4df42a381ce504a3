"""Which frame of a project was looked at last. A convenience beside the database: losing it loses no work."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path

from medseg_gui.errors import MedsegError
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
    """Remember it, if the disk lets us."""
    from medseg_gui.project.exchange.format import write_json

    try:
        write_json(folder / PLACE_NAME, {"source": key.source_hash, "index": key.index, "time_s": key.time_s})
    except MedsegError as e:
        logger.debug("The last frame is not remembered: %s", e)
