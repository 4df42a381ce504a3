"""Which explanation is wanted, how it is shown, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from medseg_gui.errors import MedsegError
from medseg_gui.qt.state.explanation_check import ExplanationCheckState
from medseg_gui.qt.state.explanation_picture import CacheStatistics, ExplanationPicture, FigureOrder
from medseg_gui.relevance_picture import DEFAULT_CLIP
from medseg_gui.types import POLYP, ExplanationRequest, Frame, Relevance, Target

CAMS = ("hirescam", "gradcam")
METHODS = ("off", "lrp", *CAMS)
RULES = ("gamma", "epsilon", "zplus", "composite")  # the first at first
LEAST_CLIP = 0.95
PICKED = ("lesion", "pixel")  # targets that need a click


class ExplanationState(QObject):
    """Views ask through the methods above `set_relevance`; the pipeline answers through those from there on.

    Attributes:
        method: one of METHODS.
        cam: which of CAMS is meant when a person asks for Grad-CAM.
        rule: one of RULES.
        layer: that Grad-CAM looks at; "" for the last decoder block.
        target: what is explained; stays when the frame changes.
        class_id: of which class.
        is_smooth: mean over noisy copies instead of the frame alone.
        wants_stability: whether the stability of this one explanation was asked for.
        opacity: of the map over the frame, in [0, 1].
        clip: share of the pixels that are not beyond the colour bar, in [0.95, 1].
        is_grey: whether the frame under the map is shown without its colours.
        hidden_lesions: numbers of lesions whose map is switched off.
        shown_layer: name of the block on the frame; "" for the pixels.
        picking: one of PICKED while a click on the frame is awaited, else "".
        relevance: the newest, None when there is none for this moment.
        refusal: why there is none.
        picture: it in colours.
        late_by: frames between the picture on screen and the explanation.
        is_computing: whether one is being made for the frame on screen.
        layer_names: what Grad-CAM can look at, in network order; empty until known.
        lane: (frame_count,) float32 share of the relevance outside the mask, NaN where not yet explained.
        cache: what is kept of earlier explanations.
        warnings: way of explaining ("lrp epsilon", "hirescam") -> what spoke against it when it was measured.
        measured_on: pictures that these warnings come from, 0 where these weights were never measured.
        check: whether the explanation on screen is true to its network, on demand.
    """

    request_changed = Signal()  # another explanation is wanted, or none
    look_changed = Signal()  # the same one in other colours
    paint_changed = Signal()  # opacity, grey
    picking_changed = Signal(str)
    strip_shown_changed = Signal(bool)
    answer_changed = Signal()  # relevance, refusal
    picture_changed = Signal()
    computing_changed = Signal(bool)
    late_changed = Signal(int)
    lane_changed = Signal()
    layers_listed = Signal()
    figure_ordered = Signal(object)  # FigureOrder

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.method = "off"
        self.cam = CAMS[0]
        self.rule = RULES[0]
        self.layer = ""
        self.target = Target()
        self.class_id = POLYP
        self.is_smooth = False
        self.wants_stability = False
        self.opacity = 0.75
        self.clip = DEFAULT_CLIP
        self.is_grey = True
        self.hidden_lesions: frozenset[int] = frozenset()
        self.shown_layer = ""
        self.picking = ""
        self.is_strip_shown = False
        self.relevance: Relevance | None = None
        self.refusal: MedsegError | None = None
        self.picture: ExplanationPicture | None = None
        self.late_by = 0
        self.is_computing = False
        self.layer_names: tuple[str, ...] = ()
        self.lane: NDArray[np.float32] = np.empty(0, np.float32)
        self.cache = CacheStatistics()
        self.warnings: Mapping[str, str] = {}
        self.measured_on = 0
        self.check = ExplanationCheckState(self)

    @property
    def is_on(self) -> bool:
        """Whether any explanation is wanted."""
        return self.method != "off"

    def warning_of(self, **changes: str) -> str:
        """What spoke against a way of explaining (method, rule, layer; by default the chosen one), else ""."""
        wanted = {"method": self.method, "rule": self.rule, "layer": self.layer, **changes}
        last = self.layer_names[-1] if self.layer_names else ""
        return self.warnings.get(ExplanationRequest(**wanted).way(last), "")  # type: ignore[arg-type]

    def request(self, threshold: float) -> ExplanationRequest | None:
        """What to ask for, with a threshold in (0, 1); None when nothing is."""
        if not self.is_on:
            return None
        is_cam = self.method in CAMS
        return ExplanationRequest(
            method=self.method,
            rule=ExplanationRequest.rule if is_cam else self.rule,
            layer=self.layer if is_cam else "",
            target=self.target,
            class_id=self.class_id,
            threshold=threshold,
            smooth=self.is_smooth,
            with_stability=self.wants_stability,
        )

    # What is explained, and how

    def set_method(self, method: str) -> None:
        """One of METHODS; anything else is passed over."""
        if method in METHODS and method != self.method:
            self.cam = method if method in CAMS else self.cam
            if method != "lrp":
                self._leave_layers()
            self._ask(method=method)

    def cycle_method(self) -> None:
        """Off, LRP, Grad-CAM (the one used last), off."""
        ring = ("off", "lrp", self.cam)
        self.set_method(ring[(ring.index(self.method) + 1) % len(ring)])

    def set_rule(self, rule: str) -> None:
        """Of LRP, one of RULES; anything else is passed over."""
        if rule in RULES:
            self._ask(rule=rule)

    def set_layer(self, name: str) -> None:
        """That Grad-CAM looks at."""
        self._ask(layer=name)

    def set_target(self, target: Target) -> None:
        """What is explained."""
        self.set_picking("")
        self._ask(target=target)

    def set_class(self, class_id: int) -> None:
        """Of which class."""
        self._ask(class_id=class_id)

    def set_smooth(self, smooth: bool) -> None:
        """Mean over noisy copies, or the frame alone."""
        self._ask(is_smooth=smooth)

    def ask_stability(self) -> None:
        """Measure how much the map on screen changes under small noise; holds for this one."""
        if not self.wants_stability:
            self.wants_stability = True
            self.request_changed.emit()

    def _ask(self, **changes: Any) -> None:
        if any(getattr(self, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(self, name, value)
            self.wants_stability = False
            self.request_changed.emit()

    # How it is shown

    def set_opacity(self, opacity: float) -> None:
        """In [0, 1]."""
        if opacity != self.opacity:
            self.opacity = opacity
            self.paint_changed.emit()

    def set_grey(self, grey: bool) -> None:
        """Whether the frame under the map loses its colours."""
        if grey != self.is_grey:
            self.is_grey = grey
            self.paint_changed.emit()

    def set_clip(self, clip: float) -> None:
        """Kept within [0.95, 1]."""
        self._look(clip=min(max(clip, LEAST_CLIP), 1.0))

    def show_lesion(self, number: int, shown: bool) -> None:
        """Switch one lesion's map on or off; numbers count from 1."""
        self._look(hidden_lesions=self.hidden_lesions - {number} if shown else self.hidden_lesions | {number})

    def show_layer(self, name: str) -> None:
        """Put a block's relevance on the frame, "" for that of the pixels."""
        self._look(shown_layer=name)

    def _look(self, **changes: Any) -> None:
        if any(getattr(self, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(self, name, value)
            self.look_changed.emit()

    def toggle_strip(self) -> None:
        """Open the layer-wise strip (with LRP, which it shows) or close it."""
        self.set_strip_shown(not self.is_strip_shown)

    def set_strip_shown(self, shown: bool) -> None:
        """Whether the layer-wise strip is open."""
        if shown == self.is_strip_shown:
            return
        self.is_strip_shown = shown
        if shown:
            self.set_method("lrp")
        else:
            self.show_layer("")
        self.strip_shown_changed.emit(shown)

    def _leave_layers(self) -> None:
        """Only LRP has layers to show."""
        self.set_strip_shown(False)
        self.shown_layer = ""

    # Picking a target on the frame

    def set_picking(self, kind: str) -> None:
        """Await a click on the frame for one of PICKED; "" ends it."""
        if kind != self.picking:
            self.picking = kind
            self.picking_changed.emit(kind)

    def pick(self, x: int, y: int) -> None:
        """A person clicked on a pixel of the frame."""
        if self.picking:
            self.set_target(Target(self.picking, x, y))

    def order_figure(self, path: str, frame: Frame) -> None:
        """Save the explanation on screen, which must be of this frame."""
        if self.picture is not None:
            self.figure_ordered.emit(FigureOrder(path, frame, self.picture))

    # Answers

    def set_relevance(self, relevance: Relevance | None, refusal: MedsegError | None = None) -> None:
        """There is an explanation, or none, and perhaps a reason why not."""
        before = self.relevance, self.refusal
        self.relevance, self.refusal = relevance, refusal
        if relevance is None or before[0] is None or relevance.frame_index != before[0].frame_index:
            self.hidden_lesions = frozenset()  # another frame counts its lesions anew
        if relevance is None:
            self.set_picture(None)
        if before != (relevance, refusal):
            self.answer_changed.emit()

    def set_picture(self, picture: ExplanationPicture | None) -> None:
        """The relevance in colours."""
        if picture is not self.picture:
            self.picture = picture
            self.picture_changed.emit()

    def set_computing(self, computing: bool) -> None:
        """Whether somebody waits for an explanation."""
        if computing != self.is_computing:
            self.is_computing = computing
            self.computing_changed.emit(computing)

    def set_late(self, frames: int) -> None:
        """How many frames the explanation is behind the picture."""
        if frames != self.late_by:
            self.late_by = frames
            self.late_changed.emit(frames)

    def set_layer_names(self, names: tuple[str, ...]) -> None:
        """What Grad-CAM can look at; a layer that is not there is given up."""
        self.layer_names = names
        self.layers_listed.emit()
        if self.layer and names and self.layer not in names:
            self.set_layer("")

    def set_warnings(self, warnings: Mapping[str, str], images: int) -> None:
        """What was measured of these weights' explanations."""
        self.warnings, self.measured_on = warnings, images
        self.layers_listed.emit()

    def set_lane(self, lane: NDArray[np.float32]) -> None:
        """The lane begins anew: another source, or another question."""
        self.lane = lane
        self.lane_changed.emit()

    def note_outside(self, index: int, share: float) -> None:
        """Put one frame's relevance outside the mask on the lane; without a lane (camera) nothing happens."""
        if index < len(self.lane) and self.lane[index] != share:
            self.lane[index] = share
            self.lane_changed.emit()

    def set_cache(self, cache: CacheStatistics) -> None:
        """What is kept now."""
        self.cache = cache
