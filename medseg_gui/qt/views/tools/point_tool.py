"""Tools of one click: fill a hole, delete a part."""

from __future__ import annotations

from functools import partial

from medseg_gui.editing import Change, Lesions
from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.editing.parts import delete_part, fill_hole_at
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch


class FillHoleTool(CanvasTool):
    """Fills the hole under the click, whichever lesion is around it."""

    @property
    def hint(self) -> str:
        """What to do."""
        return "Click into a hole to fill it"

    def press(self, touch: Touch) -> None:
        """Fill it."""
        if touch.is_left:
            self._correction.ask("fill hole", partial(fill_hole_around, x=touch.x, y=touch.y))


class DeletePartTool(CanvasTool):
    """Deletes the connected part under the click."""

    @property
    def hint(self) -> str:
        """What to do."""
        return "Click on a part to delete it"

    def press(self, touch: Touch) -> None:
        """Delete it."""
        if touch.is_left:
            self._correction.ask("delete part", partial(delete_part, x=touch.x, y=touch.y))


def fill_hole_around(lesions: Lesions, x: float, y: float) -> Change:
    """Fill the hole under a point in pixels, of the first lesion that has one there; else nothing."""
    for lesion_id in lesions.classes:
        change = fill_hole_at(lesions, lesion_id, x, y)
        if not change.is_empty:
            return change
    return fill_hole_at(lesions, NO_LESION, -1, -1)
