"""The versions that a person accepted: scores before and after, which one is in use, and one click to another."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QToolButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.training import TrainingState
from medseg_gui.qt.state.training_result import VersionEntry
from medseg_gui.qt.views.training_parts import heading, push_button

_ROW_PX = 34
_MOST_ROWS = 4


class TrainingVersions(QWidget):
    """One line a version, the newest first; hidden while there is none."""

    def __init__(self, training: TrainingState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.roll_back = push_button("Roll back", "undo", "Use the weights that were in use before")
        self.tree = QTreeWidget()
        self.tree.setColumnCount(4)
        self.tree.setHeaderLabels(["Version", "From", "Dice on its held-out frames", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.tree.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tree.setProperty("plain", True)
        self.tree.setAccessibleName("Versions")
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.buttons: dict[str, QToolButton] = {}
        title = QHBoxLayout()
        title.addWidget(heading("Versions of the weights"), 1)
        title.addWidget(self.roll_back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addLayout(title)
        column.addWidget(self.tree)
        self.roll_back.clicked.connect(training.roll_back)
        training.versions_changed.connect(self.on_versions_changed)
        training.plan_changed.connect(self.on_versions_changed)
        self.on_versions_changed()

    def on_versions_changed(self) -> None:
        """Those of the class that is learnt."""
        entries = [v for v in self._training.versions if v.class_id == self._training.plan.class_id]
        self.setVisible(bool(entries))
        self.roll_back.setEnabled(any(v.is_active for v in entries))
        self.tree.clear()
        self.buttons = {}
        for entry in entries:
            self._add(entry)
        rows = min(max(len(entries), 1), _MOST_ROWS)
        self.tree.setFixedHeight(self.tree.header().sizeHint().height() + rows * _ROW_PX + 4)

    def _add(self, entry: VersionEntry) -> None:
        parent = entry.parent.partition("@")[0]
        item = QTreeWidgetItem([entry.name, parent, _change(entry), ""])
        item.setToolTip(0, f"{entry.recipe}; from {entry.parent}")
        item.setSizeHint(0, QSize(0, _ROW_PX))
        self.tree.addTopLevelItem(item)
        button = QToolButton()
        button.setText(" In use" if entry.is_active else " Use this one")
        button.setIcon(theme.icon("check") if entry.is_active else theme.icon("accept"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setToolTip("Let this version mark from now on")
        button.setEnabled(not entry.is_active)
        button.clicked.connect(partial(self._training.activate, entry.name))
        self.tree.setItemWidget(item, 3, button)
        self.buttons[entry.name] = button


def _change(entry: VersionEntry) -> str:
    if entry.before is None or entry.after is None:
        return "not measured"
    return f"{entry.before:.3f} → {entry.after:.3f}"
