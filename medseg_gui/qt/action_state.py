"""Keeps the actions in step with the state: what is checked, what is possible, what it is called right now."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from medseg_gui.editing import TOOLS
from medseg_gui.qt import theme
from medseg_gui.qt.actions import ACTIONS
from medseg_gui.qt.correct_actions import tool_action
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.training import PAUSED, RUNNING

_NOT_LIVE = ("back", "forward", "second_back", "second_forward", "first", "last", "previous_lesion", "next_lesion",
             "slower", "faster", "loop_start", "loop_end", "scan")  # fmt: skip


class ActionState(QObject):
    """Watches the state on behalf of the actions.

    Args:
        actions: the actions by name.
        state: what they follow.
    """

    def __init__(self, actions: Mapping[str, QAction], state: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._actions, self._state = actions, state
        state.session.source_changed.connect(self.on_source_changed)
        state.playback.playing_changed.connect(self.on_playing_changed)
        state.playback.loop_changed.connect(self.on_source_changed)
        state.analysis.scanning_changed.connect(self.on_scanning_changed)
        state.display.mask_style_changed.connect(self.on_display_changed)
        state.display.probability_shown_changed.connect(self.on_display_changed)
        state.explanation.request_changed.connect(self.on_explanation_changed)
        state.explanation.strip_shown_changed.connect(self.on_explanation_changed)
        state.explanation.answer_changed.connect(self.on_explanation_changed)
        state.explanation.picture_changed.connect(self.on_explanation_changed)
        state.correction.tool_changed.connect(self.on_tool_changed)
        state.correction.history_changed.connect(self.on_history_changed)
        state.training.phase_changed.connect(self.on_training_changed)
        state.training.shown_changed.connect(self.on_training_changed)
        state.training.versions_changed.connect(self.on_training_changed)
        self.on_source_changed()
        self.on_training_changed()
        self.on_history_changed()
        self.on_display_changed()
        self.on_scanning_changed()

    def on_source_changed(self) -> None:
        """Playback needs something open; a camera cannot be stepped through."""
        source, loop = self._state.session.source, self._state.playback.loop
        for spec in ACTIONS:
            if spec.needs_source:
                self._actions[spec.name].setEnabled(source is not None)
        if source is None or source.frame_count < 2:
            for name in _NOT_LIVE:
                self._actions[name].setEnabled(False)
        self._actions["loop_clear"].setEnabled(loop is not None)
        self.on_explanation_changed()

    def on_tool_changed(self, held: str) -> None:
        """The tool in the hand is checked."""
        for tool in TOOLS:
            if (action := self._actions.get(tool_action(tool))) is not None and action.isCheckable():
                action.setChecked(tool == held)

    def on_history_changed(self) -> None:
        """The menu says what would be undone."""
        correction = self._state.correction
        for name, word, title in (("undo", "&Undo", correction.undo_title), ("redo", "&Redo", correction.redo_title)):
            self._actions[name].setText(f"{word} {title}".strip())
            self._actions[name].setEnabled(bool(title))

    def on_playing_changed(self, playing: bool) -> None:
        """The same button plays and pauses."""
        play = self._actions["play"]
        play.setText("&Pause" if playing else "&Play")
        play.setIcon(theme.icon("pause" if playing else "play"))

    def on_display_changed(self) -> None:
        """What is shown is checked."""
        display = self._state.display
        self._actions["mask"].setChecked(display.mask_style != "off")
        self._actions["outline"].setChecked(display.mask_style == "outline")
        self._actions["probability"].setChecked(display.show_probability)

    def on_explanation_changed(self) -> None:
        """Only what is there can be measured or saved."""
        explanation, has_source = self._state.explanation, self._state.session.source is not None
        self._actions["layer_strip"].setChecked(explanation.is_strip_shown)
        self._actions["smooth"].setChecked(explanation.is_smooth)
        relevance = explanation.relevance
        measured = relevance is not None and relevance.trust.stability is not None
        self._actions["stability"].setEnabled(has_source and relevance is not None and not measured)
        self._actions["save_figure"].setEnabled(has_source and explanation.picture is not None)

    def on_training_changed(self) -> None:
        """Only a training that runs can wait or end, and only a version can be gone back from."""
        training = self._state.training
        is_running = training.phase in (RUNNING, PAUSED)
        self._actions["train"].setChecked(training.is_shown)
        for name in ("train_pause", "train_stop"):
            self._actions[name].setEnabled(is_running)
        self._actions["roll_back"].setEnabled(any(v.is_active for v in training.versions))

    def on_scanning_changed(self) -> None:
        """The same button starts and stops the scan."""
        scanning = self._state.analysis.is_scanning
        scan = self._actions["scan"]
        scan.setText("Stop the scan" if scanning else "Scan &whole video")
        scan.setIconText(" Stop the scan" if scanning else " Scan whole video")
        scan.setIcon(theme.icon("stop" if scanning else "scan"))
