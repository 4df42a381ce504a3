"""The row at the top: open, weights, threshold, what is shown, search keys."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.views.labelled_slider import LabelledSlider
from medseg_gui.qt.views.swatch import swatch
from medseg_gui.qt.views.weights_panel import WeightsBox
from medseg_gui.types import CLASS_NAMES


def build_toolbar(state: AppState, actions: Mapping[str, QAction], parent: QWidget) -> QToolBar:
    """The tool bar, ready to be added to the window."""
    bar = QToolBar("Tool bar", parent, movable=False, floatable=False)
    bar.setObjectName("toolbar")
    bar.setIconSize(QSize(20, 20))
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # it offers to hide the bar for good
    bar.addActions([actions[name] for name in ("open_video", "open_folder", "undo", "redo")])
    bar.addSeparator()
    for class_id, name in CLASS_NAMES.items():
        bar.addWidget(_ClassLabel(state.display, class_id, name.capitalize()))
        bar.addWidget(WeightsBox(state.session, class_id))
    bar.addSeparator()
    bar.addWidget(ThresholdSlider(state.display))
    bar.addSeparator()
    bar.addActions([actions[name] for name in ("mask", "outline", "probability", "fit")])
    space = QWidget()
    space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    bar.addWidget(space)
    bar.addWidget(_search_button(actions["shortcuts"]))
    return bar


class ThresholdSlider(LabelledSlider):
    """Probability from which a pixel is marked; acts while it moves."""

    def __init__(self, display: DisplayState) -> None:
        super().__init__("Threshold", 5, 95, lambda value: f"{value:.2f}")
        self.setToolTip("Probability from which a pixel is marked, 0.05 to 0.95")
        self.slider.setFixedWidth(96)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.set_value(display.threshold)
        self.value_changed.connect(display.set_threshold)
        display.threshold_changed.connect(self.set_value)


class _ClassLabel(QWidget):
    """The name of a class with its colour of the palette in use."""

    def __init__(self, display: DisplayState, class_id: int, text: str) -> None:
        super().__init__()
        self._display, self._class_id = display, class_id
        self._field = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(6)
        row.addWidget(self._field)
        row.addWidget(QLabel(text))
        display.palette_changed.connect(self.on_palette_changed)
        self.on_palette_changed()

    def on_palette_changed(self) -> None:
        self._field.setPixmap(swatch([self._display.colours[self._class_id]]))


def _search_button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    return button
