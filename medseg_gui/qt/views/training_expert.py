"""The numbers behind the plain choices, for those who know them; folded away at first."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.state.training_plan import TrainingPlan

_SIZE = 256


class TrainingExpert(QWidget):
    """Passes, batch, rate, size, seed, recipe; what differs from the plain choice is kept until that changes."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.toggle = QToolButton()
        self.toggle.setText("Expert settings")
        self.toggle.setCheckable(True)
        self.toggle.setArrowType(Qt.ArrowType.RightArrow)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.epochs = QSpinBox(minimum=1, maximum=1000)
        self.batch = QSpinBox(minimum=1, maximum=64)
        self.lr = QDoubleSpinBox(minimum=0.000001, maximum=0.1, decimals=6, singleStep=0.0001)
        self.side = QSpinBox(minimum=32, maximum=1024, singleStep=32, suffix=" px")
        self.seed = QSpinBox(minimum=0, maximum=999_999)
        self.recipe = QComboBox()
        self.recipe.addItem("Ours", "ours")
        self.recipe.addItem("As published", "published")
        self.weights = QLineEdit(placeholderText="ResNet-50 ImageNet weights, may stay empty")
        self.form = QWidget()
        self._arrange()
        self._connect()
        self.form.hide()
        self.on_plan_changed()

    def _arrange(self) -> None:
        form = QFormLayout(self.form)
        form.setContentsMargins(0, 4, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, field in (
            ("Passes", self.epochs), ("Batch", self.batch), ("Highest rate", self.lr), ("Picture side", self.side),
            ("Seed", self.seed), ("Recipe", self.recipe), ("Classifier", self.weights),
        ):  # fmt: skip
            form.addRow(text, field)
            field.setAccessibleName(text)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toggle)
        column.addWidget(self.form)

    def _connect(self) -> None:
        self.toggle.toggled.connect(self.on_toggled)
        self.epochs.valueChanged.connect(lambda v: self._set("epochs", v))
        self.batch.valueChanged.connect(lambda v: self._set("batch-size", v))
        self.lr.valueChanged.connect(lambda v: self._set("lr", v))
        self.side.editingFinished.connect(lambda: self._set("size", max(round(self.side.value() / 32), 1) * 32))
        self.seed.valueChanged.connect(lambda v: self._set("seed", v))
        self.recipe.activated.connect(lambda: self._set("recipe", self.recipe.currentData()))
        self.weights.editingFinished.connect(lambda: self._set("classifier-weights", self.weights.text().strip()))
        self._training.plan_changed.connect(self.on_plan_changed)

    def on_toggled(self, shown: bool) -> None:
        """Fold out, or away."""
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.form.setVisible(shown)

    def on_plan_changed(self) -> None:
        """Show what would be used; what a person set themselves stays."""
        settings = self._training.plan.settings
        values: dict[Any, Any] = {
            self.epochs: settings["epochs"], self.batch: settings["batch-size"], self.lr: settings["lr"],
            self.side: settings.get("size", _SIZE), self.seed: settings["seed"],
        }  # fmt: skip
        for field, value in values.items():
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)
        self.recipe.setCurrentIndex(self.recipe.findData(settings.get("recipe", "ours")))

    def _set(self, name: str, value: Any) -> None:
        plan = self._training.plan
        expert = {k: v for k, v in plan.expert.items() if k != name}
        usual = TrainingPlan.settings.fget(_without(plan, name))  # type: ignore[attr-defined]
        if value != usual.get(name, {"size": _SIZE, "recipe": "ours"}.get(name, "")):
            expert[name] = value
        self._training.change_plan(expert=expert)


def _without(plan: TrainingPlan, name: str) -> TrainingPlan:
    from dataclasses import replace

    return replace(plan, expert={k: v for k, v in plan.expert.items() if k != name})
