"""What is open and what looks at it: the source, the weights, the device, the last message."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from medseg_gui.errors import MedsegError


@dataclass(frozen=True, eq=False)
class SourceInfo:
    """What the window knows of an open source.

    Attributes:
        spec: what was asked for: a path, "camera:0" or "demo".
        kind: key of `media.SOURCES`.
        title: short name for the window's title.
        source_id: content hash.
        frame_times: (frame_count,) float64 presentation times in seconds, increasing; empty for a camera.
        frame_rate: nominal, frames/s.
        is_live: whether frames come by themselves.
    """

    spec: str
    kind: str
    title: str
    source_id: str
    frame_times: NDArray[np.float64]
    frame_rate: float
    is_live: bool = False

    @property
    def frame_count(self) -> int:
        """How many frames there are, 0 for a camera."""
        return len(self.frame_times)


@dataclass(frozen=True)
class WeightsEntry:
    """One line in the list of weights.

    Attributes:
        name: as in `models/`.
        network: key of NETWORKS.
        class_id: what it marks.
        threshold: where its card says to cut.
        card: Markdown text of the model card.
    """

    name: str
    network: str
    class_id: int
    threshold: float
    card: str


class SessionState(QObject):
    """Views ask through methods; the pipeline answers through the `set_` methods."""

    open_requested = Signal(str)
    source_changed = Signal(object)  # SourceInfo | None
    opening_changed = Signal(bool)
    weights_listed = Signal(object)  # tuple[WeightsEntry, ...]
    weights_identified = Signal(str, str)  # name, id
    weights_chosen = Signal(int, str)  # class id, name ("" for none)
    device_changed = Signal(str)
    recent_changed = Signal(object)  # tuple[str, ...]
    failed = Signal(object)  # MedsegError
    noticed = Signal(str)
    offered = Signal(str, str)  # a sentence, name of the action that helps

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source: SourceInfo | None = None
        self.is_opening = False
        self.weights: tuple[WeightsEntry, ...] = ()
        self.chosen: dict[int, str] = {}
        self.weights_ids: dict[str, str] = {}  # of the weights that were loaded
        self.device = ""
        self.recent: tuple[str, ...] = ()

    def open(self, spec: str) -> None:
        """Ask for a source; the one on screen stays until the new one is there."""
        self.set_opening(True)
        self.open_requested.emit(spec)

    def set_opening(self, opening: bool) -> None:
        """Whether a source is being opened right now."""
        if opening != self.is_opening:
            self.is_opening = opening
            self.opening_changed.emit(opening)

    def set_source(self, source: SourceInfo | None) -> None:
        """A source is open, or none is any more."""
        self.set_opening(False)
        self.source = source
        self.source_changed.emit(source)

    def set_weights(self, weights: tuple[WeightsEntry, ...]) -> None:
        """What weights there are to choose from."""
        self.weights = weights
        self.weights_listed.emit(weights)

    def choose_weights(self, class_id: int, name: str) -> None:
        """Let these weights look for a class; an empty name lets nothing look for it."""
        if self.chosen.get(class_id, "") != name:
            self.chosen[class_id] = name
            self.weights_chosen.emit(class_id, name)

    def set_weights_id(self, name: str, weights_id: str) -> None:
        """Weights were loaded; their id tells two versions of one name apart."""
        self.weights_ids[name] = weights_id
        self.weights_identified.emit(name, weights_id)

    def set_device(self, text: str) -> None:
        """Which device works and why, for the status bar."""
        self.device = text
        self.device_changed.emit(text)

    def set_recent(self, recent: tuple[str, ...]) -> None:
        """Sources opened lately, newest first."""
        self.recent = recent
        self.recent_changed.emit(recent)

    def fail(self, error: MedsegError) -> None:
        """Something could not be done; what was on screen stays."""
        self.set_opening(False)
        self.failed.emit(error)

    def notice(self, text: str) -> None:
        """Say something that needs no answer."""
        self.noticed.emit(text)

    def offer(self, text: str, action: str) -> None:
        """Say something, with a button for an action of the window that helps."""
        self.set_opening(False)
        self.offered.emit(text, action)
