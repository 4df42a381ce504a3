"""The one window: puts the views together and hands key strokes, drops and menus on to the state."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMainWindow, QWidget

from medseg_gui.qt.actions import build_actions
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.playback import SPEEDS
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.settings import Settings


class MainWindow(QMainWindow):
    """The picture and everything that serves it.

    Args:
        state: what the window shows and asks.
        settings: where it takes the recent sources and its layout from.
    """

    state: AppState
    picture: VideoView

    def __init__(self, state: AppState, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.settings = settings
        self.picture = VideoView(state.playback, state.analysis, state.display)
        self.commands: dict[str, QAction] = build_actions(self)
        self.setCentralWidget(self.picture)
        self.resize(1280, 720)
        self.setWindowTitle("medseg")

    def window_settings(self) -> tuple[str, ...]:
        """Geometry and dock layout as base64, for `Settings.window`."""
        return tuple(bytes(b.toBase64().data()).decode() for b in (self.saveGeometry(), self.saveState()))

    # What the table in actions.py asks for and the state cannot do alone.

    def ask_for_file(self) -> None:
        """Let the person pick a video or an image."""
        dialog = QFileDialog(self, "Open video or image")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._open_what_is_picked(dialog)

    def ask_for_folder(self) -> None:
        """Let the person pick a folder of images."""
        dialog = QFileDialog(self, "Open folder of images")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open_what_is_picked(dialog)

    def _open_what_is_picked(self, dialog: QFileDialog) -> None:
        dialog.fileSelected.connect(self.state.session.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def toggle_probability(self) -> None:
        """Show or hide the probability map."""
        self.state.display.set_show_probability(not self.state.display.show_probability)

    def toggle_full_screen(self) -> None:
        """Fill the screen, and back."""
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def seek_lesion(self, forward: bool) -> None:
        """To where the next or the previous lesion begins."""
        playback = self.state.playback
        found = self.state.analysis.next_lesion(playback.wanted_index, self.state.display.threshold, forward)
        if found is not None:
            playback.seek(found)
        else:
            self.state.session.notice("No lesion found on that side so far. Scan the whole video to look everywhere.")

    def change_speed(self, steps: int) -> None:
        """To the next slower or faster of SPEEDS."""
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self.state.playback.speed))
        self.state.playback.set_speed(SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)])

    def begin_loop(self) -> None:
        """Repeat from the frame on screen to the loop's end, or to the last frame."""
        playback = self.state.playback
        end = playback.loop[1] if playback.loop else playback.frame_count - 1
        playback.set_loop((playback.wanted_index, end))

    def end_loop(self) -> None:
        """Repeat from the loop's start, or from the first frame, to the frame on screen."""
        playback = self.state.playback
        start = playback.loop[0] if playback.loop else 0
        playback.set_loop((start, playback.wanted_index))

    def toggle_scan(self) -> None:
        """Start the background scan, or stop it."""
        analysis = self.state.analysis
        analysis.stop_scan() if analysis.is_scanning else analysis.request_scan()

    def show_shortcuts(self) -> None:
        """All keys, with a field to search them."""

    def show_about(self) -> None:
        """Version and licences."""
