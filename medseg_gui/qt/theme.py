"""How the program looks: colours, text size, icons. One dark theme, because endoscopy rooms are dark."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from medseg_gui import paths

# Text on the surfaces it stands on has a contrast of at least 4.5:1 (tests/qt/test_theme.py).
CANVAS = "#07090b"
PANEL = "#14181d"
RAISED = "#1e242b"
HOVER = "#2a323b"
BORDER = "#313a44"
CONTROL_BORDER = "#566372"
TEXT = "#e8ecf0"
QUIET_TEXT = "#a7b2bd"
DISABLED_TEXT = "#6b7784"
ACCENT = "#2fd3e6"
ACCENT_DEEP = "#0d4751"
ON_ACCENT = "#04181b"
WARNING = "#ffc95c"
HELD_OUT = "#f2b134"  # frames that are never learnt from
ERROR = "#ff8a80"
ERROR_SURFACE = "#3a1518"

POINT_SIZE = 11.0
ICON_SIZES_PX = (20, 24, 30, 40, 48)

_PALETTE = {
    QPalette.ColorRole.Window: PANEL,
    QPalette.ColorRole.WindowText: TEXT,
    QPalette.ColorRole.Base: CANVAS,
    QPalette.ColorRole.AlternateBase: RAISED,
    QPalette.ColorRole.Text: TEXT,
    QPalette.ColorRole.Button: RAISED,
    QPalette.ColorRole.ButtonText: TEXT,
    QPalette.ColorRole.BrightText: ERROR,
    QPalette.ColorRole.Highlight: ACCENT,
    QPalette.ColorRole.HighlightedText: ON_ACCENT,
    QPalette.ColorRole.Link: ACCENT,
    QPalette.ColorRole.LinkVisited: ACCENT,
    QPalette.ColorRole.ToolTipBase: RAISED,
    QPalette.ColorRole.ToolTipText: TEXT,
    QPalette.ColorRole.PlaceholderText: QUIET_TEXT,
    QPalette.ColorRole.Light: HOVER,
    QPalette.ColorRole.Midlight: BORDER,
    QPalette.ColorRole.Mid: BORDER,
    QPalette.ColorRole.Dark: CANVAS,
    QPalette.ColorRole.Shadow: CANVAS,
    QPalette.ColorRole.Accent: ACCENT,
}
_DISABLED_ROLES = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)


def apply_theme(app: QApplication) -> None:
    """Give the whole program its look: Fusion style, dark palette, text of at least 11 pt, a short style sheet."""
    app.setStyle("Fusion")
    app.setPalette(_build_palette())
    font = app.font()
    font.setPointSizeF(max(font.pointSizeF(), POINT_SIZE))
    app.setFont(font)
    app.setStyleSheet(_style_sheet())
    app.setWindowIcon(QIcon(icon_pixmap("medseg", 128, ACCENT)))


def tabular(font: QFont, points: float = 0.0) -> QFont:
    """The same font with digits of equal width, so that running numbers do not dance; `points` larger."""
    figures = QFont(font)
    figures.setPointSizeF(font.pointSizeF() + points)
    figures.setFeature(QFont.Tag("tnum"), 1)
    return figures


@cache
def icon(name: str) -> QIcon:
    """A line icon from `resources/icons`, in the theme's colours.

    Args:
        name: file name without `.svg`.

    Returns:
        Light as it stands, accented when it is switched on, dim when disabled.
    """
    drawing = _read_drawing(name)
    picture = QIcon()
    for colour, mode, switch in (
        (TEXT, QIcon.Mode.Normal, QIcon.State.Off),
        (ACCENT, QIcon.Mode.Normal, QIcon.State.On),
        (DISABLED_TEXT, QIcon.Mode.Disabled, QIcon.State.Off),
    ):
        renderer = _renderer(drawing, colour)
        for size in ICON_SIZES_PX:
            picture.addPixmap(_render(renderer, size), mode, switch)
    return picture


@cache
def icon_on_accent(name: str) -> QIcon:
    """The icon of a button that is filled with the accent colour: dark, dim when disabled."""
    drawing, picture = _read_drawing(name), QIcon()
    for colour, mode in ((ON_ACCENT, QIcon.Mode.Normal), (DISABLED_TEXT, QIcon.Mode.Disabled)):
        for size in ICON_SIZES_PX:
            picture.addPixmap(_render(_renderer(drawing, colour), size), mode)
    return picture


def icon_pixmap(name: str, size_px: int, colour: str, ratio: float = 1.0) -> QPixmap:
    """One icon in a colour of its own, for a label; `ratio` is the screen's device pixel ratio."""
    pixmap = _render(_renderer(_read_drawing(name), colour), round(size_px * ratio))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _read_drawing(name: str) -> str:
    return (paths.resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def _renderer(drawing: str, colour: str) -> QSvgRenderer:
    """Qt takes `currentColor` for black, so the colour is written in before drawing."""
    return QSvgRenderer(QByteArray(drawing.replace("currentColor", colour).encode()))


def _render(renderer: QSvgRenderer, size_px: int) -> QPixmap:
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    return pixmap


def _build_palette() -> QPalette:
    palette = QPalette()
    for role, colour in _PALETTE.items():
        palette.setColor(role, QColor(colour))
    for role in _DISABLED_ROLES:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(DISABLED_TEXT))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor(CONTROL_BORDER))
    return palette


def _style_sheet() -> str:
    """`resources/style.qss` with each `$NAME` replaced by the colour of that name above."""
    sheet = (paths.resources_dir() / "style.qss").read_text(encoding="utf-8")
    names = [name for name, value in globals().items() if name.isupper() and isinstance(value, str)]
    for name in sorted(names, key=len, reverse=True):  # $TEXT must not eat the start of a longer name
        sheet = sheet.replace(f"${name}", globals()[name])
    return sheet.replace("$ICONS", (paths.resources_dir() / "icons").as_posix())
