"""What guided augmentation would take away, before anything is learnt with it: frame, activation map, what is left."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.views.training_parts import heading, push_button, quiet

_HEADINGS = ("Frame", "What gives its hospital away", "What is left to learn from")
_SIDE_PX = 220
_USUAL_P = 0.5


class TrainingPreview(QWidget):
    """The classifier's accuracy, and a line of pictures for each sample frame."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.text = quiet()
        self.bar = QProgressBar(minimum=0, maximum=0, textVisible=False)
        self.bar.setFixedHeight(10)
        self.grid = QGridLayout()
        self.use = push_button("Train with it", "accept", "Take this away from half of the frames", True)
        self.leave = push_button("Close the preview", "close", "Go back; nothing is changed")
        self._arrange()
        self.use.clicked.connect(self._on_used)
        self.leave.clicked.connect(training.stop_preview)
        training.preview_changed.connect(self.on_preview_changed)
        self.on_preview_changed()

    def _arrange(self) -> None:
        inner = QWidget()
        holder = QHBoxLayout(inner)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addLayout(self.grid)
        holder.addStretch(1)
        self.grid.setSpacing(12)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidget(inner)
        buttons = QHBoxLayout()
        buttons.addWidget(self.use)
        buttons.addWidget(self.leave)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.text)
        column.addWidget(self.bar)
        column.addWidget(scrolled, 1)
        column.addLayout(buttons)

    def _on_used(self) -> None:
        self._training.change_plan(p=self._training.plan.p or _USUAL_P)
        self._training.stop_preview()

    def on_preview_changed(self) -> None:
        """Show it, or how far it is."""
        preview = self._training.preview
        self.bar.setVisible(preview is None)
        self.use.setVisible(preview is not None)
        self.leave.setText(" Close the preview" if preview is not None else " Do without it")
        self._clear()
        if preview is None:
            self.text.setText(self._training.previewing)
            return
        self.text.setText(
            f"A classifier tells {preview.accuracy:.0%} of the frames' {preview.centres} hospitals rightly (guessing: "
            f"{1 / preview.centres:.0%}). Red is what it goes by: borders, text, overlays. If red lies on tissue, "
            "or the classifier hardly beats guessing, train without it."
        )
        for column, text in enumerate(_HEADINGS):
            self.grid.addWidget(heading(text), 0, column)
        for row, files in enumerate(preview.rows, 1):
            for column, file in enumerate(files):
                self.grid.addWidget(_picture(file, self.devicePixelRatioF()), row, column)

    def _clear(self) -> None:
        while (item := self.grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()


def _picture(file: str, ratio: float) -> QLabel:
    side = round(_SIDE_PX * ratio)
    picture = QPixmap(file)
    if not picture.isNull():
        picture = picture.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        picture.setDevicePixelRatio(ratio)
    label = QLabel()
    label.setPixmap(picture)
    return label
