"""Explanations for the pages of a case report, made by the weights that first proposed a frame's mask."""

from __future__ import annotations

from medseg_gui.case_report import Explanation
from medseg_gui.errors import InputError, NothingPredictedError, WeightsError
from medseg_gui.explanation import FrameExplainer
from medseg_gui.explanation_files import picture
from medseg_gui.project.records import FrameRecord
from medseg_gui.types import ExplanationRequest, Frame, UInt8Array

METHODS = ("lrp", "gradcam", "hirescam")


class CaseExplainer:
    """Explains frames as they are shown in a report; loads each weights once.

    Args:
        method: one of METHODS.
        weights: name or file; for each frame those that first proposed its mask when None.
        device: one of `device.DEVICES`.

    Raises:
        InputError: there is no such method for reports.
    """

    def __init__(self, method: str, weights: str | None = None, device: str = "auto") -> None:
        if method not in METHODS:
            raise InputError(f"There is no explanation {method} for reports; use one of {', '.join(METHODS)}.")
        self._method, self._weights, self._device = method, weights, device
        self._loaded: dict[str, FrameExplainer | None] = {}

    def __call__(self, record: FrameRecord, rgb: UInt8Array) -> Explanation | None:
        """The frame with the relevance over it.

        Args:
            record: what the project knows of the frame.
            rgb: (H, W, 3) uint8, the frame as it is shown.

        Returns:
            None where no network had a say, where the one that had is not here any more, or where it marks nothing.

        Raises:
            WeightsError: the weights that were asked for cannot be used.
        """
        explainer = self._explainer(record)
        if explainer is None:
            return None
        frame = Frame(record.key.index, record.key.time_s, record.key.source_hash, rgb)
        info = explainer.info
        request = ExplanationRequest(self._method, class_id=info.class_id, threshold=info.threshold)
        try:
            relevance = explainer.explain(frame, request)
        except NothingPredictedError:
            return None
        trust = relevance.trust
        shares = f"{trust.inside:.0%} inside the mask, {trust.rim:.0%} at its rim, {trust.outside:.0%} outside"
        caption = f"{self._method}, {explainer.weights_id}: {trust.verdict}; {shares}."
        return Explanation(picture(frame, relevance), caption)

    def _explainer(self, record: FrameRecord) -> FrameExplainer | None:
        # The id of weights is their name and a sum of their content.
        name = self._weights or record.weights.split("@")[0]
        if name and name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded.get(name)

    def _load(self, name: str) -> FrameExplainer | None:
        try:
            return FrameExplainer.load(name, self._device)
        except WeightsError:
            if self._weights is not None:
                raise
            return None
