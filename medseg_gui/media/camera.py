"""A live camera or capture card."""

from __future__ import annotations

import hashlib
import time
from typing import Any, Protocol

import cv2
import numpy as np

from medseg_gui.errors import SourceError
from medseg_gui.media.source import Source
from medseg_gui.types import Frame

_FALLBACK_RATE = 30.0
_HIGHEST_RATE = 1000.0

# What OpenCV finds wrong comes to us as a failed call, and need not stand on the terminal as well.
_SILENT = 0
_set_log_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel  # OpenCV 4, 5
_set_log_level(_SILENT)


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool: ...

    def read(self) -> tuple[bool, Any]: ...

    def get(self, property_id: int) -> float: ...

    def release(self) -> None: ...


class Camera(Source):
    """Frames as they come; `read` always gives the newest, whatever index is asked for.

    `frame_times` stays empty, because no frame can be asked for again.

    Args:
        number: of the camera, from 0.
        capture: what gives pictures, BGR; by default OpenCV's.

    Raises:
        SourceError: there is no such camera, or another program uses it.
    """

    kind = "camera"
    is_live = True

    def __init__(self, number: int, capture: Capture | None = None) -> None:
        self._capture = capture if capture is not None else _open_capture(number)
        if not self._capture.isOpened():
            raise SourceError(f"Camera {number} cannot be opened; check the cable and that no other program uses it.")
        self._opened_at = time.monotonic()
        self._seen = 0
        self._newest_s = 0.0
        self._number = number
        self.path = None
        self.title = f"Camera {number}"
        rate = self._capture.get(cv2.CAP_PROP_FPS)  # some drivers say 0, -1 or nan
        self.frame_rate = rate if 0 < rate <= _HIGHEST_RATE else _FALLBACK_RATE
        self.frame_times = np.empty(0)
        self.source_id = hashlib.blake2b(f"camera:{number}:{time.time_ns()}".encode(), digest_size=16).hexdigest()

    @property
    def frame_count(self) -> int:
        """Frames that have come so far."""
        return self._seen

    @property
    def duration_s(self) -> float:
        """From opening to the newest frame, in seconds."""
        return self._newest_s

    def index_at(self, time_s: float) -> int:
        """The newest frame; the others are gone."""
        return max(self._seen - 1, 0)

    def read(self, index: int = -1) -> Frame:
        """The newest picture; its index counts up, its time is seconds since opening.

        Raises:
            SourceError: the camera was unplugged.
        """
        try:
            good, bgr = self._capture.read()
        except cv2.error as e:
            raise self._stopped() from e
        if not good or bgr is None:
            raise self._stopped()
        self._newest_s = time.monotonic() - self._opened_at
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        frame = Frame(self._seen, self._newest_s, self.source_id, rgb)
        self._seen += 1
        return frame

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _stopped(self) -> SourceError:
        return SourceError(f"Camera {self._number} stopped giving pictures; check the cable and open it again.")


def _open_capture(number: int) -> Capture:
    capture = cv2.VideoCapture(number)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # else a slow reader sees what was there some frames ago
    return capture
