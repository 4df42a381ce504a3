"""The one window: puts the views together and hands key strokes, drops and menus on to the state."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from medseg_gui.qt.action_state import ActionState
from medseg_gui.qt.actions import build_actions
from medseg_gui.qt.commands import Commands
from medseg_gui.qt.keys import is_for_focused_widget
from medseg_gui.qt.menus import build_lesion_menu, build_menus, build_speed_menu, fill_recent
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.session import SourceInfo
from medseg_gui.qt.tool_palette import ToolPalette
from medseg_gui.qt.toolbar import build_toolbar
from medseg_gui.qt.views.explain_panel import ExplainPanel
from medseg_gui.qt.views.layer_strip import LayerStrip
from medseg_gui.qt.views.lesions_panel import LesionsPanel
from medseg_gui.qt.views.message_bar import MessageBar
from medseg_gui.qt.views.panel import Panel
from medseg_gui.qt.views.review_panel import ReviewPanel
from medseg_gui.qt.views.show_panel import ShowPanel
from medseg_gui.qt.views.status_bar import StatusBar
from medseg_gui.qt.views.timeline import Timeline
from medseg_gui.qt.views.transport import Transport
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.qt.views.weights_panel import ModelCards
from medseg_gui.qt.views.welcome import Welcome
from medseg_gui.settings import Settings

_PROJECTS_WELCOME = 3


class MainWindow(QMainWindow):
    """The picture and everything that serves it.

    Args:
        state: what the window shows and asks.
        settings: where it takes the recent sources and its layout from.
    """

    def __init__(self, state: AppState, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state, self._settings = state, settings
        self._may_close = False
        self.training_page: QWidget | None = None
        self._beside_picture = QByteArray()  # how panels stood before the training page took their room
        self.picture = VideoView(
            state.playback, state.analysis, state.display, state.explanation, state.correction, state.review
        )
        self.named_actions: dict[str, QAction] = build_actions(Commands(self, state, self.picture))
        self.addActions(list(self.named_actions.values()))
        self._action_state = ActionState(self.named_actions, state, self)
        self.speeds = build_speed_menu(state.playback, self)
        self._build_centre()
        self._build_player()
        self._build_docks()
        self.addToolBar(build_toolbar(state, self.named_actions, self))
        self.palette_bar = ToolPalette(self.named_actions, state.correction, self)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.palette_bar)
        self.setStatusBar(StatusBar(state.session, state.performance, state.project, state.training))
        self.recent_projects_menu: QMenu
        self.recent_menu = build_menus(self)
        self.setAcceptDrops(True)
        self.setMinimumSize(1120, 600)
        state.session.source_changed.connect(self.on_source_changed)
        state.session.recent_changed.connect(self.on_recent_changed)
        state.project.recent_changed.connect(self.on_recent_changed)
        state.correction.tool_changed.connect(self.on_tool_changed)
        self.picture.hand.menu_wanted.connect(self.on_lesion_menu_wanted)
        state.session.opening_changed.connect(self.opening.setVisible)
        state.training.shown_changed.connect(self.on_training_shown)
        state.explanation.request_changed.connect(self.on_explanation_asked)
        state.explanation.strip_shown_changed.connect(self.on_strip_shown_changed)
        self._was_explaining = False
        self._restore(settings.window)
        self.on_source_changed(state.session.source)
        self.on_recent_changed()
        self.on_explanation_asked()

    def _build_centre(self) -> None:
        state = self.state
        self.messages = MessageBar(state.session, actions=self.named_actions)
        self.opening = QProgressBar(textVisible=False, minimum=0, maximum=0)
        self.opening.hide()
        self.opening.setObjectName("opening")
        self.welcome = Welcome(state.session, self.named_actions)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.picture)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.strip = LayerStrip(state.explanation, state.playback)
        for widget in (self.messages, self.opening, self.pages, self.strip):
            column.addWidget(widget, 1 if widget is self.pages else 0)
        self.setCentralWidget(centre)

    def _build_player(self) -> None:
        """Timeline and transport, as a tool bar: those reach under the docks, over the whole width."""
        state = self.state
        self.timeline = Timeline(
            state.session, state.playback, state.analysis, state.display, state.explanation, state.project
        )
        self.transport = Transport(
            state.session, state.playback, state.analysis, self.named_actions, self.speeds, state.project
        )
        holder = QWidget()
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.timeline)
        column.addWidget(self.transport)
        self.player = QToolBar("Player", movable=False, floatable=False)
        self.player.setObjectName("player")
        self.player.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.player.addWidget(holder)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self.player)

    def _build_docks(self) -> None:
        show = self._add_dock("Show", ShowPanel(self.state.display))
        explain = self._add_dock("Explain", ExplainPanel(self.state, self.named_actions))
        state = self.state
        panel = LesionsPanel(state.correction, state.display, state.propagation, self.named_actions)
        lesions = self._add_dock("Lesions", panel)
        cards = self._add_dock("Model cards", ModelCards(self.state.session))
        review = self._add_dock("Review", ReviewPanel(self.state, self.named_actions))
        self.tabifyDockWidget(show, explain)
        self.tabifyDockWidget(explain, lesions)
        self.tabifyDockWidget(lesions, review)
        self.tabifyDockWidget(review, cards)
        show.raise_()
        self.docks = (show, cards, explain, lesions, review)
        self.explain_dock, self.lesions_dock, self.review_dock = explain, lesions, review

    def _add_dock(self, title: str, widget: QWidget) -> QDockWidget:
        dock = Panel(title, widget, self)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        return dock

    # Layout

    def window_settings(self) -> tuple[str, ...]:
        """Geometry and dock layout as base64, for `Settings.window`."""
        self.state.training.show(False)  # the panels stand where they stood beside the picture
        return tuple(bytes(b.toBase64().data()).decode() for b in (self.saveGeometry(), self.saveState()))

    def _restore(self, stored: tuple[str, ...]) -> None:
        """Stand where the window stood last; at first, on most of the screen."""
        geometry, layout = (
            [QByteArray.fromBase64(text.encode()) for text in stored] if len(stored) == 2 else (None, None)
        )
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(QApplication.primaryScreen().availableSize() * 0.85)
        if layout is not None:
            self.restoreState(layout)

    def sizeHint(self) -> QSize:
        """Comfortable on a small laptop."""
        return QSize(1280, 720)

    # What happens around the window

    def on_source_changed(self, source: SourceInfo | None) -> None:
        """Show the picture instead of the welcome page, and say what is open."""
        self._show_page()
        self.timeline.setVisible(source is not None and source.frame_count > 1)
        self.setWindowTitle(f"{source.title} – medseg" if source else "medseg")
        if source is not None:
            self.picture.fit()

    def on_training_shown(self, shown: bool) -> None:
        """The training page takes the room of picture and panels; it is built when it is wanted first."""
        if shown and self.training_page is None:
            # pyqtgraph takes half a second to load; most days nobody trains.
            from medseg_gui.qt.views.training_page import TrainingPage

            self.training_page = TrainingPage(self.state, self.named_actions)
            # It has the whole width to itself; a stack is as wide as its widest page, also while another one is shown.
            self.training_page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
            self.pages.addWidget(self.training_page)
        if shown:
            self._beside_picture = self.saveState()
            for dock in self.docks:
                dock.hide()
        else:
            self.restoreState(self._beside_picture)  # also which panel was in front
        self._show_page()

    def _show_page(self) -> None:
        """Training page, picture, or the welcome page while nothing is open."""
        source, is_training = self.state.session.source, self.state.training.is_shown
        if is_training and self.training_page is not None:
            self.pages.setCurrentWidget(self.training_page)
        else:
            self.pages.setCurrentWidget(self.picture if source is not None else self.welcome)
        has_picture = source is not None and not is_training
        self.player.setVisible(has_picture)
        self.palette_bar.setVisible(has_picture)
        if has_picture:
            self.picture.setFocus()

    def on_recent_changed(self) -> None:
        """Offer what was open lately; on the welcome page, projects stand above the sources."""
        recent = self.state.session.recent or self._settings.recent
        projects = self.state.project.recent or self._settings.recent_projects
        self.welcome.set_recent((*projects[:_PROJECTS_WELCOME], *recent))
        fill_recent(self.recent_menu, recent, self.state.session)
        fill_recent(self.recent_projects_menu, projects, self.state.session)

    def on_explanation_asked(self) -> None:
        """When explanations are switched on, their panel comes to the front, unless it was closed."""
        is_on = self.state.explanation.is_on
        if is_on and not self._was_explaining and not self.explain_dock.isHidden():
            self.explain_dock.raise_()
        self._was_explaining = is_on

    def on_tool_changed(self, tool: str) -> None:
        """With a tool in the hand the lesions are of interest, and the keys belong to the picture."""
        if tool and not self.lesions_dock.isHidden():
            self.lesions_dock.raise_()
        self.picture.setFocus()

    def on_lesion_menu_wanted(self, place: QPoint) -> None:
        """What can be done with the chosen lesion, where the person clicked."""
        build_lesion_menu(self.named_actions, self).popup(place)

    def on_strip_shown_changed(self, shown: bool) -> None:
        """When the strip goes, the keys belong to the picture again."""
        if not shown:
            self.picture.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """What the disk refused would be lost: ask once. What is only on its way is written while closing."""
        if self._may_close or not self.state.project.saving.waiting:
            super().closeEvent(event)
            return
        event.ignore()
        saving = self.state.project.saving
        edits = "1 edit is" if saving.waiting == 1 else f"{saving.waiting} edits are"
        text = f"{edits} not saved: {saving.trouble}."
        no_button = QMessageBox.StandardButton.NoButton
        box = QMessageBox(QMessageBox.Icon.Warning, "Not everything is saved", text, no_button, self)
        box.setInformativeText("Make room or plug the drive back in, or save a copy of the project elsewhere.")
        copy = box.addButton("Save a copy elsewhere…", QMessageBox.ButtonRole.AcceptRole)
        lose = box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton("Stay", QMessageBox.ButtonRole.RejectRole))
        copy.clicked.connect(self.named_actions["save_as"].trigger)
        lose.clicked.connect(self._close_for_good)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _close_for_good(self) -> None:
        self._may_close = True
        self.close()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders are welcome."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped, the first of several."""
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.state.session.open(files[0])

    def event(self, event: QEvent) -> bool:
        """Let a focused slider or list have its arrow keys, and see Space before the shortcut does (it also pans)."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            space = event.key() == Qt.Key.Key_Space and not event.modifiers()
            if space or is_for_focused_widget(event, self.focusWidget()) or self._walks_controls(event):
                event.accept()
                return True
        if event.type() == QEvent.Type.WindowDeactivate:
            self.picture.release_space()  # a key let go in another window is not told to this one
        return super().event(event)

    def _walks_controls(self, event: QKeyEvent) -> bool:
        """Tab cycles the explanation from the picture and the strip; from any control it goes on to the next one."""
        is_tab = event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
        return is_tab and self.focusWidget() not in (None, self, self.picture, self.strip)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space begins to pan or to play; Esc goes back to the picture."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self.picture.hold_space()
        elif event.key() == Qt.Key.Key_Escape and self.state.training.is_shown:
            self.state.training.show(False)
        elif event.key() == Qt.Key.Key_Escape and self.state.explanation.picking:
            self.state.explanation.set_picking("")
        elif event.key() == Qt.Key.Key_Escape and self.picture.hand.cancel():
            self.picture.setFocus()
        elif event.key() == Qt.Key.Key_Escape:
            self.picture.fit()
            self.picture.setFocus()
            self.setWindowState(self.windowState() & ~Qt.WindowState.WindowFullScreen)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space alone plays or pauses."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            if self.picture.release_space():
                self.named_actions["play"].trigger()
        else:
            super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """However the screen was filled or left, the menu says so."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.named_actions["full_screen"].setChecked(self.isFullScreen())
