"""The first part of the training page: whose frames, which weights to begin with, how long, what is taken away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.training_plan import RECIPES
from medseg_gui.qt.views.choice_buttons import ChoiceButtons
from medseg_gui.qt.views.labelled_slider import LabelledSlider, percent
from medseg_gui.qt.views.training_expert import TrainingExpert
from medseg_gui.qt.views.training_frames import TrainingFrames
from medseg_gui.qt.views.training_parts import Note, heading, push_button, quiet
from medseg_gui.qt.views.training_versions import TrainingVersions
from medseg_gui.types import CLASS_NAMES

_CHOICES_PX = 400


class TrainingSetup(QWidget):
    """Frames on the left; on the right what is done with them."""

    def __init__(self, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training, self._session = state.training, state.session
        self.frames = TrainingFrames(state.training)
        self.class_box, self.base = QComboBox(), QComboBox()
        self.recipe = ChoiceButtons({name: (r.text, r.icon, r.tip) for name, r in RECIPES.items()})
        self.recipe_note = quiet()
        self.p = LabelledSlider("p", 0, 100, percent)
        self.p_note = quiet("Share of the frames that lose what gives their hospital away; 40 to 60 % in the paper.")
        self.preview = push_button(
            "Preview…", "eye", "Show what would be taken away, before anything is learnt with it"
        )
        self.expert = TrainingExpert(state.training)
        self.start = push_button("Start training", "train", "Begin in the background; the window stays usable", True)
        self.refusal = Note(icon="info")
        self.warnings = QVBoxLayout()
        self.versions = TrainingVersions(state.training)
        for class_id, name in CLASS_NAMES.items():
            self.class_box.addItem(name.capitalize(), class_id)
        for box, name in ((self.class_box, "What is learnt"), (self.base, "Weights to begin with")):
            box.setAccessibleName(name)
        self._arrange()
        self._connect()
        self.on_weights_listed()
        self.on_plan_changed()

    def _arrange(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        title = QHBoxLayout()
        title.addWidget(heading("Frames that you corrected or accepted"), 1)
        title.addWidget(self.class_box)
        left.addLayout(title)
        left.addWidget(self.frames, 1)
        left.addLayout(self.warnings)
        left.addWidget(self.versions)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 8, 0, 12)
        row.setSpacing(24)
        row.addLayout(left, 1)
        row.addWidget(self._build_choices())

    def _build_choices(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        preview = QHBoxLayout()
        preview.addWidget(self.p, 1)
        preview.addWidget(self.preview)
        for part in (
            heading("Begin with"), self.base, heading("How long"), self.recipe, self.recipe_note,
            heading("Take away what gives a hospital away"), preview, self.p_note, self.expert,
        ):  # fmt: skip
            column.addLayout(part) if isinstance(part, QHBoxLayout) else column.addWidget(part)
        column.addStretch(1)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setWidget(inner)
        whole = QWidget()
        whole.setFixedWidth(_CHOICES_PX)
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 0, 16, 0)
        outer.addWidget(scrolled, 1)
        outer.addWidget(self.refusal)
        outer.addWidget(self.start)
        return whole

    def _connect(self) -> None:
        training = self._training
        training.plan_changed.connect(self.on_plan_changed)
        training.preview_changed.connect(self.on_plan_changed)
        self._session.weights_listed.connect(self.on_weights_listed)
        self.class_box.activated.connect(self._on_class_chosen)
        self.base.activated.connect(self._on_base_chosen)
        self.recipe.chosen.connect(lambda name: training.change_plan(recipe=name))
        self.p.value_changed.connect(lambda value: training.change_plan(p=value))
        self.preview.clicked.connect(training.ask_preview)
        self.start.clicked.connect(training.start)

    def _on_class_chosen(self) -> None:
        class_id = self.class_box.currentData()
        name = self._session.chosen.get(class_id, "") or next(
            (w.name for w in self._session.weights if w.class_id == class_id), ""
        )
        self._training.change_plan(class_id=class_id, base=name, network=self._network_of(name))
        self.on_weights_listed()

    def _on_base_chosen(self) -> None:
        name = self.base.currentText()
        self._training.change_plan(base=name, network=self._network_of(name))

    def _network_of(self, name: str) -> str:
        return next((w.network for w in self._session.weights if w.name == name), "")

    def on_weights_listed(self) -> None:
        """Other weights to begin with."""
        self.base.clear()
        self.base.addItems([w.name for w in self._session.weights if w.class_id == self._training.plan.class_id])
        self.on_plan_changed()

    def on_plan_changed(self) -> None:
        """Show what is planned, and what speaks against it."""
        plan = self._training.plan
        self.class_box.setCurrentIndex(self.class_box.findData(plan.class_id))
        self.base.setCurrentIndex(self.base.findText(plan.base))
        self.recipe.set_choice(plan.recipe)
        self.p.set_value(plan.p)
        frames = f"{plan.counts[0]} frames" if plan.counts[0] else "the frames"
        self.recipe_note.setText(f"{RECIPES[plan.recipe].tip}: {plan.settings['epochs']} passes over {frames}.")
        can_guide = len(plan.centres) > 1
        self.p.setEnabled(can_guide)
        self.preview.setEnabled(can_guide and not self._training.previewing and not plan.refusal)
        self.p_note.setText(
            "Share of the frames that lose what gives their hospital away; 40 to 60 % in the paper."
            if can_guide
            else "Needs frames of two hospitals or more: import each with the name of its centre."
        )
        self.refusal.set_text(plan.refusal)
        self.start.setEnabled(not plan.refusal)
        self._show_warnings(plan.warnings)

    def _show_warnings(self, warnings: tuple[str, ...]) -> None:
        while (item := self.warnings.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for text in warnings:
            self.warnings.addWidget(Note(text))
