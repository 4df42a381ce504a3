"""The pages of the Help menu: all keys, searchable, and what this program is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medseg_gui import __version__
from medseg_gui.qt import theme

_MARGIN_PX = 16
_ABOUT = f"""
## medseg {__version__}

Play colonoscopy video, let a GAN or U-Net outline polyps and instruments, and see how sure it is.

**Research software. Not a medical device.** Not for diagnosis and not for decisions about patients.

Nothing leaves this computer: the program makes no network connection.

MIT licence. Built on Qt for Python (LGPL 3), PyTorch and torchvision (BSD), segmentation-models-pytorch and
timm (MIT, Apache 2.0), OpenCV (Apache 2.0), PyAV (BSD) with FFmpeg (LGPL), x264 and x265 (GPL), NumPy (BSD).
"""


class ShortcutsDialog(QDialog):
    """Every key and gesture, and a field to search them.

    Args:
        groups: heading -> (what, keys) in the order to show.
    """

    def __init__(self, groups: Mapping[str, Sequence[tuple[str, str]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.search = QLineEdit(placeholderText="Search keys", clearButtonEnabled=True)
        self.search.addAction(theme.icon("keyboard"), QLineEdit.ActionPosition.LeadingPosition)
        self.tree = _build_tree()
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN_PX, _MARGIN_PX, _MARGIN_PX, _MARGIN_PX)
        column.setSpacing(12)
        column.addWidget(self.search)
        column.addWidget(self.tree)
        self._fill(groups)
        self.search.textChanged.connect(self.on_search_changed)
        self.resize(self._width_of_lines(), 640)

    def _width_of_lines(self) -> int:
        """Room for the longest name beside the longest gesture."""
        names, keys = (self.tree.sizeHintForColumn(i) for i in (0, 1))
        bar = self.tree.verticalScrollBar().sizeHint().width()
        return names + keys + bar + 2 * self.tree.frameWidth() + 2 * _MARGIN_PX

    def _fill(self, groups: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self._lines: dict[QTreeWidgetItem, list[QTreeWidgetItem]] = {}
        for heading, lines in groups.items():
            group = QTreeWidgetItem(self.tree, [heading])
            group.setFirstColumnSpanned(True)
            font = self.font()
            font.setBold(True)
            group.setFont(0, font)
            group.setForeground(0, QColor(theme.ACCENT))
            self._lines[group] = [_line(group, what, keys) for what, keys in lines]
        self.tree.expandAll()

    def on_search_changed(self, text: str) -> None:
        """Leave only the lines that have the words in them."""
        for group, lines in self._lines.items():
            for line in lines:
                line.setHidden(text.casefold() not in f"{line.text(0)} {line.text(1)}".casefold())
            group.setHidden(all(line.isHidden() for line in lines))


def _build_tree() -> QTreeWidget:
    """Two columns to read, nothing to select or fold."""
    tree = QTreeWidget()
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setRootIsDecorated(False)
    tree.setItemsExpandable(False)
    tree.setIndentation(0)
    tree.setProperty("plain", True)
    tree.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
    tree.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    tree.header().setStretchLastSection(False)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return tree


def _line(group: QTreeWidgetItem, what: str, keys: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem(group, ["    " + what, keys or "–"])
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


class AboutDialog(QDialog):
    """Version, purpose, licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About medseg")
        self.text = QLabel(_ABOUT, wordWrap=True)
        self.text.setTextFormat(Qt.TextFormat.MarkdownText)
        self.text.setMinimumWidth(480)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())  # the style's own is of another family
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(16)
        column.addWidget(self.text)
        column.addWidget(close)
