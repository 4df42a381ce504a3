"""Small dialogs about frames: which ones to review, and who did what to the one on screen."""

from __future__ import annotations

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.project.records import AuditEntry, FrameKey
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import ProjectState
from medseg_gui.qt.state.project_orders import AddFrames
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.types import CLASS_NAMES

_STEPS_S = {"Every 5 seconds": 5.0, "Every 2 seconds": 2.0, "Every second": 1.0, "Five a second": 0.2}
_ALL = "All frames"
_MARKED = "Frames with a lesion, as far as the timeline knows"


class AddFramesDialog(QDialog):
    """Which frames of a video are to be reviewed.

    Args:
        state: the frames go to its project; the timeline knows where lesions are.
        source: the video.
        size: (height, width) of its frames in pixels.
    """

    def __init__(
        self, state: AppState, source: SourceInfo, size: tuple[int, int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._source, self._size = state, source, size
        self.setWindowTitle("Put frames on the list")
        self.choice = QComboBox()
        self.choice.addItems([*_STEPS_S, _MARKED, _ALL])
        self.choice.setCurrentText("Every second")
        self.choice.setAccessibleName("Which frames")
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.add_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.add_button.setText("Add")
        for each in buttons.buttons():
            each.setIcon(QIcon())  # Qt brings its own, which do not follow the theme
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        for widget in (QLabel(f"Frames of {source.title} to review:"), self.choice, self.count, buttons):
            column.addWidget(widget)
        self.choice.currentTextChanged.connect(self.on_choice_changed)
        buttons.accepted.connect(self.on_accepted)
        buttons.rejected.connect(self.reject)
        self.on_choice_changed()

    @property
    def indices(self) -> list[int]:
        """The frames that are chosen."""
        text, times = self.choice.currentText(), self._source.frame_times
        if text == _ALL:
            return list(range(len(times)))
        if text == _MARKED:
            lanes, threshold = self._state.analysis.lanes, self._state.display.threshold
            return [i for i in range(len(times)) if any(lanes[c][i] >= threshold for c in CLASS_NAMES)]
        step = max(_STEPS_S[text], 1e-9)
        return _spread([float(t) for t in times], step)

    def on_choice_changed(self) -> None:
        """Say how many they are."""
        count = len(self.indices)
        self.count.setText(f"{count} of {self._source.frame_count} frames; those on the list already stay as they are.")
        self.add_button.setEnabled(count > 0)

    def on_accepted(self) -> None:
        """Add them."""
        times, source_id = self._source.frame_times, self._source.source_id
        keys = tuple(FrameKey(source_id, i, float(times[i])) for i in self.indices)
        self._state.project.ask(AddFrames(keys, self._size))
        self.accept()


def _spread(times: list[float], step_s: float) -> list[int]:
    """Frames that are at least so far apart."""
    chosen: list[int] = []
    due = float("-inf")
    for index, time_s in enumerate(times):
        if time_s >= due - 1e-6:
            chosen.append(index)
            due = (time_s if due == float("-inf") else due) + step_s
    return chosen


class HistoryDialog(QDialog):
    """The audit lines of one frame, the newest on top; they are only ever added to."""

    def __init__(self, project: ProjectState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("History of this frame")
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["When (UTC)", "Who", "Reader", "What", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.buttons()[0].setIcon(QIcon())
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(self.tree)
        column.addWidget(buttons)
        self.resize(840, 420)
        project.audit_read.connect(self.on_audit_read)

    def on_audit_read(self, entries: tuple[AuditEntry, ...]) -> None:
        """Show them."""
        self.tree.clear()
        for e in reversed(entries):
            when = e.at[:19].replace("T", " ")
            self.tree.addTopLevelItem(QTreeWidgetItem([when, e.author, str(e.reader), e.action, e.details]))
