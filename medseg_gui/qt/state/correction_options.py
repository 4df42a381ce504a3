"""With what is corrected: the tool in hand, the size of the brush, the class of new lesions."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medseg_gui.editing import TOOLS
from medseg_gui.types import CLASS_NAMES, POLYP

START_FROM = ("prediction", "previous", "empty")
LEAST_BRUSH_PX, MOST_BRUSH_PX = 0.5, 400.0
_BRUSH_STEP = 7 / 6


class CorrectionOptions(QObject):
    """What a person chooses before they correct; it stays from frame to frame.

    Attributes:
        tool: key of `editing.TOOLS`, "" for none.
        class_id: class of new lesions.
        brush_px: radius of brush and eraser in pixels of the frame.
        start_from: one of START_FROM: what the first change of a frame works on.
    """

    tool_changed = Signal(str)
    options_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tool = ""
        self.class_id = POLYP
        self.brush_px = 20.0
        self.start_from = START_FROM[0]

    def cancel(self) -> None:
        """Forget what is being drawn; nothing is changed."""

    def set_tool(self, tool: str) -> None:
        """Take a tool into the hand, or put it away (""); an unknown one is passed over."""
        if tool != self.tool and (tool in TOOLS or not tool):
            self.cancel()
            self.tool = tool
            self.tool_changed.emit(tool)

    def toggle_tool(self, tool: str) -> None:
        """Take it; put it away when it is in the hand."""
        self.set_tool("" if tool == self.tool else tool)

    def set_class(self, class_id: int) -> None:
        """Class of new lesions."""
        if class_id in CLASS_NAMES and class_id != self.class_id:
            self.class_id = class_id
            self.options_changed.emit()

    def set_brush_px(self, radius: float) -> None:
        """Radius of brush and eraser in pixels of the frame, kept within bounds."""
        radius = min(max(radius, LEAST_BRUSH_PX), MOST_BRUSH_PX)
        if radius != self.brush_px:
            self.brush_px = radius
            self.options_changed.emit()

    def scale_brush(self, steps: float) -> None:
        """Larger or smaller by steps of a sixth."""
        self.set_brush_px(self.brush_px * _BRUSH_STEP**steps)

    def set_start_from(self, start: str) -> None:
        """One of START_FROM; anything else is passed over."""
        if start in START_FROM and start != self.start_from:
            self.start_from = start
            self.options_changed.emit()
