"""The versions that were kept: which there are, and which one is in use."""

from __future__ import annotations

from PySide6.QtCore import QObject

from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.training_result import VersionEntry
from medseg_gui.qt.workers.judge import JudgeWorker


class Versioning(QObject):
    """Puts another version to use when a person wants it.

    Args:
        state: what is wanted, and where the answers go.
        judge: keeps versions.
    """

    def __init__(self, state: AppState, judge: JudgeWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app, self._state, self._judge = state, state.training, judge
        self._state.frames_wanted.connect(self.on_frames_wanted)
        self._state.activate_wanted.connect(self.on_activate_wanted)
        self._state.roll_back_wanted.connect(self.on_roll_back_wanted)
        judge.versions_listed.connect(self.on_versions_listed)
        judge.activated.connect(self.on_activated)

    def on_frames_wanted(self) -> None:
        """The page is opened."""
        self._judge.list_versions()

    def on_versions_listed(self, versions: tuple[VersionEntry, ...]) -> None:
        """Which there are."""
        self._state.set_versions(versions)

    def on_activate_wanted(self, name: str) -> None:
        """Use this one."""
        self._judge.activate(name)

    def on_roll_back_wanted(self, class_id: int) -> None:
        """Use the one before."""
        self._judge.roll_back(class_id)

    def on_activated(self, class_id: int, name: str) -> None:
        """It is in use from now on."""
        known = [w.name for w in self._app.session.weights if w.class_id == class_id]
        name = name or next(iter(known), "")
        self._app.session.choose_weights(class_id, name)
        self._app.session.notice(f"{name} is in use now.")
