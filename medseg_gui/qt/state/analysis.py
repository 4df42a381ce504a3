"""What the networks found: for the frame on screen, and along the whole source."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from medseg_gui.overlay import Overlay
from medseg_gui.types import CLASS_NAMES, POLYP, Segmentation

_LOOKED_AT_EVERY = 8  # a background scan first takes each so many frames


class AnalysisState(QObject):
    """The newest segmentation and overlay, and a lane of lesion probability for each class.

    Attributes:
        segmentation: of the newest frame that was predicted, None before.
        overlay: what to draw, of that frame or of one shortly before.
        late_by: frames between the picture on screen and the overlay; 0 when they belong together.
        lanes: class id -> (frame_count,) float32 highest probability of each frame, NaN where not yet seen.
    """

    segmentation_changed = Signal(object)  # Segmentation
    overlay_changed = Signal(object)  # Overlay | None
    late_changed = Signal(int)
    lanes_changed = Signal()
    scan_requested = Signal()
    scan_stop_requested = Signal()
    scan_progressed = Signal(int, int)  # frames done, frames in all
    scanning_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.segmentation: Segmentation | None = None
        self.overlay: Overlay | None = None
        self.late_by = 0
        self.is_scanning = False
        self.lanes: dict[int, NDArray[np.float32]] = {}

    def reset(self, frame_count: int) -> None:
        """Forget everything, for a new source."""
        self.segmentation = None
        self.lanes = {c: np.full(frame_count, np.nan, np.float32) for c in CLASS_NAMES}
        self.set_overlay(None)
        self.set_late(0)
        self.lanes_changed.emit()

    def forget_class(self, class_id: int) -> None:
        """Other weights look for this class now: its lane begins anew."""
        if class_id in self.lanes:
            self.lanes[class_id][:] = np.nan
            self.lanes_changed.emit()

    def set_segmentation(self, segmentation: Segmentation) -> None:
        """A frame was predicted for the screen; also notes it on the lanes."""
        self.segmentation = segmentation
        self.segmentation_changed.emit(segmentation)
        peaks = {c: segmentation.max_probability(c) for c in segmentation.probability}
        self.note(segmentation.frame_index, peaks)

    def forget_segmentation(self) -> None:
        """What was seen no longer holds: other weights look, or another frame is on screen."""
        self.segmentation = None
        self.set_overlay(None)
        self.set_late(0)

    def note(self, index: int, peaks: dict[int, float]) -> None:
        """Put one frame's highest probabilities on the lanes; without lanes (camera) nothing happens."""
        self.note_many({index: peaks})

    def note_many(self, peaks: Mapping[int, Mapping[int, float]]) -> None:
        """Put the highest probabilities of several frames on the lanes: frame index -> class id -> probability."""
        for index, of_frame in peaks.items():
            for class_id, peak in of_frame.items():
                lane = self.lanes.get(class_id)
                if lane is not None and index < len(lane):
                    lane[index] = peak
        self.lanes_changed.emit()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """What to draw over the frame."""
        self.overlay = overlay
        self.overlay_changed.emit(overlay)

    def set_late(self, frames: int) -> None:
        """How many frames the overlay is behind the picture."""
        if frames != self.late_by:
            self.late_by = frames
            self.late_changed.emit(frames)

    def request_scan(self) -> None:
        """Fill the lanes for the whole source in the background."""
        self.scan_requested.emit()

    def stop_scan(self) -> None:
        """End the background scan; what it found stays."""
        self.scan_stop_requested.emit()

    def set_scanning(self, scanning: bool) -> None:
        """Whether the background scan runs."""
        if scanning != self.is_scanning:
            self.is_scanning = scanning
            self.scanning_changed.emit(scanning)

    def set_scan_progress(self, done: int, total: int) -> None:
        """How far the background scan is."""
        self.scan_progressed.emit(done, total)

    def next_lesion(self, index: int, threshold: float, forward: bool = True) -> int | None:
        """First frame of the nearest run of frames with a lesion, after or before an index.

        Args:
            index: where to look from.
            threshold: probability from which a frame counts as showing a lesion.
            forward: look after (True) or before (False).

        Returns:
            A frame index, None when no run begins on that side.
        """
        lane = self.lanes.get(POLYP, np.empty(0, np.float32))
        marked = np.flatnonzero(lane >= threshold)
        silent = np.flatnonzero(lane < threshold)
        # A run ends with a frame that was seen to be silent, or when too much in between was not looked at.
        is_cut = np.diff(np.searchsorted(silent, marked)) > 0
        is_far = np.diff(marked) > _LOOKED_AT_EVERY
        starts = marked[np.concatenate(([True], is_cut | is_far))] if len(marked) else marked
        side = starts[starts > index] if forward else starts[starts < index][::-1]
        return int(side[0]) if len(side) else None
