"""The row under the timeline: play, step, where we are, speed, loop, scan."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QProgressBar, QToolButton, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.project import STATE_WORDS, FrameContent, ProjectState
from medseg_gui.qt.state.session import SessionState
from medseg_gui.qt.views.state_signs import state_icon
from medseg_gui.qt.views.time_text import format_time, place_text

_GROUPS = (
    ("first", "back", "play", "forward", "last"),
    ("previous_lesion", "next_lesion"),
)
_LOOP = ("loop_start", "loop_end", "loop_clear")
_ICON = QSize(20, 20)
_PLAY_ICON = QSize(28, 28)
_WIDE_PX = 1240
_STATE_ICON = QSize(16, 16)


class Transport(QWidget):
    """Buttons for the actions of playback, and the place in the source.

    Args:
        actions: the window's actions by name.
        speeds: menu of the speeds.
    """

    def __init__(
        self,
        session: SessionState,
        playback: PlaybackState,
        analysis: AnalysisState,
        actions: Mapping[str, QAction],
        speeds: QMenu,
        project: ProjectState | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._playback = session, playback
        self._project = project or ProjectState(self)
        self.state_sign, self.state_word = QLabel(), QLabel()
        self.place = QLabel()
        self.place.setFont(theme.tabular(self.font()))
        self.speed_button = QToolButton()
        self.speed_button.setToolTip("Speed of playback (Ctrl+↑ faster, Ctrl+↓ slower)")
        self.speed_button.setIcon(theme.icon("speed"))
        self.speed_button.setIconSize(_ICON)
        self.speed_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.speed_button.setMenu(speeds)
        self.speed_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.scan = _button(actions["scan"])
        self.progress = QProgressBar()
        self.progress.hide()
        self.progress.setFixedWidth(96)
        self._arrange(actions)
        self._watch(analysis)

    def _arrange(self, actions: Mapping[str, QAction]) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 12, 2)
        row.setSpacing(4)
        for group in _GROUPS:
            for name in group:
                row.addWidget(_button(actions[name]))
            row.addWidget(_line())
        row.addWidget(self.place)
        row.addSpacing(12)
        row.addWidget(self.state_sign)
        row.addWidget(self.state_word)
        row.addStretch(1)
        row.addWidget(self.speed_button)
        row.addWidget(_line())
        for name in _LOOP:
            row.addWidget(_button(actions[name]))
        row.addWidget(_line())
        row.addWidget(self.progress)
        row.addWidget(self.scan)

    def _watch(self, analysis: AnalysisState) -> None:
        self._playback.frame_changed.connect(self.on_place_changed)
        self._session.source_changed.connect(self.on_place_changed)
        self._playback.speed_changed.connect(self.on_speed_changed)
        self._project.content_changed.connect(self.on_content_changed)
        self.on_content_changed(self._project.content)
        analysis.scanning_changed.connect(self.on_scanning_changed)
        analysis.scan_progressed.connect(self.on_scan_progressed)
        self.on_speed_changed(self._playback.speed)
        self.on_place_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the button of the scan goes without its words: place and state need the room."""
        style = Qt.ToolButtonStyle
        is_wide = event.size().width() >= _WIDE_PX
        self.scan.setToolButtonStyle(style.ToolButtonTextBesideIcon if is_wide else style.ToolButtonIconOnly)

    def on_place_changed(self) -> None:
        """Write where we are."""
        source, frame = self._session.source, self._playback.frame
        if source is None or frame is None:
            self.place.clear()
        elif source.is_live:
            self.place.setText(f"live · {format_time(frame.time_s, 1)}")
        elif frame.index < source.frame_count:
            self.place.setText(place_text(source, frame.index, frame.name))
        _hold_size(self.place)

    def on_content_changed(self, content: FrameContent | None) -> None:
        """What the project says of the frame; nothing when it does not know it."""
        record = content.record if content is not None else None
        self.state_sign.setVisible(record is not None)
        self.state_word.setVisible(record is not None)
        if record is not None:
            self.state_sign.setPixmap(state_icon(record.state).pixmap(_STATE_ICON))
            self.state_word.setText(STATE_WORDS[record.state])
            self.state_word.setToolTip(f"by {record.author}" if record.author else "")

    def on_speed_changed(self, speed: float) -> None:
        """Write the speed."""
        self.speed_button.setText(f" {speed:g}×")

    def on_scanning_changed(self, scanning: bool) -> None:
        """Progress is shown only while there is some."""
        self.progress.setVisible(scanning)
        self.progress.setValue(0)

    def on_scan_progressed(self, done: int, total: int) -> None:
        """Frames done, of all."""
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setToolTip(f"{done} of {total} frames scanned")


def _hold_size(label: QLabel) -> None:
    """Room for exactly this text: a text that is as wide then moves nothing, and the window lays out nothing anew."""
    if label.sizeHint() != label.minimumSize():
        label.setFixedSize(label.sizeHint())


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(_PLAY_ICON if action.objectName() == "play" else _ICON)
    button.setAutoRepeat(action.autoRepeat())
    return button


def _line() -> QFrame:
    line = QFrame(frameShape=QFrame.Shape.VLine)
    line.setProperty("divider", True)
    line.setFixedWidth(17)
    return line
