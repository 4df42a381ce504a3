"""Smart click: left adds, right removes; the network that is loaded and the picture say how far."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QObject

from medseg_gui.editing import Change, Lesions
from medseg_gui.editing.smart_click import SmartClicks
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.views.tools.canvas_tool import CanvasTool, Touch
from medseg_gui.qt.views.zoom import Zoom
from medseg_gui.types import FloatArray, UInt8Array

_NO_OPINION = np.full((8, 8), 0.5, np.float32)  # where no network looks for the class, the picture decides alone


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
        self, lesions: Lesions, of: object, x: float, y: float, lesion_id: int, adds: bool, class_id: int
    ) -> Change:
        """As `SmartClicks.click`; a click that is made again, on lesions that changed meanwhile, counts once.

        Args:
            lesions: of the frame.
            of: tells one click from another.
            x, y, lesion_id, adds, class_id: as there.
        """
        if self._clicks is None:
            self._clicks = SmartClicks(self._rgb, self._probability, self._threshold)
        if of is self._last:
            self._clicks.forget_last()
        self._last = of
        return self._clicks.click(lesions, x, y, lesion_id, adds, class_id)


class SmartClickTool(CanvasTool):
    """Clicks accumulate on a frame, until a step is undone, another class is meant or the tool is put away."""

    def __init__(self, name: str, correction: CorrectionState, zoom: Zoom, parent: QObject | None = None) -> None:
        super().__init__(name, correction, zoom, parent)
        self._clicks: dict[int, FrameClicks] = {}
        self._proposal: object = None
        correction.undone.connect(self.forget)

    @property
    def hint(self) -> str:
        """What to do."""
        return "Left click into what is missing, right click (or Alt) into what is too much"

    def press(self, touch: Touch) -> None:
        """Add or remove the region under the pointer."""
        correction, frame = self._correction, self._correction.frame
        if frame is None or correction.base is None:
            return
        adds = touch.is_left and not touch.is_alt
        target = correction.target if adds else correction.choose_at(touch.x, touch.y)
        if not (target and 0 <= touch.x < frame.size[1] and 0 <= touch.y < frame.size[0]):
            return
        make = partial(
            self._of_class(frame.rgb).click,
            of=object(),
            x=touch.x,
            y=touch.y,
            lesion_id=target,
            adds=adds,
            class_id=correction.class_id,
        )
        correction.ask("smart click", make, target=target)

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
