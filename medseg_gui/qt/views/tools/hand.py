"""The hand over the picture: hears mouse, pen and wheel before the view does, and passes them to the tool it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QTabletEvent, QWheelEvent

from medseg_gui.editing import TOOLS
from medseg_gui.qt import theme
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.badge import badge_size, paint_badge
from medseg_gui.qt.views.tools.box_tool import BoxTool
from medseg_gui.qt.views.tools.brush_tool import BrushTool
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch
from medseg_gui.qt.views.tools.cut_tool import CutTool
from medseg_gui.qt.views.tools.livewire_tool import LivewireTool
from medseg_gui.qt.views.tools.move_tool import MoveTool
from medseg_gui.qt.views.tools.outline_tool import OutlineTool
from medseg_gui.qt.views.tools.point_tool import DeletePartTool, FillHoleTool
from medseg_gui.qt.views.tools.scribble_tool import ScribbleTool
from medseg_gui.qt.views.tools.smart_click_tool import SmartClickTool
from medseg_gui.qt.views.tools.wand_tool import WandTool
from medseg_gui.qt.views.zoom import Zoom

if TYPE_CHECKING:
    from medseg_gui.qt.views.video_view import VideoView

_EDGE_PX = 12.0
# Gesture of a tool, or the name of one that has its own -> how it is held.
_HELD: dict[str, type[CanvasTool]] = {
    "stroke": BrushTool,
    "outline": OutlineTool,
    "livewire": LivewireTool,
    "wand": WandTool,
    "smart_click": SmartClickTool,
    "box": BoxTool,
    "scribble": ScribbleTool,
    "fill_hole": FillHoleTool,
    "delete_part": DeletePartTool,
    "move_part": MoveTool,
    "line": CutTool,
}
_USES_RIGHT_BUTTON = (OutlineTool, SmartClickTool, ScribbleTool)


class Hand(QObject):
    """Holds one tool at a time.

    Args:
        correction: says which.
        zoom: where the frame lies in the view.
        view: whose events it hears.

    Signals:
        changed: this rectangle of the view looks different; an empty one stands for all.
        cursor_changed: the pointer shall look different.
        menu_wanted: what can be done with the chosen lesion shall be offered, at this place of the screen.
    """

    changed = Signal(QRect)
    cursor_changed = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, correction: CorrectionState, zoom: Zoom, view: VideoView) -> None:
        super().__init__(view)
        self._correction, self._zoom, self._view = correction, zoom, view
        self.tool: CanvasTool | None = None
        self._is_down = self._is_left = False
        view.installEventFilter(self)
        correction.tool_changed.connect(self.on_tool_changed)
        correction.options_changed.connect(self.cursor_changed)
        correction.frame_changed.connect(self.on_frame_changed)
        correction.busy_changed.connect(self.on_busy_changed)

    @property
    def cursor(self) -> Qt.CursorShape:
        """How the pointer looks over the picture."""
        return self.tool.cursor if self.tool is not None else Qt.CursorShape.ArrowCursor

    def on_tool_changed(self, name: str) -> None:
        """Take another tool, or none."""
        if self.tool is not None:
            self.tool.cancel()
            self.tool.deleteLater()
        self.tool = self._take(name) if name else None
        self._is_down = False
        self._view.setMouseTracking(self.tool is not None)
        self.cursor_changed.emit()
        self.changed.emit(QRect())

    def _take(self, name: str) -> CanvasTool | None:
        held = _HELD.get(name) or _HELD.get(TOOLS[name].gesture)
        if held is None:
            return None
        tool = held(name, self._correction, self._zoom, self)
        tool.changed.connect(self.on_part_changed)
        return tool

    def on_frame_changed(self) -> None:
        """What was begun on another frame is given up."""
        if self.tool is not None:
            self.tool.cancel()
        self._is_down = False

    def on_busy_changed(self) -> None:
        """Say that a tool is at work."""
        self.changed.emit(QRect())

    def on_part_changed(self, part: QRectF) -> None:
        """The tool has left a trace."""
        self.changed.emit(part.toAlignedRect())

    def finish(self) -> bool:
        """Enter; whether the tool took it."""
        return self.tool is not None and self.tool.finish()

    def cancel(self) -> bool:
        """Esc: first the trace goes, then the tool; whether there was either."""
        if self.tool is not None and self.tool.cancel():
            self._is_down = False
            return True
        had_tool = bool(self._correction.tool)
        self._correction.set_tool("")
        return had_tool

    def delete(self) -> bool:
        """Backspace or Delete; whether the tool took it."""
        return self.tool is not None and self.tool.delete()

    def paint(self, painter: QPainter) -> None:
        """Traces of the tool."""
        if self.tool is not None:
            painter.save()
            self.tool.paint(painter)
            painter.restore()
            self._paint_hint(painter, "Working…" if self._correction.is_busy else self.tool.hint)

    def _paint_hint(self, painter: QPainter, hint: str) -> None:
        """In a few words what the tool waits for, at the lower edge of the picture."""
        if hint:
            room = badge_size(painter, hint, self._view.width() - 2 * _EDGE_PX)
            left = (self._view.width() - room.width()) / 2
            top = self._view.height() - room.height() - _EDGE_PX
            paint_badge(painter, room.translated(left, top), hint, theme.TEXT)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What belongs to the tool does not reach the view."""
        kind = event.type()
        if self._correction.frame is None or self._view.is_taken:
            return False
        if kind == QEvent.Type.ContextMenu:
            return self._show_menu(cast(QContextMenuEvent, event))
        if self.tool is None:
            if kind == QEvent.Type.MouseButtonPress and cast(QMouseEvent, event).button() == Qt.MouseButton.LeftButton:
                self._choose(cast(QMouseEvent, event).position())
            return False
        if kind == QEvent.Type.Leave:
            self.tool.leave()
            return False
        if kind == QEvent.Type.Wheel:
            return self._turn(cast(QWheelEvent, event))
        if kind in _TABLET:
            return self._hear(_TABLET[kind], cast(QTabletEvent, event))
        if kind in _MOUSE:
            return self._hear(_MOUSE[kind], cast(QMouseEvent, event))
        return False

    def _choose(self, at: QPointF) -> None:
        place = self._zoom.transform.inverted()[0].map(at)
        self._correction.choose_at(place.x(), place.y())

    def _show_menu(self, event: QContextMenuEvent) -> bool:
        """A right click chooses a lesion and offers what can be done with it, unless the tool has a use for it."""
        if not isinstance(self.tool, _USES_RIGHT_BUTTON):
            self._choose(QPointF(event.pos()))
            self.menu_wanted.emit(event.globalPos())
        return True

    def _turn(self, event: QWheelEvent) -> bool:
        """Shift and wheel change the size of the brush; Shift turns the wheel sideways on some systems."""
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return False
        turned = event.angleDelta().y() or event.angleDelta().x()
        self._correction.scale_brush(turned / 120)
        event.accept()
        return True

    def _hear(self, what: str, event: QMouseEvent | QTabletEvent) -> bool:
        button = event.button()
        if self.tool is None or button not in _BUTTONS:
            return False
        if what in ("press", "double_click"):
            self._is_down, self._is_left = True, button == Qt.MouseButton.LeftButton
        elif what == "move":
            what = "drag" if self._is_down else "hover"
        elif not self._is_down:
            return True
        else:
            self._is_down = False
        getattr(self.tool, what)(self._touch(event))
        event.accept()
        return True

    def _touch(self, event: QMouseEvent | QTabletEvent) -> Touch:
        at = QPointF(event.position())
        place = self._zoom.transform.inverted()[0].map(at)
        pressure = event.pressure() if isinstance(event, QTabletEvent) else 1.0
        return Touch(place.x(), place.y(), at, self._is_left, event.modifiers(), pressure)


_BUTTONS = (Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
_MOUSE = {
    QEvent.Type.MouseButtonPress: "press",
    QEvent.Type.MouseMove: "move",
    QEvent.Type.MouseButtonRelease: "release",
    QEvent.Type.MouseButtonDblClick: "double_click",
}
_TABLET = {
    QEvent.Type.TabletPress: "press",
    QEvent.Type.TabletMove: "move",
    QEvent.Type.TabletRelease: "release",
}
