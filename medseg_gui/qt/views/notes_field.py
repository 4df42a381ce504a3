"""A line of notes beside the frame on screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from medseg_gui.project.edits import FrameEdit, NotesEdit
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.project import FrameContent
from medseg_gui.qt.state.project_orders import Save


class NotesField(QLineEdit):
    """Shows and takes notes; they are saved when one goes on, with Enter or elsewhere."""

    def __init__(self, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText="Notes on this frame")
        self._state = state
        self._key: FrameKey | None = None
        self._stored = ""
        self.setAccessibleName("Notes on this frame")
        self.setToolTip("Notes on this frame; Enter saves them")
        self.setEnabled(False)
        self.editingFinished.connect(self.save)
        state.playback.frame_changed.connect(self.save)
        state.project.content_changed.connect(self.on_content_changed)

    def on_content_changed(self, content: FrameContent | None) -> None:
        """Another frame, or other notes; what is being typed stays."""
        self.setEnabled(content is not None)
        key = content.key if content else None
        if key == self._key and self.isModified():
            return
        self._key = key
        self._stored = content.record.notes if content and content.record else ""
        self.setText(self._stored)

    def save(self) -> None:
        """Keep what was typed, for the frame for which it was typed."""
        if not self.isModified() or self._key is None or self.text() == self._stored:
            return
        key, size = self._key, self._size
        self._stored = self.text()
        self.setModified(False)
        if size is not None:
            self._state.project.ask(Save(FrameEdit(key, size)))
        self._state.project.ask(Save(NotesEdit(key, self._stored)))

    def event(self, event: QEvent) -> bool:
        """Enter belongs to what is typed, not to the picture, where it accepts the prediction."""
        keys = (Qt.Key.Key_Enter, Qt.Key.Key_Return, Qt.Key.Key_Escape)
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in keys:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter saves and gives the keys back to the picture; Esc forgets what was typed."""
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Enter, Qt.Key.Key_Return):
            self.clearFocus()
        elif event.key() == Qt.Key.Key_Escape:
            self.setText(self._stored)
            self.clearFocus()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """To click elsewhere saves, too."""
        super().focusOutEvent(event)
        self.save()

    @property
    def _size(self) -> tuple[int, int] | None:
        """Of the frame, while it is on screen."""
        frame = self._state.playback.frame
        is_shown = frame is not None and self._key is not None and frame.index == self._key.index
        return frame.size if frame is not None and is_shown else None
