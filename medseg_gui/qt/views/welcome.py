"""The page that stands where the picture will be, as long as nothing is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QColor, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.qt import theme
from medseg_gui.qt.state.session import SessionState

_BUTTONS = {"open_video": "Open video…", "open_folder": "Open folder…", "open_demo": "Try the demo"}
_WIDTH_PX = 640
_MOST_RECENT = 6
_DATABASE = "project.sqlite"
_SPEC = Qt.ItemDataRole.UserRole


class Welcome(QWidget):
    """Three ways to begin, and what was open lately.

    Args:
        session: asked to open what is picked.
        actions: the window's actions by name.
    """

    def __init__(self, session: SessionState, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._specs: tuple[str, ...] = ()
        self.buttons = {name: self._build_button(actions[name], text) for name, text in _BUTTONS.items()}
        self.guide = QToolButton()
        self.guide.setDefaultAction(actions["manual"])
        self.guide.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.recent = self._build_recent()
        self._recent_title = QLabel("Recent")
        self._recent_title.setProperty("heading", True)
        self._arrange()
        session.opening_changed.connect(self.on_opening_changed)

    def _arrange(self) -> None:
        page = QWidget()
        page.setMaximumWidth(_WIDTH_PX)
        column = QVBoxLayout(page)
        column.setSpacing(8)
        title = QLabel("medseg")
        title.setProperty("title", True)
        self.subtitle = QLabel()
        column.addWidget(title)
        column.addWidget(self.subtitle)
        column.addSpacing(16)
        row = QHBoxLayout()
        row.setSpacing(12)
        for button in self.buttons.values():
            row.addWidget(button)
        column.addLayout(row)
        hint = QHBoxLayout()
        hint.addWidget(_quiet("or drop a file or a folder anywhere on this window"))
        hint.addStretch(1)
        hint.addWidget(self.guide)
        column.addLayout(hint)
        column.addSpacing(16)
        column.addWidget(self._recent_title)
        column.addWidget(self.recent)
        column.addStretch(1)
        column.addWidget(_quiet("For research use. Not a medical device."))
        outer = QHBoxLayout(self)
        outer.setContentsMargins(24, 32, 24, 24)
        outer.addStretch(1)
        outer.addWidget(page, 100)
        outer.addStretch(1)
        self.on_opening_changed(False)

    def _build_button(self, action: QAction, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(f" {text}")
        button.setIcon(action.icon())
        button.setToolTip(action.toolTip())
        button.setIconSize(QSize(24, 24))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setProperty("card", True)
        button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
        button.clicked.connect(action.trigger)
        return button

    def _build_recent(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(2)
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.header().setStretchLastSection(True)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        tree.header().resizeSection(0, _WIDTH_PX * 2 // 5)
        tree.setAccessibleName("Recent")
        tree.itemClicked.connect(self._on_item_picked)
        tree.itemActivated.connect(self._on_item_picked)
        return tree

    def set_recent(self, specs: Sequence[str]) -> None:
        """What was open lately, newest first."""
        self._specs = tuple(specs)[:_MOST_RECENT]
        if self.isVisible():
            self._fill()

    def showEvent(self, event: QShowEvent) -> None:
        """Only now look which of the recent files are still there."""
        self._fill()

    def _fill(self) -> None:
        self.recent.clear()
        for spec in self._specs:
            self.recent.addTopLevelItem(_recent_item(spec))
        row = self.recent.sizeHintForRow(0)
        self.recent.setFixedHeight(row * len(self._specs) + 8 if self._specs else 0)
        self._recent_title.setVisible(bool(self._specs))

    def _on_item_picked(self, item: QTreeWidgetItem) -> None:
        if not item.isDisabled():
            self._session.open(item.data(0, _SPEC))

    def on_opening_changed(self, opening: bool) -> None:
        """Say that something is being opened."""
        self.subtitle.setText(
            "Opening…" if opening else "See where a network finds polyps and instruments, frame by frame."
        )


def _recent_item(spec: str) -> QTreeWidgetItem:
    path = Path(spec)
    item = QTreeWidgetItem([path.name or spec, str(path.parent)])
    item.setData(0, _SPEC, spec)
    item.setForeground(1, QColor(theme.QUIET_TEXT))
    item.setToolTip(0, spec)
    item.setSizeHint(0, QSize(0, 32))
    if (path / _DATABASE).is_file():
        item.setIcon(0, theme.icon("project"))
    elif path.is_dir():
        item.setIcon(0, theme.icon("open-folder"))
    elif path.exists():
        item.setIcon(0, theme.icon("video"))
    else:
        item.setIcon(0, theme.icon("warning"))
        item.setDisabled(True)
        item.setText(1, "no longer there")
        item.setForeground(1, QColor(theme.DISABLED_TEXT))
    return item


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    return label
