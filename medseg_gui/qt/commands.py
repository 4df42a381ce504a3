"""What the table in actions.py asks for and a state cannot do alone: dialogs, and a word or two between states."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDockWidget, QFileDialog, QMainWindow, QWidget

from medseg_gui.qt.actions import shortcut_groups
from medseg_gui.qt.project_commands import ProjectCommands
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.playback import SPEEDS
from medseg_gui.qt.state.training import PAUSED
from medseg_gui.qt.views.manual_window import ManualWindow
from medseg_gui.qt.views.shortcuts import AboutDialog, ShortcutsDialog
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.types import Target

_VIDEO = "mp4 m4v mov avi mkv webm mpg mpeg wmv ts"
_IMAGES = "jpg jpeg png bmp tif tiff webp"


class Commands:
    """One method for each thing that a person can ask for beyond a single call to a state.

    Args:
        window: parent of the dialogs.
        state: what is asked to change.
        picture: what is zoomed.
    """

    window: QMainWindow
    state: AppState
    picture: VideoView
    project: ProjectCommands

    def __init__(self, window: QMainWindow, state: AppState, picture: VideoView) -> None:
        self.window = window
        self.state = state
        self.picture = picture
        self.project = ProjectCommands(window, state)

    def ask_for_file(self) -> None:
        """Let the person pick a video or an image."""
        dialog = QFileDialog(self.window, "Open video or image", fileMode=QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([_filter("Video and images", f"{_VIDEO} {_IMAGES}"), "All files (*)"])
        self._ask(dialog)

    def ask_for_folder(self) -> None:
        """Let the person pick a folder of images."""
        self._ask(QFileDialog(self.window, "Open folder of images", fileMode=QFileDialog.FileMode.Directory))

    def _ask(self, dialog: QFileDialog) -> None:
        dialog.fileSelected.connect(self.state.session.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def toggle_probability(self) -> None:
        """Show or hide the probability map."""
        self.state.display.set_show_probability(not self.state.display.show_probability)

    def explain_target(self, kind: str) -> None:
        """Explain this from now on, with LRP when explanations were off."""
        self._switch_on()
        self.state.explanation.set_target(Target(kind))

    def pick_target(self, kind: str) -> None:
        """Let the person click on what is to be explained."""
        self._switch_on()
        self.state.explanation.set_picking(kind)

    def _switch_on(self) -> None:
        if not self.state.explanation.is_on:
            self.state.explanation.set_method("lrp")

    def toggle_smooth(self) -> None:
        """Mean over noisy copies, or the frame alone."""
        self.state.explanation.set_smooth(not self.state.explanation.is_smooth)

    def ask_for_figure(self) -> None:
        """Let the person pick a file for the explained frame; the source stands still, so that it stays this one."""
        self.state.playback.pause()
        picture, frame = self.state.explanation.picture, self.state.playback.frame
        if picture is None or frame is None or picture.relevance.frame_index != frame.index:
            self.state.session.notice("This frame is not explained yet; try again in a moment.")
            return
        dialog = QFileDialog(self.window, "Save explained frame", fileMode=QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["PNG picture (*.png)"])
        dialog.setDefaultSuffix("png")
        dialog.selectFile(f"explained-frame-{frame.index:06d}.png")
        dialog.fileSelected.connect(partial(self.state.explanation.order_figure, frame=frame))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def go_to_controls(self) -> None:
        """The first control of the panel in front; from there Tab goes on."""
        for dock in self.window.findChildren(QDockWidget):
            if not dock.visibleRegion().isEmpty():
                controls = (w for w in dock.widget().findChildren(QWidget) if _takes_focus(w))
                next(controls, self.picture).setFocus(Qt.FocusReason.TabFocusReason)
                return

    def finish_or_accept(self) -> None:
        """Enter: finish what the tool began; with no tool, take the prediction as the mask."""
        if not self.picture.hand.finish() and not self.state.correction.tool:
            self.state.correction.accept()

    def toggle_full_screen(self) -> None:
        """Fill the screen, and back."""
        self.window.setWindowState(self.window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def seek_lesion(self, forward: bool) -> None:
        """To where the next or the previous lesion begins."""
        playback = self.state.playback
        found = self.state.analysis.next_lesion(playback.wanted_index, self.state.display.threshold, forward)
        if found is not None:
            playback.seek(found)
        else:
            side = "after" if forward else "before"
            self.state.session.notice(f"No lesion is known {side} this frame. Scan the whole video to look everywhere.")

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
        if analysis.is_scanning:
            analysis.stop_scan()
        else:
            analysis.request_scan()

    def pause_training(self) -> None:
        """Let the training that runs wait, or go on."""
        training = self.state.training
        if training.phase == PAUSED:
            training.go_on()
        else:
            training.pause()

    def show_manual(self) -> None:
        """The user guide; where it is open already it comes to the front, at the page that is read."""
        guide = self.window.findChild(ManualWindow) or ManualWindow(self.state.manual, self.window)
        guide.setWindowState(guide.windowState() & ~Qt.WindowState.WindowMinimized)
        self._show(guide)
        guide.activateWindow()

    def show_shortcuts(self) -> None:
        """All keys, with a field to search them."""
        self._show(ShortcutsDialog(shortcut_groups(), self.window))

    def show_about(self) -> None:
        """Version and licences."""
        self._show(AboutDialog(self.window))

    def _show(self, dialog: QDialog) -> None:
        """Beside the window, which goes on working."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()


def _takes_focus(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isEnabled() and widget.isVisible()


def _filter(name: str, suffixes: str) -> str:
    """In both cases: not every file dialog passes over the difference."""
    return f"{name} ({' '.join(f'*.{s} *.{s.upper()}' for s in suffixes.split())})"
