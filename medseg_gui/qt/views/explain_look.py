"""How the explanation is shown: lesions on and off, smoothing, opacity, clip."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from medseg_gui.qt.relevance_words import percent_text
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.views.labelled_slider import LabelledSlider, percent

_SMOOTH = {False: "Smooth over noisy copies", True: "Smoothing over copies is on"}


class LesionBoxes(QWidget):
    """A check box for the map of each lesion; they add up."""

    def __init__(self, explanation: ExplanationState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation = explanation
        self.boxes: list[QCheckBox] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        explanation.answer_changed.connect(self.on_changed)
        explanation.look_changed.connect(self.on_changed)
        self.on_changed()

    @property
    def count(self) -> int:
        """Lesions that can be told apart in the newest relevance."""
        relevance = self._explanation.relevance
        return len(relevance.lesions) if relevance is not None else 0

    def on_changed(self) -> None:
        """As many boxes as lesions; with one there is nothing to choose."""
        relevance, hidden = self._explanation.relevance, self._explanation.hidden_lesions
        while len(self.boxes) < self.count:
            self._add_box()
        for number, box in enumerate(self.boxes, 1):
            box.setVisible(self.count > 1 and number <= self.count)
            box.setEnabled(not self._explanation.shown_layer)
            box.blockSignals(True)
            box.setChecked(number not in hidden)
            box.blockSignals(False)
            if relevance is not None and number <= self.count:
                share = float(relevance.lesions[number - 1].sum()) / (float(relevance.values.sum()) or 1.0)
                box.setText(f"Lesion {number}{' (largest)' if number == 1 else ''} · {percent_text(share)}")
        self.setVisible(self.count > 1)

    def _add_box(self) -> None:
        number = len(self.boxes) + 1
        box = QCheckBox()
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setToolTip("Show the relevance of this lesion; a block of the network is always shown for all of them")
        box.toggled.connect(partial(self._explanation.show_lesion, number))
        self._column.addWidget(box)
        self.boxes.append(box)


class ExplainLook(QWidget):
    """Smoothing, grey frame, opacity and clip."""

    def __init__(self, explanation: ExplanationState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation = explanation
        self.smooth = QCheckBox()
        self.smooth.setToolTip("Explain some slightly noisy copies of the frame and show the mean: calmer, but slower")
        self.grey = QCheckBox("Frame in grey under the map")
        self.grey.setToolTip("Red relevance is hard to see on red tissue; a frame in motion keeps its colours")
        self.opacity = LabelledSlider("Opacity", 0, 100, percent)
        self.opacity.setToolTip("Of the map over the frame")
        self.clip = LabelledSlider("Clip at", 950, 1000, _tenth_percent)
        self.clip.setToolTip("Share of the pixels within the colour bar; the few beyond it get its strongest colour")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for box in (self.smooth, self.grey):
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for widget in (self.smooth, self.opacity, self.clip, self.grey):
            column.addWidget(widget)
        self._connect()
        self.on_changed()

    def _connect(self) -> None:
        explanation = self._explanation
        self.smooth.toggled.connect(explanation.set_smooth)
        self.grey.toggled.connect(explanation.set_grey)
        self.opacity.value_changed.connect(explanation.set_opacity)
        self.clip.value_changed.connect(lambda tenth: explanation.set_clip(tenth / 10))
        for signal in (explanation.request_changed, explanation.look_changed, explanation.paint_changed):
            signal.connect(self.on_changed)

    def on_changed(self) -> None:
        """Show what the state says, wherever the change came from."""
        explanation = self._explanation
        self.smooth.setChecked(explanation.is_smooth)
        self.smooth.setText(_SMOOTH[explanation.is_smooth])
        self.grey.setChecked(explanation.is_grey)
        self.opacity.set_value(explanation.opacity)
        self.clip.set_value(explanation.clip * 10)


def _tenth_percent(tenth: float) -> str:
    """The slider counts in hundredths, the clip needs thousandths: 9.95 is "99.5 %"."""
    return f"{tenth * 10:.1f} %"
