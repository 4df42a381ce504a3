"""Dialogs for what goes out and what comes in: which format, which frames, what it loses, de-identified or not."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from medseg_gui.qt.state.project import ProjectState
from medseg_gui.qt.state.project_orders import CleanCopy, ExportFrames, ImportFrames
from medseg_gui.qt.state.review import ReviewState
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.views.exchange_form import WHICH_STATES, ExchangeForm, quiet

FORMAT_WORDS = {
    "png": "PNG masks (images/ and masks/, as medseg train reads them)",
    "png-indexed": "PNG masks with a colour table",
    "coco": "COCO (run-length)",
    "yolo": "YOLO-seg",
    "labelme": "LabelMe",
    "csv": "Table of measurements (CSV)",
}


class ExportDialog(ExchangeForm):
    """Which frames go out, and as what."""

    def __init__(self, project: ProjectState, review: ReviewState, parent: QWidget | None = None) -> None:
        super().__init__("Export annotations", "Export", parent)
        self._project, self._review = project, review
        self.format = _format_box(project, writes=True)
        self.loses = quiet()
        self.states = QComboBox()
        self.states.addItems(list(WHICH_STATES))
        self.count = quiet()
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
        count = sum(self._review.counts.get(s, 0) for s in WHICH_STATES[self.states.currentText()])
        self.count.setText("1 frame" if count == 1 else f"{count} frames")

    def on_accepted(self) -> None:
        """Export."""
        states = WHICH_STATES[self.states.currentText()]
        name, hides = self.format.currentData(), self.hides.isChecked()
        self._project.ask(ExportFrames(name, self.path, states, hides, self.margin.value() if hides else 0))
        self.accept()


class ImportDialog(ExchangeForm):
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


class CleanCopyDialog(ExchangeForm):
    """Where the copy of a recording goes."""

    def __init__(self, project: ProjectState, source: SourceInfo, parent: QWidget | None = None) -> None:
        super().__init__("Clean copy of the recording", "Copy", parent)
        self._project, self._source = project, source
        self.is_video = source.kind == "video"
        what = "Black outside the scope's field of view; without sound, metadata and names."
        self.form.addRow(quiet(what))
        self.add_place("New .mp4 file" if self.is_video else "New folder")
        self.margin.setEnabled(True)
        self.form.addRow("More at the rim", self.margin)
        self.form.addRow(quiet("What is written inside the field of view stays: look through the copy."))

    def browse(self) -> None:
        """Pick a file to be, or a folder."""
        if not self.is_video:
            super().browse()
            return
        self.browse_file("mp4")

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
