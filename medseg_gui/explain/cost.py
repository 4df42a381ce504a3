"""What explanations cost, counted in floating point operations, not timed.

On the CPU: the backward pass of a GPU runs in a thread of its own, where nobody counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from medseg_gui.explain import EXPLAINERS, SIGNED, ExplainedNetwork, LrpPass
from medseg_gui.explain.rules import RULES
from medseg_gui.types import POLYP, ExplanationRequest


def flops(work: Callable[[], Any]) -> int:
    """Floating point operations of some work (its convolutions and matrix products)."""
    with _Counter() as counter:
        work()
    return counter.total


def flops_of(explained: ExplainedNetwork, x: Tensor, request: ExplanationRequest) -> int:
    """Operations of one explanation, its forward pass included."""

    def explain() -> None:
        run = EXPLAINERS[request.method](explained, x, request)
        run.explain(torch.ones_like(run.logits) / run.logits.numel())

    return flops(explain)


def flops_of_pixels_alone(explained: ExplainedNetwork, x: Tensor, rule: str) -> int:
    """Operations of LRP when only the pixels' relevance is asked for: blocks come at no further cost."""

    def explain() -> None:
        run = LrpPass(explained, x, rule)
        run.follow(torch.ones_like(run.logits) / run.logits.numel(), [run.pixels])

    return flops(explain)


def requests(class_id: int = POLYP) -> dict[str, ExplanationRequest]:
    """Everything there is to be compared: each rule of LRP, and each activation map at the last block."""
    rules = {f"lrp {rule}": ExplanationRequest("lrp", rule, class_id=class_id) for rule in RULES}
    cams = [m for m in EXPLAINERS if m not in SIGNED]
    return rules | {m: ExplanationRequest(m, class_id=class_id) for m in cams}


class _Counter(TorchDispatchMode):
    """Adds up torch's own figures; its FlopCounterMode follows modules and fails under `autograd.grad`."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result
