"""What all dialogs about going out and coming in share: a place, de-identification, two buttons."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
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

WHICH_STATES = {"corrected and accepted": REVIEWED, "accepted only": (ACCEPTED,), "all on the list": STATES}
_WIDTH_PX = 520


class ExchangeForm(QDialog):
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

    def browse_file(self, suffix: str) -> None:
        """Name a file to be; one that is there is refused afterwards.

        Args:
            suffix: without the dot.
        """
        dialog = QFileDialog(self, self.windowTitle(), fileMode=QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDefaultSuffix(suffix)
        dialog.fileSelected.connect(self.place.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @property
    def path(self) -> Path:
        """The place that was filled in."""
        return Path(self.place.text().strip())


def quiet(text: str = "") -> QLabel:
    """A line that explains."""
    label = QLabel(text, wordWrap=True)
    label.setProperty("quiet", True)
    return label
