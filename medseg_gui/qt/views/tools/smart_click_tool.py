"""Smart click: left adds, right removes; network and picture say how far, pulling right or left corrects that."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QObject

from medseg_gui.editing import Change, Lesions
from medseg_gui.editing.smart_click import SmartClicks
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.correction_requests import MakeChange
from medseg_gui.qt.views.tools.canvas_tool import Touch
from medseg_gui.qt.views.tools.pull_tool import PullTool
from medseg_gui.qt.views.zoom import Zoom
from medseg_gui.types import FloatArray, UInt8Array

_NO_OPINION = np.full((8, 8), 0.5, np.float32)  # where no network looks for the class, the picture decides alone
_PER_PX = 1 / 40  # of the odds, of the view
_MOST_REACH = 4.0  # beyond, only the limits around a click are left


class FrameClicks:
    """All smart clicks on one frame for one class; they are made on the edit worker, one after the other.

    Args:
        rgb: (H, W, 3) uint8, RGB.
        probability: (h, w) float in [0, 1], of the class.
        threshold: probability from which the network marks.
    """

    def __init__(self, rgb: UInt8Array, probability: FloatArray, threshold: float) -> None:
        self._rgb, self._probability, self._threshold = rgb, probability, threshold
        self._clicks: SmartClicks | None = None
        self._last: object = None

    def click(
        self,
        lesions: Lesions,
        of: object,
        is_preview: bool,
        x: float,
        y: float,
        lesion_id: int,
        adds: bool,
        class_id: int,
        reach: float,
    ) -> Change:
        """As `SmartClicks.click`; a click that is made again, on lesions that changed meanwhile, counts once.

        Args:
            lesions: of the frame.
            of: tells one click from another.
            is_preview: the click is only tried, and does not count.
            x, y, lesion_id, adds, class_id, reach: as there.
        """
        if self._clicks is None:
            self._clicks = SmartClicks(self._rgb, self._probability, self._threshold)
        if of is self._last:
            self._clicks.forget_last()
        change = self._clicks.click(lesions, x, y, lesion_id, adds, class_id, reach)
        if is_preview:
            self._clicks.forget_last()
        self._last = None if is_preview else of
        return change


class SmartClickTool(PullTool):
    """Clicks accumulate on a frame, until a step is undone, another class is meant or the tool is put away."""

    title = "smart click"

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._clicks: dict[int, FrameClicks] = {}
        self._proposal: object = None
        self._click: object = None
        self._chosen = 0
        correction.undone.connect(self.forget)

    @property
    def hint(self) -> str:
        """What to do."""
        return "Left click into what is missing, right click (or Alt) into what is too much · drag right for more"

    def begins(self, touch: Touch) -> bool:
        """On the picture; the right button takes from the lesion under it."""
        frame, correction = self._correction.frame, self._correction
        if frame is None or not (0 <= touch.x < frame.size[1] and 0 <= touch.y < frame.size[0]):
            return False
        self._click = object()
        self._chosen = correction.target if _adds(touch) else correction.choose_at(touch.x, touch.y)
        return bool(self._chosen)

    def amount(self, pulled_px: float) -> float:
        """The click's reach."""
        return min(max(pulled_px * _PER_PX, -_MOST_REACH), _MOST_REACH)

    def amount_text(self, amount: float) -> str:
        """Nothing for a plain click."""
        return f"reach {amount:+.1f}".replace("-", "\N{MINUS SIGN}") if amount else ""

    def change(self, start: Touch, amount: float, is_preview: bool) -> tuple[MakeChange, int] | None:
        """The region under the pointer."""
        frame, correction = self._correction.frame, self._correction
        if frame is None:
            return None
        make = partial(
            self._of_class(frame.rgb).click,
            of=self._click,
            is_preview=is_preview,
            x=start.x,
            y=start.y,
            lesion_id=self._chosen,
            adds=_adds(start),
            class_id=correction.class_id,
            reach=amount,
        )
        return make, self._chosen

    def forget(self) -> None:
        """What was clicked so far no longer counts."""
        self._clicks.clear()

    def _of_class(self, rgb: UInt8Array) -> FrameClicks:
        proposal, class_id = self._correction.proposal, self._correction.class_id
        if proposal is not self._proposal:
            self.forget()
            self._proposal = proposal
        if class_id not in self._clicks:
            seen = proposal.probability.get(class_id) if proposal is not None else None
            if proposal is None or seen is None:
                self._clicks[class_id] = FrameClicks(rgb, _NO_OPINION, 0.5)
            else:
                self._clicks[class_id] = FrameClicks(rgb, seen, proposal.threshold)
        return self._clicks[class_id]


def _adds(touch: Touch) -> bool:
    return touch.is_left and not touch.is_alt
