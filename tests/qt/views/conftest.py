"""Fixtures for the views: a state, and one with a clip open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from medseg_gui.qt.state.app_state import AppState
from tests.qt.views.scene import Editing, open_clip


@pytest.fixture
def opened(state: AppState) -> AppState:
    """A clip of 50 frames is open, paused on the first."""
    open_clip(state)
    return state


@pytest.fixture
def editing(state: AppState) -> Iterator[Editing]:
    """Every frame is predicted, and corrected at once."""
    editing = Editing(state)
    yield editing
    editing.deleteLater()
