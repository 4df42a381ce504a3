"""Dialogs for what goes out and what comes in: which format, which frames, what it loses, de-identified or not."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.project.records import ACCEPTED, REVIEWED, STATES
from medseg_gui.qt.state.project import ProjectState
from medseg_gui.qt.state.project_orders import CleanCopy, ExportFrames, ImportFrames
from medseg_gui.qt.state.review import ReviewState
from medseg_gui.qt.state.session import SourceInfo

FORMAT_WORDS = {
    "png": "PNG masks (images/ and masks/, as medseg train reads them)",
    "png-indexed": "PNG masks with a colour table",
    "coco": "COCO (run-length)",
    "yolo": "YOLO-seg",
    "labelme": "LabelMe",
    "csv": "Table of measurements (CSV)",
}
_STATES = {"corrected and accepted": REVIEWED, "accepted only": (ACCEPTED,), "all on the list": STATES}
_WIDTH_PX = 520


class _ExchangeDialog(QDialog):
    """A form with a place, de-identification and two buttons."""

    def __init__(self, title: str, button: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.form = QFormLayout()
        self.form.setVerticalSpacing(10)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.place = QLineEdit()
        self.place.setAccessibleName("Folder or file")
        self.hides = QCheckBox("De-identify")
        self.hides.setToolTip("Black outside the scope's field of view; no file names, authors or notes")
        self.margin = QSpinBox(minimum=-200, maximum=200, suffix=" px")
        self.margin.setToolTip("So much more is blacked out at the rim of the field of view; negative: less")
        self.margin.setEnabled(False)
        self.hides.toggled.connect(self.margin.setEnabled)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.go = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.go.setText(button)
        for each in self.buttons.buttons():
            each.setIcon(QIcon())  # Qt brings its own, which do not follow the theme
        self.go.setEnabled(False)
        self.place.textChanged.connect(lambda text: self.go.setEnabled(bool(text.strip())))
        self.buttons.accepted.connect(self.on_accepted)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(16)
        column.addLayout(self.form)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH_PX)

    def on_accepted(self) -> None:
        """Ask for what was filled in."""
        raise NotImplementedError

    def add_place(self, name: str) -> None:
        """The row with the place and a button to pick it."""
        browse = QPushButton("Browse…")
        browse.clicked.connect(self.browse)
        row = QHBoxLayout()
        row.addWidget(self.place, 1)
        row.addSpacing(8)
        row.addWidget(browse)
        self.form.addRow(name, row)

    def add_hiding(self) -> None:
        """The row about de-identification."""
        row = QHBoxLayout()
        row.addWidget(self.hides)
        row.addSpacing(16)
        row.addWidget(QLabel("more at the rim"))
        row.addSpacing(8)
        row.addWidget(self.margin)
        row.addStretch(1)
        self.form.addRow("Names", row)

    def browse(self) -> None:
        """Pick a folder."""
        dialog = QFileDialog(self, self.windowTitle(), fileMode=QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.place.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @property
    def path(self) -> Path:
        """The place that was filled in."""
        return Path(self.place.text().strip())


class ExportDialog(_ExchangeDialog):
    """Which frames go out, and as what."""

    def __init__(self, project: ProjectState, review: ReviewState, parent: QWidget | None = None) -> None:
        super().__init__("Export annotations", "Export", parent)
        self._project, self._review = project, review
        self.format = _format_box(project, writes=True)
        self.loses = _quiet()
        self.states = QComboBox()
        self.states.addItems(list(_STATES))
        self.count = _quiet()
        self.form.addRow("Format", self.format)
        self.form.addRow("", self.loses)
        self.form.addRow("Frames", self.states)
        self.form.addRow("", self.count)
        self.add_place("New folder")
        self.add_hiding()
        self.format.currentIndexChanged.connect(self.on_format_changed)
        self.states.currentTextChanged.connect(self.on_states_changed)
        self.on_format_changed()
        self.on_states_changed()

    def on_format_changed(self) -> None:
        """Say what the format cannot hold."""
        loses = next((f.loses for f in self._project.formats if f.name == self.format.currentData()), "")
        self.loses.setText(f"Cannot hold: {loses}." if loses else "Keeps every pixel, lesion and class.")

    def on_states_changed(self) -> None:
        """Say how many frames they are."""
        count = sum(self._review.counts.get(s, 0) for s in _STATES[self.states.currentText()])
        self.count.setText("1 frame" if count == 1 else f"{count} frames")

    def on_accepted(self) -> None:
        """Export."""
        states = _STATES[self.states.currentText()]
        name, hides = self.format.currentData(), self.hides.isChecked()
        self._project.ask(ExportFrames(name, self.path, states, hides, self.margin.value() if hides else 0))
        self.accept()


class ImportDialog(_ExchangeDialog):
    """Where annotations lie, and what becomes of masks that are there already."""

    def __init__(self, project: ProjectState, parent: QWidget | None = None) -> None:
        super().__init__("Import annotations", "Import", parent)
        self._project = project
        self.format = _format_box(project, writes=False)
        self.centre = QLineEdit(placeholderText="hospital or data set, may stay empty")
        self.replaces = QCheckBox("Replace masks that are there already")
        self.form.addRow("Format", self.format)
        self.add_place("Folder")
        self.form.addRow("Centre", self.centre)
        self.form.addRow("", self.replaces)
        self.add_hiding()

    def on_accepted(self) -> None:
        """Import, after a backup."""
        hides = self.hides.isChecked()
        order = ImportFrames(
            self.format.currentData(), self.path, self.centre.text().strip(), self.replaces.isChecked(), hides,
            self.margin.value() if hides else 0,
        )  # fmt: skip
        self._project.ask(order)
        self.accept()


class CleanCopyDialog(_ExchangeDialog):
    """Where the copy of a recording goes."""

    def __init__(self, project: ProjectState, source: SourceInfo, parent: QWidget | None = None) -> None:
        super().__init__("Clean copy of the recording", "Copy", parent)
        self._project, self._source = project, source
        self.is_video = source.kind == "video"
        what = "Black outside the scope's field of view; without sound, metadata and names."
        self.form.addRow(_quiet(what))
        self.add_place("New .mp4 file" if self.is_video else "New folder")
        self.margin.setEnabled(True)
        self.form.addRow("More at the rim", self.margin)
        self.form.addRow(_quiet("What is written inside the field of view stays: look through the copy."))

    def browse(self) -> None:
        """Pick a file to be, or a folder."""
        if not self.is_video:
            super().browse()
            return
        dialog = QFileDialog(self, self.windowTitle(), fileMode=QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("mp4")
        dialog.fileSelected.connect(self.place.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def on_accepted(self) -> None:
        """Copy."""
        self._project.ask(CleanCopy(self._source.spec, self.path, self.margin.value()))
        self.accept()


def _format_box(project: ProjectState, writes: bool) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName("Format")
    for entry in project.formats:
        if writes or entry.can_read:
            box.addItem(FORMAT_WORDS.get(entry.name, entry.name), entry.name)
    box.setCurrentIndex(max(box.findData("png"), 0))
    return box


def _quiet(text: str = "") -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setProperty("quiet", True)
    return label
