"""What `medseg doctor` asks of Qt: on which platform it would show the window, and whether the demo plays."""

from __future__ import annotations

import os
import sys

from PySide6.QtWidgets import QApplication

from medseg_gui.errors import MedsegError
from medseg_gui.qt.app import has_screen
from medseg_gui.qt.playback_bench import measure_playback


def platform_name() -> str:
    """Qt's name for what shows windows here ("xcb", "windows", "cocoa"), or that nothing does."""
    if not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # without a screen Qt would abort the process
        return f"{_platform_name()} (there is no screen)"
    return _platform_name()


def play_demo(seconds: float) -> None:
    """Play the demo in the window, in memory where there is no screen.

    Raises:
        MedsegError: it cannot be opened, or no frame of it was painted or predicted.
    """
    figures = measure_playback("demo", seconds)
    for doing in ("shown", "predicted"):
        if figures[f"{doing}_per_s"] <= 0:
            raise MedsegError(f"No frame of the demo was {doing} in {seconds:g} s; start medseg with --verbose.")


def _platform_name() -> str:
    app = QApplication.instance() or QApplication(sys.argv[:1])
    return app.platformName() if isinstance(app, QApplication) else "none"
