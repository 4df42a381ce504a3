"""The menus, built from the table in actions.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.actions import MENUS, SUBMENUS
from medseg_gui.qt.correct_actions import LESION_MENU
from medseg_gui.qt.state.playback import SPEEDS, PlaybackState
from medseg_gui.qt.state.session import SessionState

if TYPE_CHECKING:
    from medseg_gui.qt.main_window import MainWindow


def build_menus(window: MainWindow) -> QMenu:
    """Fill the menu bar; gives the menu of recent sources, to be filled when they change."""
    recent = QMenu("Open &recent", window)
    recent.setIcon(theme.icon("recent"))
    window.recent_projects_menu = QMenu("Open recent pro&ject", window)
    window.recent_projects_menu.setIcon(theme.icon("recent"))
    panels = QMenu("&Panels", window)
    panels.addActions([dock.toggleViewAction() for dock in window.docks])
    submenus = {
        ">recent": recent,
        ">recent_projects": window.recent_projects_menu,
        ">panels": panels,
        ">speed": window.speeds,
    }
    for entry, (title, icon, entries) in SUBMENUS.items():
        submenus[entry] = QMenu(title, window)
        submenus[entry].setIcon(theme.icon(icon))
        _fill(submenus[entry], entries, window, {})
    for title, entries in MENUS.items():
        _fill(window.menuBar().addMenu(title), entries, window, submenus)
    return recent


def _fill(menu: QMenu, entries: Sequence[str | None], window: MainWindow, submenus: Mapping[str, QMenu]) -> None:
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        elif entry in submenus:
            menu.addMenu(submenus[entry])
        else:
            menu.addAction(window.named_actions[entry])


def build_lesion_menu(actions: Mapping[str, QAction], parent: QWidget) -> QMenu:
    """What can be done with the chosen lesion; it goes when it is closed."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addActions([actions[name] for name in ("accept", *LESION_MENU) if name is not None])
    return menu


def fill_recent(menu: QMenu, specs: Sequence[str], session: SessionState) -> None:
    """One entry for each recent source; whether it is still there shows when it is picked."""
    menu.clear()
    menu.setEnabled(bool(specs))
    for spec in specs:
        action = menu.addAction(Path(spec).name or spec)
        action.setToolTip(spec)
        action.triggered.connect(_Opener(session, spec, action).open)


class _Opener(QObject):
    """Remembers which source an entry stands for."""

    def __init__(self, session: SessionState, spec: str, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._spec = session, spec

    def open(self) -> None:
        self._session.open(self._spec)


def build_speed_menu(playback: PlaybackState, parent: QWidget) -> QMenu:
    """One entry for each of SPEEDS, the one in use checked."""
    menu = QMenu("Spee&d", parent)
    menu.setIcon(theme.icon("speed"))
    group = QActionGroup(menu)
    for speed in SPEEDS:
        action = group.addAction(menu.addAction(f"{speed:g}×"))
        action.setCheckable(True)
        action.setData(speed)
        action.setChecked(speed == playback.speed)
    group.triggered.connect(lambda action: playback.set_speed(action.data()))
    playback.speed_changed.connect(lambda speed: _check_speed(group, speed))
    return menu


def _check_speed(group: QActionGroup, speed: float) -> None:
    for action in group.actions():
        action.setChecked(action.data() == speed)
