"""What can be chosen of the display stays within its bounds, and each change is told once."""

from __future__ import annotations

import pytest

from medseg_gui.overlay import PALETTES
from medseg_gui.qt.state.display import DisplayState


@pytest.fixture
def display(qapp: object) -> DisplayState:
    return DisplayState()


@pytest.mark.parametrize(("asked", "got"), [(-1.0, 0.05), (0.3, 0.3), (2.0, 0.95)])
def test_threshold_stays_within_bounds(display: DisplayState, asked: float, got: float) -> None:
    display.set_threshold(asked)
    assert display.threshold == got


def test_a_change_is_told_once(display: DisplayState) -> None:
    told: list[float] = []
    display.threshold_changed.connect(told.append)
    display.set_threshold(0.3)
    display.set_threshold(0.3)
    assert told == [0.3]


def test_mask_and_outline_are_toggled(display: DisplayState) -> None:
    display.toggle_outline()
    assert display.mask_style == "outline"
    display.toggle_mask()
    assert display.mask_style == "off"
    display.toggle_mask()
    assert display.mask_style != "off"


def test_what_a_damaged_settings_file_says_is_passed_over(display: DisplayState) -> None:
    display.set_palette("no such palette")
    display.set_mask_style("sparkling")  # type: ignore[arg-type]
    assert display.palette in PALETTES
    assert display.mask_style == "filled"


def test_each_palette_has_colours_for_each_class(display: DisplayState) -> None:
    for name in PALETTES:
        display.set_palette(name)
        assert display.colours == PALETTES[name]
