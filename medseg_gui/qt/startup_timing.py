"""How long it takes from the start of the process to the window and to the first overlay."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psutil
from PySide6.QtCore import QEvent, QObject

from medseg_gui.overlay import Overlay
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.state.app_state import AppState


class StartupTiming(QObject):
    """Watches a window that is not yet shown.

    Attributes:
        figures: what was seen so far, in ms since the process began: "window_visible_ms", "first_frame_ms",
            "first_overlay_ms".
    """

    def __init__(self, window: MainWindow, state: AppState) -> None:
        super().__init__(window)
        self.figures: dict[str, float] = {}
        self._analysis = state.analysis
        self._window = window
        self._picture = window.picture
        window.installEventFilter(self)
        self._picture.installEventFilter(self)
        self._analysis.overlay_changed.connect(self.on_overlay_changed)

    def on_overlay_changed(self, overlay: Overlay | None) -> None:
        """One that marks nothing is there as soon as it is known: nothing of it is painted."""
        if overlay is not None and not any(overlay.outlines.values()):
            self._note("first_overlay_ms")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look at the first paint of each thing; what is about to be painted counts as painted."""
        if event.type() == QEvent.Type.Paint:
            if watched is self._window:
                self._note("window_visible_ms")
            elif watched is self._picture:
                self._note("first_frame_ms")
                if self._analysis.overlay is not None:
                    self._note("first_overlay_ms")
        return False

    def tell(self) -> None:
        """Write the figures to standard error as one JSON object."""
        print(json.dumps(self.figures), file=sys.stderr)

    def _note(self, name: str) -> None:
        if name not in self.figures:
            self.figures[name] = round(process_age_s() * 1000, 1)


def process_age_s() -> float:
    """How long this process has been running, in seconds, to a hundredth.

    psutil adds Linux's boot time, which is told in whole seconds only: its answer is up to a second too large there.
    """
    if not sys.platform.startswith("linux"):
        return time.time() - psutil.Process().create_time()
    # Field 22 of proc(5), counted after the name, which may itself hold blanks and brackets.
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
