"""Which page of the user guide is wanted, and the one that can be shown."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medseg_gui.manual import ManualPage


class ManualState(QObject):
    """The page of the user guide that somebody reads.

    Attributes:
        wanted: key of `manual.PAGES`, "" before the first.
        page: what was read, None before the first.
    """

    page_wanted = Signal(str)
    page_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.wanted = ""
        self.page: ManualPage | None = None

    def want(self, name: str) -> None:
        """Ask for a page; one that is there already is told at once."""
        self.wanted = name
        if self.page is not None and self.page.name == name:
            self.page_changed.emit()
        else:
            self.page_wanted.emit(name)

    def set_page(self, page: ManualPage) -> None:
        """Show it, unless another one is wanted by now."""
        if page.name == self.wanted:
            self.page = page
            self.page_changed.emit()
