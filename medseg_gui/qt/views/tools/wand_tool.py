"""The wand: press on tissue, drag to the right for more of it and to the left for less, let go to keep it."""

from __future__ import annotations

from functools import partial

from medseg_gui.editing.lesions import NO_LESION
from medseg_gui.editing.wand import wand
from medseg_gui.qt.state.correction_requests import MakeChange
from medseg_gui.qt.views.tools.canvas_tool import Touch
from medseg_gui.qt.views.tools.pull_tool import PullTool

_FIRST_TOLERANCE = 6.0  # difference of colour, CIELAB
_LEAST_TOLERANCE, _MOST_TOLERANCE = 0.5, 60.0
_PER_PX = 1 / 8  # of the view
_REACH = 0.15  # of the frame's longer side


class WandTool(PullTool):
    """Takes what is of the same colour; Alt takes away. The amount is the tolerance."""

    title = "wand"

    @property
    def hint(self) -> str:
        """What to do."""
        return "Press on tissue and drag right for more, left for less · Alt takes away"

    def amount(self, pulled_px: float) -> float:
        """Difference of colour that still counts as the same, CIELAB."""
        return min(max(_FIRST_TOLERANCE + pulled_px * _PER_PX, _LEAST_TOLERANCE), _MOST_TOLERANCE)

    def amount_text(self, amount: float) -> str:
        """The tolerance."""
        return f"tolerance {amount:.1f}"

    def change(self, start: Touch, amount: float, is_preview: bool) -> tuple[MakeChange, int] | None:
        """The tissue around the point."""
        frame, correction = self._correction.frame, self._correction
        if frame is None:
            return None
        target = NO_LESION if start.is_alt else correction.target
        make = partial(
            wand,
            rgb=frame.rgb,
            x=start.x,
            y=start.y,
            tolerance=amount,
            radius_px=_REACH * max(frame.size),
            lesion_id=target,
            class_id=correction.class_id,
        )
        return make, target
