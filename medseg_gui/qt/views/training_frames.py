"""Whose frames are learnt from and whose are held out, patient by patient, and a bar that shows the split."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.project.records import NO_CENTRE
from medseg_gui.qt import theme
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.state.training_plan import Patient
from medseg_gui.qt.views.training_parts import quiet
from medseg_gui.types import CLASS_NAMES

LEARN, HOLD_OUT, LEAVE_OUT = "learn", "hold out", "leave out"
_USES = {LEARN: "Learn from", HOLD_OUT: "Hold out", LEAVE_OUT: "Leave out"}
_BAR_PX = 10
_USE_COLUMN = 4
_NOTHING_YET = """<p style="line-height: 150%"><b>Nothing to learn from yet</b></p>
<p style="line-height: 150%">1. Mend a mask that is wrong: B takes the brush.<br>
2. Accept one that is right as it is: Enter.<br>
3. Do so on some frames, best of several patients, and come back: Ctrl+T.</p>"""


class TrainingFrames(QWidget):
    """A line for each patient; what it is used for can be changed there."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.tree = self._build_tree()
        self.uses: dict[str, QComboBox] = {}
        self.bar = SplitBar()
        self.summary = quiet()
        self.nothing_yet = QLabel(_NOTHING_YET)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(self.summary)
        column.addWidget(self.tree, 1)
        column.addWidget(self.nothing_yet, 1, Qt.AlignmentFlag.AlignCenter)
        self._shown: tuple[object, ...] = ()
        self._patients: tuple[Patient, ...] = ()
        self.tree.itemDoubleClicked.connect(self._on_double_clicked)
        self.tree.itemChanged.connect(self._on_item_changed)
        training.plan_changed.connect(self.on_plan_changed)
        self.on_plan_changed()

    def _build_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(5)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        tree.setEditTriggers(QTreeWidget.EditTrigger.NoEditTriggers)
        tree.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        tree.setProperty("plain", True)
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        tree.setAccessibleName("Patients")
        tree.header().setStretchLastSection(False)
        for column in range(5):
            stretches = column == 0
            mode = QHeaderView.ResizeMode.Stretch if stretches else QHeaderView.ResizeMode.ResizeToContents
            tree.header().setSectionResizeMode(column, mode)
        return tree

    def on_plan_changed(self) -> None:
        """Other patients, or another use of them."""
        plan = self._training.plan
        name = CLASS_NAMES[plan.class_id]
        self.tree.setHeaderLabels(["Patient", "Centre", "Frames", f"With {name}", "Used to"])
        patients = plan.patients
        shown = (patients, name)
        if shown != self._shown:  # else the box that a person has just used would be replaced under the mouse
            self._shown = shown
            self._fill(patients)
        for patient in patients:
            box = self.uses[patient.group]
            use = HOLD_OUT if patient.group in plan.held_out else LEAVE_OUT if patient.group in plan.left_out else LEARN
            box.setCurrentIndex(list(_USES).index(use))
        learnt, compared = plan.counts
        self.bar.set_counts(learnt, compared)
        for widget in (self.bar, self.summary, self.tree):
            widget.setVisible(bool(patients))
        self.nothing_yet.setVisible(not patients)
        if plan.is_one_patient:
            self.summary.setText(f"{learnt} frames to learn from · {compared} later ones held out for the comparison")
        else:
            self.summary.setText(
                f"{learnt} frames of {_patients(len(plan.to_learn))} to learn from · {compared} frames of "
                f"{_patients(len(plan.to_compare))} held out for the comparison, never learnt from"
            )

    def _fill(self, patients: tuple[Patient, ...]) -> None:
        self._patients = patients
        self.tree.blockSignals(True)  # only what a person types is a name
        self.tree.clear()
        self.uses = {}
        for p in patients:
            centre = "" if p.centre == NO_CENTRE else p.centre.replace("_", " ")
            item = QTreeWidgetItem([p.title, centre or "—", str(len(p.keys)), str(p.marked), ""])
            item.setToolTip(0, f"{p.title}\nDouble-click to name the patient; recordings of one name are one patient.")
            item.setToolTip(1, "Double-click to name the hospital")
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            for column in (2, 3):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setSizeHint(0, QSize(0, 38))
            self.tree.addTopLevelItem(item)
            box = QComboBox()
            box.setAccessibleName(f"What {p.title} is used for")
            for use, text in _USES.items():
                box.addItem(text, use)
            box.setMinimumContentsLength(len(_USES[LEARN]) + 1)
            box.activated.connect(partial(self._on_used, p.group, box))
            self.tree.setItemWidget(item, _USE_COLUMN, box)
            self.uses[p.group] = box
        self.tree.blockSignals(False)

    def _on_double_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column in (0, 1):
            self.tree.editItem(item, column)

    def _on_item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        patient, text = self._patients[self.tree.indexOfTopLevelItem(item)], item.text(column)
        self._shown = ()  # what the project makes of it replaces what was typed
        if column == 0:
            self._training.name_patient(patient, text)
        else:
            self._training.name_centre(patient, "" if text == "—" else text)

    def _on_used(self, group: str, box: QComboBox, index: int) -> None:
        use = box.itemData(index)
        if use == LEAVE_OUT:
            self._training.leave_out(group)
        else:
            self._training.hold_out(group, use == HOLD_OUT)


class SplitBar(QWidget):
    """How many frames are learnt from, and how many are held out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts = (0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Frames to learn from, and held out")

    def set_counts(self, learnt: int, compared: int) -> None:
        """Draw these."""
        self.counts = (learnt, compared)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _BAR_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        total = sum(self.counts)
        gap = 2 if all(self.counts) else 0
        at = 0.0
        for count, colour in zip(self.counts, (theme.ACCENT, theme.HELD_OUT), strict=True):
            width = (self.width() - gap) * count / total if total else 0.0
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(at, 0, width, self.height()), 3, 3)
            at += width + gap
        if not total:
            painter.setBrush(QColor(theme.BORDER))
            painter.drawRoundedRect(QRectF(0, 0, self.width(), self.height()), 3, 3)
        painter.end()


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"
