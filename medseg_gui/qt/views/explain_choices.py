"""What is explained and how: the upper part of the panel "Explain"."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.explanation import CAMS, PICKED, RULES, ExplanationState
from medseg_gui.qt.state.session import SessionState
from medseg_gui.qt.views.choice_buttons import ChoiceButtons
from medseg_gui.types import CLASS_NAMES, Target

_METHODS = {
    "off": ("Off", "close", "No explanation (Tab)"),
    "lrp": ("LRP", "explain", "What speaks for and against, pixel by pixel: layer-wise relevance propagation (Tab)"),
    "cam": ("Grad-CAM", "probability", "Where one layer of the network looked (Tab)"),
}
_RULE_TIPS = {
    "gamma": "γ: in between",
    "epsilon": "ε: faithful, noisy",
    "zplus": "z⁺: stable, less specific",
    "composite": "composite: ε, γ, box",
}
_CAM_TIPS = {
    "hirescam": "HiResCAM: exact",
    "gradcam": "Grad-CAM: averaged",
}
_TARGETS = {
    "mask": "Whole mask",
    "lesion": "One lesion: click (L)",
    "pixel": "One pixel: click (X)",
    "rim": "Rim: why end here?",
    "nearest_miss": "Nearest miss",
}


class ExplainChoices(QWidget):
    """Method, rule or layer, class and target."""

    def __init__(self, explanation: ExplanationState, session: SessionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation, self._session = explanation, session
        self.methods = ChoiceButtons(_METHODS)
        self.rule = _box(
            "Rule", "How relevance is passed down through the network", [(_RULE_TIPS[r], r) for r in RULES]
        )
        self.cam = _box(
            "Variant",
            "HiResCAM weighs each place for itself; Grad-CAM averages first, as in the papers",
            [(_CAM_TIPS[c], c) for c in CAMS],
        )
        self.layer = _LayerSlider(explanation)
        self.class_box = _box("Class", "Whose mask is explained", [(n.capitalize(), c) for c, n in CLASS_NAMES.items()])
        self.warning = QLabel(wordWrap=True)
        self.warning.setStyleSheet(f"color: {theme.WARNING}")
        self.target = _box("Target", "What is explained", [(text, kind) for kind, text in _TARGETS.items()])
        self._arrange()
        self._connect()
        self.on_changed()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.methods)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(8)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, widget in (
            ("Rule", self.rule),
            ("Variant", self.cam),
            ("Layer", self.layer),
            ("Class", self.class_box),
            ("Target", self.target),
        ):
            self._form.addRow(text, widget)
        column.addLayout(self._form)
        column.addWidget(self.warning)

    def _connect(self) -> None:
        explanation, session = self._explanation, self._session
        self.methods.chosen.connect(self._on_method_chosen)
        self.rule.activated.connect(lambda row: explanation.set_rule(self.rule.itemData(row)))
        self.cam.activated.connect(lambda row: explanation.set_method(self.cam.itemData(row)))
        self.class_box.activated.connect(lambda row: explanation.set_class(self.class_box.itemData(row)))
        self.target.activated.connect(self._on_target_chosen)
        explanation.request_changed.connect(self.on_changed)
        explanation.picking_changed.connect(self.on_changed)
        explanation.layers_listed.connect(self.on_changed)
        session.weights_chosen.connect(self.on_changed)

    def _on_method_chosen(self, name: str) -> None:
        self._explanation.set_method(self._explanation.cam if name == "cam" else name)

    def _on_target_chosen(self, row: int) -> None:
        kind = self.target.itemData(row)
        if kind in PICKED:
            self._explanation.set_picking(kind)
        else:
            self._explanation.set_target(Target(kind))

    def on_changed(self) -> None:
        """Show what the state says, wherever the change came from."""
        explanation = self._explanation
        is_cam = explanation.method in CAMS
        self.methods.set_choice("cam" if is_cam else explanation.method)
        self._show(self.rule, explanation.method == "lrp", explanation.rule)
        self._show(self.cam, is_cam, explanation.cam)
        self._form.setRowVisible(self.layer, is_cam)
        looked_for = [c for c, name in self._session.chosen.items() if name]
        self._show(self.class_box, len(looked_for) > 1, explanation.class_id)
        self._show(self.target, explanation.is_on, explanation.picking or explanation.target.kind)
        self._warn()

    def _warn(self) -> None:
        """Mark the ways of explaining that failed a check on these weights, and say what the chosen one failed."""
        explanation = self._explanation
        for box, texts, change in (
            (self.rule, _RULE_TIPS, lambda rule: {"method": "lrp", "rule": rule}),
            (self.cam, _CAM_TIPS, lambda cam: {"method": cam}),
        ):
            for row in range(box.count()):
                warning = explanation.warning_of(**change(box.itemData(row)))
                box.setItemText(row, f"{'⚠ ' if warning else ''}{texts[box.itemData(row)]}")
                box.setItemData(row, warning, Qt.ItemDataRole.ToolTipRole)
        warning = explanation.warning_of() if explanation.is_on else ""
        self.warning.setText(f"⚠ {warning}")
        self.warning.setVisible(bool(warning))

    def _show(self, box: QComboBox, shown: bool, value: object) -> None:
        self._form.setRowVisible(box, shown)
        box.setCurrentIndex(box.findData(value))


class _LayerSlider(QWidget):
    """The layer that Grad-CAM looks at, from the encoder's end to the last decoder block."""

    def __init__(self, explanation: ExplanationState) -> None:
        super().__init__()
        self._explanation = explanation
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setPageStep(1)
        self.slider.setAccessibleName("Layer")
        self.slider.setToolTip("The layer that is looked at; late ones resemble the mask, deep ones are coarse")
        self.name = QLabel(wordWrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.slider)
        column.addWidget(self.name)
        self.slider.valueChanged.connect(self._on_moved)
        explanation.layers_listed.connect(self.on_changed)
        explanation.request_changed.connect(self.on_changed)
        self.on_changed()

    def _on_moved(self, row: int) -> None:
        names = self._explanation.layer_names
        if row < len(names):
            self._explanation.set_layer(names[row])

    def on_changed(self) -> None:
        """Show what the state says."""
        names, layer = self._explanation.layer_names, self._explanation.layer
        self.slider.setEnabled(len(names) > 1)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(names) - 1, 0))
        self.slider.setValue(names.index(layer) if layer in names else len(names) - 1)
        self.slider.blockSignals(False)
        self.name.setText(_layer_text(names, layer))


def _layer_text(names: tuple[str, ...], layer: str) -> str:
    if not names:
        return "known after the first explanation"
    is_last = layer in ("", names[-1])
    return f"{names[-1]} (resembles the mask)" if is_last else layer


def _box(name: str, tip: str, entries: list[tuple[str, object]]) -> QComboBox:
    """A list that stays as narrow as the panel; its entries are read in full when it is open."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.view().setTextElideMode(Qt.TextElideMode.ElideNone)
    for text, data in entries:
        box.addItem(text, data)
    return box
