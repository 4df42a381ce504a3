"""What the project's actions need beyond a call to a state: dialogs, and what is said when something is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QMainWindow

from medseg_gui.qt.state import project_orders as orders
from medseg_gui.qt.views.exchange_dialogs import CleanCopyDialog, ExportDialog, ImportDialog
from medseg_gui.qt.views.frame_dialogs import AddFramesDialog, HistoryDialog
from medseg_gui.qt.views.showing_dialogs import ReportDialog, VideoDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from medseg_gui.qt.state.app_state import AppState


class ProjectCommands:
    """One method for each thing.

    Args:
        window: parent of the dialogs.
        state: what is asked to change.
    """

    def __init__(self, window: QMainWindow, state: AppState) -> None:
        self._window, self._state = window, state

    # Files

    def ask_for_new(self) -> None:
        """Let the person name a folder that is to be made."""
        self._ask_for_name("New project: name of the folder to make", "Create", orders.CreateProject)

    def ask_to_copy(self) -> None:
        """Let the person name a folder to copy the project to."""
        if self._has_project():
            self._ask_for_name("Save project as: name of the folder to make", "Copy", orders.CopyProject)

    def ask_to_open(self) -> None:
        """Let the person pick a project folder."""
        self._ask_for_folder("Open project", orders.OpenProject)

    def ask_to_relocate(self) -> None:
        """Let the person pick a folder in which moved sources may be."""
        if self._has_project():
            self._ask_for_folder("Look for missing sources in and below", orders.Relocate)

    def restore(self) -> None:
        """Put the backup back of the project that could not be opened."""
        if (folder := self._state.project.damaged) is not None:
            self._state.project.ask(orders.RestoreProject(folder))
        else:
            self._state.session.notice("No damaged project was met; its backup is offered when one is opened.")

    def save(self) -> None:
        """Write what waits; say where everything is."""
        info = self._state.project.info
        self._state.project.ask(orders.SaveNow())
        if info is None:
            self._state.session.notice("Nothing is to be saved yet; corrections are saved by themselves.")
        elif not self._state.project.saving.waiting:
            self._state.session.notice(f"Everything is saved in {info.folder}.")

    def close(self) -> None:
        """Close the project."""
        self._state.project.ask(orders.CloseProject())

    # Exchange

    def show_import(self) -> None:
        """Ask what to import."""
        self._show(ImportDialog(self._state.project, self._window))

    def show_export(self) -> None:
        """Ask what to export."""
        if self._has_project():
            self._show(ExportDialog(self._state.project, self._state.review, self._window))

    def show_report(self) -> None:
        """Ask of which frames to write a report."""
        if self._has_project():
            self._show(ReportDialog(self._state.project, self._state.review, self._window))

    def show_video(self) -> None:
        """Ask of which source to write a video with the masks."""
        info = self._state.project.info
        if not self._has_project() or info is None:
            return
        if all(source.hash in info.missing for source in info.sources):
            self._state.session.notice("No source of this project is there; open one, or look for missing sources.")
        else:
            self._show(VideoDialog(self._state.project, self._state.session.source, self._window))

    def show_clean_copy(self) -> None:
        """Ask where to copy the recording to."""
        source = self._state.session.source
        if source is not None and not source.is_live:
            self._show(CleanCopyDialog(self._state.project, source, self._window))
        else:
            self._state.session.notice("A camera cannot be copied; record it to a video first.")

    # Review

    def step(self, rows: int) -> None:
        """Walk the queue, and say so at its ends."""
        review = self._state.review
        if review.step(rows):
            return
        if not review.listed.records:
            self._state.session.notice("The review queue is empty; put frames on the list, or choose another filter.")
        else:
            end = "last" if rows > 0 else "first"
            self._state.session.notice(f"This is the {end} frame of the queue.")

    def show_add_frames(self) -> None:
        """Ask which frames to review."""
        source, frame = self._state.session.source, self._state.playback.frame
        if source is None or frame is None or source.is_live:
            self._state.session.notice("A camera cannot be annotated; record it to a video first.")
        elif source.kind != "video":
            self._state.project.ask(orders.AddPictures(source.source_id))
        else:
            self._show(AddFramesDialog(self._state, source, frame.size, self._window))

    def show_history(self) -> None:
        """Who did what to the frame on screen."""
        content = self._state.project.content
        if content is None or content.record is None:
            self._state.session.notice("Nothing was done to this frame yet.")
            return
        self._show(HistoryDialog(self._state.project, self._window))
        self._state.project.ask(orders.ReadAudit(content.key))

    def set_reader(self, reader: int) -> None:
        """Go on as the first or the second reader."""
        project = self._state.project
        project.ask(orders.SetReader(reader))
        if project.info is not None:  # the answer checks the right one; until then nothing has changed
            project.info_changed.emit(project.info)

    def toggle_comparing(self) -> None:
        """Show where the readers differ, or no longer; not to the second reader, who is to stay blind."""
        review, info = self._state.review, self._state.project.info
        if info is None or info.reader == 2:
            review.comparing_changed.emit()
            say = "Open a project first." if info is None else "The second reader is blind; go on as the first reader."
            self._state.session.notice(say)
        else:
            review.set_comparing(not review.is_comparing)

    def _has_project(self) -> bool:
        if self._state.project.info is None:
            self._state.session.notice("No project is open; open one or create a new one.")
        return self._state.project.info is not None

    def _ask_for_folder(self, title: str, order: Callable[[Path], orders.Order]) -> None:
        dialog = QFileDialog(self._window, title, fileMode=QFileDialog.FileMode.Directory)
        self._send(dialog, order)

    def _ask_for_name(self, title: str, button: str, order: Callable[[Path], orders.Order]) -> None:
        dialog = QFileDialog(self._window, title, fileMode=QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # a folder that holds something is refused anyway
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, button)
        dialog.setLabelText(QFileDialog.DialogLabel.FileName, "Folder")
        self._send(dialog, order)

    def _send(self, dialog: QFileDialog, order: Callable[[Path], orders.Order]) -> None:
        dialog.fileSelected.connect(lambda path: self._state.project.ask(order(Path(path))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
