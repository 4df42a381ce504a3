"""Moves a connected part of a lesion with the mouse."""

from __future__ import annotations

from functools import partial

from medseg_gui.editing.parts import move_part
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch


class MoveTool(CanvasTool):
    """Press on a part, drag it, let go."""

    _start: Touch | None = None

    @property
    def hint(self) -> str:
        """What to do."""
        return "Drag a part of a lesion to where it belongs"

    def press(self, touch: Touch) -> None:
        """Take the part under the pointer."""
        self._start = touch if touch.is_left and self._correction.choose_at(touch.x, touch.y) else None

    def drag(self, touch: Touch) -> None:
        """Show it where it would be."""
        self._ask(touch, is_preview=True)

    def release(self, touch: Touch) -> None:
        """Leave it there."""
        self._ask(touch, is_preview=False)
        self._start = None

    def cancel(self) -> bool:
        """It stays where it was."""
        had, self._start = self._start is not None, None
        self._correction.cancel()
        return had

    def _ask(self, touch: Touch, is_preview: bool) -> None:
        if self._start is not None:
            dx, dy = round(touch.x - self._start.x), round(touch.y - self._start.y)
            make = partial(move_part, x=self._start.x, y=self._start.y, dx_px=dx, dy_px=dy)
            self._correction.ask("move part", make, is_preview)
