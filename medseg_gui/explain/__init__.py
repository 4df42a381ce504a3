"""Why a network says what it says. Functions on tensors and arrays; no frames, no files, no window.

To add a method: a class with `logits` and `explain(start)`, and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from medseg_gui.explain.explained_network import ExplainedNetwork
from medseg_gui.explain.grad_cam import CamPass
from medseg_gui.explain.lrp import LrpPass, RelevanceMaps
from medseg_gui.types import ExplanationRequest


class Explanation(Protocol):
    """A network's pass over some pictures, ready to be explained."""

    logits: Tensor

    def explain(self, start: Tensor) -> RelevanceMaps:
        """Follow a start relevance, of the logits' shape, back."""
        ...


Explainer = Callable[[ExplainedNetwork, Tensor, ExplanationRequest], Explanation]


def _lrp(explained: ExplainedNetwork, x: Tensor, request: ExplanationRequest) -> Explanation:
    return LrpPass(explained, x, request.rule)


def _grad_cam(explained: ExplainedNetwork, x: Tensor, request: ExplanationRequest) -> Explanation:
    return CamPass(explained, x, request.layer, high_resolution=False)


def _hires_cam(explained: ExplainedNetwork, x: Tensor, request: ExplanationRequest) -> Explanation:
    return CamPass(explained, x, request.layer, high_resolution=True)


# Every LRP pass gives the relevance of all blocks, so "layers" is another way to show it, not another way to make it.
EXPLAINERS: dict[str, Explainer] = {"lrp": _lrp, "layers": _lrp, "gradcam": _grad_cam, "hirescam": _hires_cam}
SIGNED = frozenset({"lrp", "layers"})
