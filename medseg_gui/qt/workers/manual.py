"""Reads pages of the user guide; their pictures would keep the window waiting."""

from __future__ import annotations

from PySide6.QtCore import Signal

from medseg_gui import paths
from medseg_gui.errors import MedsegError
from medseg_gui.manual import PAGES, ManualPage, pictures_in
from medseg_gui.qt.workers.worker import Mailbox, Worker


class ManualWorker(Worker):
    """Reads the page that was asked for last."""

    page_read = Signal(object)  # ManualPage

    def __init__(self) -> None:
        super().__init__()
        self._names: Mailbox[str] = Mailbox()

    def read(self, name: str) -> None:
        """Have a page read, from any thread."""
        if self._names.put(name):
            self.wake()

    def work(self) -> None:
        """Read the newest."""
        if (name := self._names.take()) is not None:
            self.page_read.emit(read_page(name))


def read_page(name: str) -> ManualPage:
    """Read a page with its pictures; takes some tens of milliseconds for each of these.

    Args:
        name: key of `manual.PAGES`.

    Raises:
        MedsegError: it is not there or damaged.
    """
    from medseg_gui.media.image_file import read_image

    folder = paths.resources_dir() / "manual"
    try:
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        pictures = {file: read_image(folder / file) for file in pictures_in(text)}
    except (OSError, UnicodeError, MedsegError) as e:
        sentence = f"The page {PAGES[name]!r} of the user guide cannot be read; install the program again."
        raise MedsegError(sentence, str(e)) from e
    for picture in pictures.values():
        picture.setflags(write=False)
    return ManualPage(name, text, pictures)
