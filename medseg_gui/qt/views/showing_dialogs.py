"""Dialogs for what a project shows to others: a case report as PDF, a video with the masks."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QWidget

from medseg_gui.qt.state.project import ProjectState
from medseg_gui.qt.state.project_orders import WriteReport, WriteVideo
from medseg_gui.qt.state.review import ReviewState
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.views.exchange_form import WHICH_STATES, ExchangeForm, quiet

THIS_FRAME = "this frame alone"
EXPLANATIONS = {
    "LRP": "lrp",
    "Grad-CAM": "gradcam",
    "HiResCAM": "hirescam",
    "none": "",
}  # as `CaseExplainer` knows them


class _FileForm(ExchangeForm):
    """A form for a file that is not there yet.

    Args:
        title: of the dialog.
        suffix: of the file, with its dot; added where it was left out.
    """

    def __init__(self, title: str, suffix: str, parent: QWidget | None) -> None:
        super().__init__(title, "Write", parent)
        self._suffix = suffix
        self.taken = quiet()
        self.place.textChanged.connect(self.on_place_changed)

    def add_file_rows(self) -> None:
        """Where it goes, and whether it names anybody."""
        self.add_place(f"New {self._suffix} file")
        self.form.addRow("", self.taken)
        self.add_hiding()
        self.form.addRow(quiet("What is written inside the field of view stays: look through it first."))

    def on_place_changed(self) -> None:
        """What is there is not written over."""
        is_taken = bool(self.place.text().strip()) and self.path.exists()
        self.taken.setText(f"{self.path.name} is there already; choose another name." if is_taken else "")
        if is_taken:
            self.go.setEnabled(False)

    def browse(self) -> None:
        """Name the file."""
        self.browse_file(self._suffix.removeprefix("."))

    @property
    def path(self) -> Path:
        """The file that was named."""
        path = super().path
        return path if path.suffix.lower() == self._suffix else path.with_name(path.name + self._suffix)

    @property
    def margin_px(self) -> int:
        """How much more is blacked out; nothing where nobody is to be hidden."""
        return self.margin.value() if self.hides.isChecked() else 0


class ReportDialog(_FileForm):
    """Which frames a case report tells of."""

    def __init__(self, project: ProjectState, review: ReviewState, parent: QWidget | None = None) -> None:
        super().__init__("Case report", ".pdf", parent)
        self._project, self._review = project, review
        self._shown = project.record.key if project.record is not None else None
        self.frames = QComboBox()
        self.frames.setAccessibleName("Frames")
        self.frames.addItems([*WHICH_STATES, *([THIS_FRAME] if self._shown else [])])
        self.pages = quiet()
        self.explanation = QComboBox()
        self.explanation.setAccessibleName("Explanation")
        self.explanation.addItems(list(EXPLANATIONS))
        self.form.addRow("Frames", self.frames)
        self.form.addRow("", self.pages)
        self.form.addRow("Explanation", self.explanation)
        self.form.addRow("", quiet("Why the network marks what it marks, where one made the first proposal."))
        self.add_file_rows()
        self.frames.currentTextChanged.connect(self.on_frames_changed)
        self.on_frames_changed()

    def on_frames_changed(self) -> None:
        """Say how long the report gets."""
        states = WHICH_STATES.get(self.frames.currentText())
        count = 1 if states is None else sum(self._review.counts.get(s, 0) for s in states)
        self.pages.setText("1 page" if count == 1 else f"{count} pages, one for each frame")

    def on_accepted(self) -> None:
        """Write it."""
        states = WHICH_STATES.get(self.frames.currentText())
        only = self._shown if states is None else None
        explain = EXPLANATIONS[self.explanation.currentText()]
        order = WriteReport(self.path, states or (), only, self.hides.isChecked(), self.margin_px, explain)
        self._project.ask(order)
        self.accept()


class VideoDialog(_FileForm):
    """Of which source a video with the masks is written; at first, of the one on screen."""

    def __init__(self, project: ProjectState, shown: SourceInfo | None, parent: QWidget | None = None) -> None:
        super().__init__("Overlay video", ".mp4", parent)
        self._project = project
        self.source = QComboBox()
        self.source.setAccessibleName("Source")
        info = project.info
        for record in info.sources if info is not None else ():
            if info is not None and record.hash not in info.missing:
                self.source.addItem(f"{record.name} ({record.frame_count} frames)", record.hash)
        self.source.setCurrentIndex(max(self.source.findData(shown.source_id if shown else None), 0))
        self.form.addRow("Source", self.source)
        self.form.addRow("", quiet("All its frames at their own times, with masks, states and weights; without sound."))
        self.add_file_rows()

    def on_accepted(self) -> None:
        """Write it."""
        order = WriteVideo(self.path, self.source.currentData(), self.hides.isChecked(), self.margin_px)
        self._project.ask(order)
        self.accept()
