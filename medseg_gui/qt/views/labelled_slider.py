"""A slider with its name and its number."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QStyle, QWidget

from medseg_gui.qt import theme


class LabelledSlider(QWidget):
    """Name, slider, number; a click on the groove goes there at once.

    Args:
        text: the name.
        lowest, highest: ends, in hundredths.
        write: how the value (hundredths / 100) is written.

    Signals:
        value_changed: a person chose another value.
    """

    value_changed = Signal(float)

    def __init__(
        self, text: str, lowest: int, highest: int, write: Callable[[float], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._write = write
        self.slider = _JumpSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(lowest, highest)
        self.slider.setPageStep(5)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setMinimumWidth(96)
        self.slider.setAccessibleName(text)
        self.name = QLabel(text)
        self.number = QLabel()
        self.number.setFont(theme.tabular(self.font()))
        self.number.setMinimumWidth(self.fontMetrics().horizontalAdvance(write(highest / 100) + " "))
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._arrange()
        self.slider.valueChanged.connect(self._on_moved)

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)

    def set_value(self, value: float) -> None:
        """Show a value without telling anyone."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * 100))
        self.slider.blockSignals(False)
        self.number.setText(self._write(value))

    def _on_moved(self, hundredths: int) -> None:
        self.number.setText(self._write(hundredths / 100))
        self.value_changed.emit(hundredths / 100)


def percent(value: float) -> str:
    """ "30 %"."""
    return f"{value * 100:.0f} %"


class _JumpSlider(QSlider):
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            x = round(event.position().x()) - handle // 2
            room = self.width() - handle
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, room))
        super().mousePressEvent(event)
