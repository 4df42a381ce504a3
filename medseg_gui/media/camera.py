"""A live camera or capture card."""

from __future__ import annotations

import hashlib
import time
from typing import Protocol

import cv2
import numpy as np

from medseg_gui.errors import SourceError
from medseg_gui.media.source import Source
from medseg_gui.types import Frame, UInt8Array

_FALLBACK_RATE = 30.0


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool: ...

    def read(self) -> tuple[bool, UInt8Array | None]: ...

    def get(self, property_id: int) -> float: ...

    def release(self) -> None: ...


class Camera(Source):
    """Frames as they come; `read` always gives the newest, whatever index is asked for.

    Args:
        number: of the camera, from 0.
        capture: what gives pictures, BGR; by default OpenCV's.

    Raises:
        SourceError: there is no such camera, or another program uses it.
    """

    kind = "camera"
    is_live = True

    def __init__(self, number: int, capture: Capture | None = None) -> None:
        self._capture = capture if capture is not None else cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise SourceError(f"Camera {number} cannot be opened; check the cable and that no other program uses it.")
        self._opened_at = time.monotonic()
        self._seen = 0
        self._number = number
        self.path = None
        self.title = f"Camera {number}"
        self.frame_rate = self._capture.get(cv2.CAP_PROP_FPS) or _FALLBACK_RATE
        self.frame_times = np.empty(0)
        self.source_id = hashlib.blake2b(f"camera:{number}:{time.time_ns()}".encode(), digest_size=16).hexdigest()

    @property
    def frame_count(self) -> int:
        """Frames that have come so far."""
        return self._seen

    def read(self, index: int = -1) -> Frame:
        """The newest picture; its index counts up, its time is seconds since opening.

        Raises:
            SourceError: the camera was unplugged.
        """
        good, bgr = self._capture.read()
        if not good or bgr is None:
            raise SourceError(f"Camera {self._number} stopped giving pictures; check the cable and open it again.")
        frame = Frame(
            self._seen,
            time.monotonic() - self._opened_at,
            self.source_id,
            np.ascontiguousarray(bgr[..., ::-1]),
        )
        self._seen += 1
        return frame

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
