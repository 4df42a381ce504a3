"""The panel "Show": masks, probability, colours."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.overlay import PALETTES, colour_probability
from medseg_gui.qt import theme
from medseg_gui.qt.images import rgba_image
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.views.labelled_slider import LabelledSlider, percent
from medseg_gui.qt.views.swatch import swatch_icon, swatch_size
from medseg_gui.types import CLASS_NAMES

_STYLES = {"filled": ("Filled", "mask"), "outline": ("Outline", "outline"), "off": ("Off", "close")}
_STYLE_TIPS = {
    "filled": "Masks as tinted areas (M)",
    "outline": "Masks as outlines only (O)",
    "off": "No masks (M)",
}


class ShowPanel(QWidget):
    """Everything about how `display` shows what was found."""

    def __init__(self, display: DisplayState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._display = display
        self.styles: dict[str, QToolButton] = {}
        self.mask_opacity = LabelledSlider("Opacity", 0, 100, percent)
        self.probability = QCheckBox("Lay over the frame")
        self.probability_opacity = LabelledSlider("Opacity", 0, 100, percent)
        self.palette_box = QComboBox()
        self._arrange()
        self._connect()
        self.on_display_changed()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 4)
        column.setSpacing(8)
        for title, widgets in (
            ("Mask", (self._build_styles(), self.mask_opacity)),
            ("Probability", (self.probability, self.probability_opacity, _ColourBar())),
            ("Colours", (self._fill_palettes(),)),
        ):
            heading = QLabel(title)
            heading.setProperty("heading", True)
            column.addWidget(heading)
            for widget in widgets:
                column.addWidget(widget)
            column.addSpacing(8)
        column.addStretch(1)

    def _build_styles(self) -> QWidget:
        """Three buttons of which one is down."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        group = QButtonGroup(self)
        for style, (text, icon) in _STYLES.items():
            button = QToolButton()
            button.setText(text)
            button.setIcon(theme.icon(icon))
            button.setCheckable(True)
            button.setToolTip(_STYLE_TIPS[style])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            group.addButton(button)
            row.addWidget(button)
            self.styles[style] = button
        group.buttonClicked.connect(self._on_style_clicked)
        return holder

    def _fill_palettes(self) -> QComboBox:
        self.palette_box.setIconSize(swatch_size(len(CLASS_NAMES)))
        self.palette_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.palette_box.setAccessibleName("Palette")
        for name, colours in PALETTES.items():
            self.palette_box.addItem(swatch_icon([colours[c] for c in CLASS_NAMES]), name)
        return self.palette_box

    def _connect(self) -> None:
        display = self._display
        self.mask_opacity.value_changed.connect(display.set_mask_opacity)
        self.probability.toggled.connect(display.set_show_probability)
        self.probability_opacity.value_changed.connect(display.set_probability_opacity)
        self.palette_box.textActivated.connect(display.set_palette)
        for signal in (
            display.mask_style_changed,
            display.mask_opacity_changed,
            display.probability_shown_changed,
            display.probability_opacity_changed,
            display.palette_changed,
        ):
            signal.connect(self.on_display_changed)

    def _on_style_clicked(self) -> None:
        style = next(s for s, button in self.styles.items() if button.isChecked())
        self._display.set_mask_style(style)  # type: ignore[arg-type]

    def on_display_changed(self) -> None:
        """Show what the state says, wherever the change came from."""
        display = self._display
        self.styles[display.mask_style].setChecked(True)
        self.mask_opacity.set_value(display.mask_opacity)
        self.mask_opacity.setEnabled(display.mask_style == "filled")
        self.probability.setChecked(display.show_probability)
        self.probability_opacity.set_value(display.probability_opacity)
        self.probability_opacity.setEnabled(display.show_probability)
        self.palette_box.setCurrentText(display.palette)


class _ColourBar(QWidget):
    """What colour stands for which probability."""

    def __init__(self) -> None:
        super().__init__()
        ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
        bar = QLabel(pixmap=QPixmap.fromImage(rgba_image(colour_probability(ramp, (10, 256)))), scaledContents=True)
        bar.setFixedHeight(10)
        bar.setAccessibleName("Colours of the probability, from 0 to 1")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(bar, 0, 0, 1, 3)
        for column, text in enumerate(("0", "0.5", "1")):
            number = QLabel(text)
            number.setProperty("quiet", True)
            grid.addWidget(number, 1, column)
            number.setAlignment(
                (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)[column]
            )
