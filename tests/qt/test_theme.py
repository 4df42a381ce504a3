"""The look: contrast, text size, icons of one family."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication

from medseg_gui import paths
from medseg_gui.qt import theme
from medseg_gui.qt.actions import ACTIONS

ICONS = sorted(p.stem for p in (paths.resources_dir() / "icons").glob("*.svg"))
SURFACES = (theme.CANVAS, theme.PANEL, theme.RAISED, theme.HOVER)


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21. Source: WCAG 2.2, "contrast ratio" and "relative luminance"."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(colour).getRgbF()[:3])
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", [theme.TEXT, theme.QUIET_TEXT, theme.ACCENT, theme.WARNING, theme.ERROR])
def test_text_can_be_read_on_every_surface(text: str, surface: str) -> None:
    assert contrast(text, surface) >= 4.5


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        (theme.TEXT, theme.ACCENT_DEEP),
        (theme.TEXT, theme.ERROR_SURFACE),
        (theme.ON_ACCENT, theme.ACCENT),
        (theme.ERROR, theme.ERROR_SURFACE),
    ],
)
def test_text_can_be_read_on_coloured_surfaces(text: str, surface: str) -> None:
    assert contrast(text, surface) >= 4.5


@pytest.mark.parametrize("surface", [theme.CANVAS, theme.PANEL])
def test_edge_of_a_control_can_be_seen(surface: str) -> None:
    assert contrast(theme.CONTROL_BORDER, surface) >= 2.8


def test_theme_is_dark_with_text_of_at_least_11_points(qapp: QApplication) -> None:
    font, palette, sheet = qapp.font(), qapp.palette(), qapp.styleSheet()
    try:
        theme.apply_theme(qapp)
        assert qapp.font().pointSizeF() >= 11
        assert qapp.palette().window().color().lightness() < 40
        assert "$" not in re.sub(r"/\*.*?\*/", "", qapp.styleSheet())
    finally:
        qapp.setStyleSheet(sheet)
        qapp.setPalette(palette)
        qapp.setFont(font)


def test_files_named_in_the_style_sheet_are_there() -> None:
    named = re.findall(r'url\("(.+?)"\)', theme._style_sheet())
    assert named
    assert all(Path(name).is_file() for name in named)


@pytest.mark.parametrize("name", ICONS)
def test_icon_is_drawn_in_its_colours(qapp: QApplication, name: str) -> None:
    icon = theme.icon(name)
    for mode, state, colour in (
        (QIcon.Mode.Normal, QIcon.State.Off, theme.TEXT),
        (QIcon.Mode.Normal, QIcon.State.On, theme.ACCENT),
        (QIcon.Mode.Disabled, QIcon.State.Off, theme.DISABLED_TEXT),
    ):
        image = icon.pixmap(QSize(24, 24), mode, state).toImage().convertToFormat(QImage.Format.Format_RGBA8888)
        opaque = [c for c in _colours(image) if c.alpha() == 255]
        assert opaque
        assert all(_is_near(c, QColor(colour)) for c in opaque)


@pytest.mark.parametrize("name", ICONS)
def test_icons_are_one_family(name: str) -> None:
    drawing = (paths.resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    for trait in ('viewBox="0 0 24 24"', 'stroke-width="1.75"', 'stroke="currentColor"', 'fill="none"'):
        assert trait in drawing


def test_every_action_finds_its_icon() -> None:
    assert {spec.icon for spec in ACTIONS if spec.icon} <= set(ICONS)


def _colours(image: QImage) -> list[QColor]:
    return [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]


def _is_near(one: QColor, other: QColor) -> bool:
    return all(abs(a - b) <= 2 for a, b in zip(one.getRgb(), other.getRgb(), strict=True))
