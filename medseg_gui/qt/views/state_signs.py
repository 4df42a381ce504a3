"""How the states of frames look: a sign and a colour each, so that neither alone has to tell them apart."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QIcon

from medseg_gui.project.records import ACCEPTED, CORRECTED, PREDICTED, REJECTED, SKIPPED, TO_DO
from medseg_gui.qt import theme
from medseg_gui.qt.state.project import STATE_CODES

# After Okabe & Ito, brightened for a dark ground.
STATE_COLOURS = {
    TO_DO: theme.DISABLED_TEXT,
    PREDICTED: theme.QUIET_TEXT,
    CORRECTED: "#56b4e9",
    ACCEPTED: "#34c79b",
    REJECTED: "#f2843c",
    SKIPPED: "#cfa8d8",
}
# Height of a state on the timeline, as a share of the lane.
STATE_HEIGHTS = {TO_DO: 0.12, PREDICTED: 0.25, SKIPPED: 0.4, REJECTED: 0.6, CORRECTED: 0.8, ACCEPTED: 1.0}
STATE_OF_CODE = {code: state for state, code in STATE_CODES.items()}


@cache
def state_icon(state: str) -> QIcon:
    """Sign of a state in its colour."""
    icon = QIcon()
    for size in (16, 20, 32, 40):
        icon.addPixmap(theme.icon_pixmap(f"state-{state}", size, STATE_COLOURS[state]))
    return icon
