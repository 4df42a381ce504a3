"""The user guide in a window of its own, beside the one it tells of."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QWidget

from medseg_gui.manual import FIRST, PAGES, page_of
from medseg_gui.qt.state.manual import ManualState
from medseg_gui.qt.views.manual_text import ManualText

_CONTENTS_PX = 240
_ROW_PX = 36
_SIZE = QSize(1120, 760)


class ManualWindow(QDialog):
    """The pages at the left, the one that is read at the right.

    Args:
        manual: asked for pages.
    """

    def __init__(self, manual: ManualState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("User guide – medseg")
        # A window, not a dialog: it can be made as large as the screen.
        self.setWindowFlags(Qt.WindowType.Window)
        self._manual = manual
        self._heading = ""
        self.contents = QListWidget()
        self.contents.setObjectName("contents")
        self.contents.setAccessibleName("Pages of the user guide")
        self.contents.setFixedWidth(_CONTENTS_PX)
        self.contents.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.contents.addItems(list(PAGES.values()))
        for row in range(self.contents.count()):
            self.contents.item(row).setSizeHint(QSize(0, _ROW_PX))
        self.text = ManualText()
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(0)
        columns.addWidget(self.contents)
        columns.addWidget(self.text, 1)
        self.contents.currentRowChanged.connect(self.on_row_changed)
        self.text.anchorClicked.connect(self.on_link_clicked)
        manual.page_changed.connect(self.on_page_changed)
        self.resize(_SIZE)
        self.open_page(manual.wanted or FIRST)
        self.text.setFocus()

    def open_page(self, name: str, heading: str = "") -> None:
        """Read on at the top of a page, or at one of its headings."""
        self._heading = heading
        row = list(PAGES).index(name)
        if row != self.contents.currentRow():
            self.contents.setCurrentRow(row)
        else:
            self._manual.want(name)

    def on_row_changed(self, row: int) -> None:
        """The person wants another page, or followed a link to it."""
        self._manual.want(list(PAGES)[row])

    def on_link_clicked(self, url: QUrl) -> None:
        """Go there if it is in the guide; this program opens nothing else."""
        link = url.toString()
        name, heading = page_of(f"{self._manual.wanted}.md{link}" if link.startswith("#") else link)
        if name:
            self.open_page(name, heading)

    def on_page_changed(self) -> None:
        """Show it."""
        if self._manual.page is not None:
            self.text.show_page(self._manual.page, self._heading)
            self._heading = ""
