"""What each kind of explanation costs: operations counted and time taken, beside zennit's where it is installed."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from medseg_gui.errors import NothingPredictedError
from medseg_gui.evaluation.explanations import ways
from medseg_gui.explain import ExplainedNetwork
from medseg_gui.explain.cost import flops, flops_of
from medseg_gui.explanation import FrameExplainer
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import WeightsInfo, load_network
from medseg_gui.types import ExplanationRequest, Frame, Target

_WARM_UP = 1
_ZENNIT_RULES = ("epsilon", "zplus") if importlib.util.find_spec("zennit") is not None else ()


@dataclass(frozen=True)
class Cost:
    """One kind of explanation.

    Attributes:
        name: "lrp epsilon", "hirescam" …, "zennit epsilon".
        forwards: operations of the whole explanation as multiples of one forward pass, which it includes.
        median_ms: half of all took less.
        best_ms: the quickest: what it costs where nobody else wants the processor.
        per_forward: best time as a multiple of one forward pass's: the same on slower computers.
    """

    name: str
    forwards: float
    median_ms: float
    best_ms: float
    per_forward: float


def measure_costs(info: WeightsInfo, frames: Sequence[Frame], device: str = "auto") -> list[Cost]:
    """Count and time one forward pass and every kind of explanation on some frames.

    Args:
        info: which weights.
        frames: at least one.
        device: one of `device.DEVICES`.
    """
    explainer = FrameExplainer(info, device)
    x = explainer.prepare(frames[0].rgb)
    network = load_network(info).to(x.device).to(memory_format=torch.channels_last)
    asked = ways(explainer)
    works: dict[str, Callable[[Frame, Target], Any]] = {"forward": partial(_forward, network, x)}
    for name, request in asked.items():
        works[name] = partial(_explain, explainer, request)
    for rule in _ZENNIT_RULES:
        works[f"zennit {rule}"] = partial(_zennit, network, x, rule)
    targets = [_target_in(explainer, frame, next(iter(asked.values()))) for frame in frames]
    rounds = [_times_ms(works, frame, target) for frame, target in zip(frames, targets, strict=True)]
    counted = _counted(info, asked)
    return [_cost(name, counted[name], rounds) for name in works]


def table(costs: Sequence[Cost]) -> str:
    """Markdown table of costs."""
    lines = [
        "| explanation | forward passes (counted) | median ms | best ms | forward passes (best) |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {c.name} | {c.forwards:.2f} | {c.median_ms:.1f} | {c.best_ms:.1f} | {c.per_forward:.1f} |" for c in costs
    ]
    return "\n".join(lines)


def _counted(info: WeightsInfo, asked: Mapping[str, ExplanationRequest]) -> dict[str, float]:
    """Operations depend on the network alone: counted on the CPU with random weights and noise."""
    network = build_network(info.network).eval().requires_grad_(False)
    x = torch.rand(1, 3, info.input_size, info.input_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        forward = flops(lambda: network(x))
    explained = ExplainedNetwork(network, x, torch.tensor(0.0), torch.tensor(1.0))
    counted = {name: flops_of(explained, x, request) / forward for name, request in asked.items()}
    counted["forward"] = 1.0
    for rule in _ZENNIT_RULES:
        counted[f"zennit {rule}"] = flops(partial(_zennit, network, x, rule)) / forward
    return counted


def _cost(name: str, forwards: float, rounds: Sequence[Mapping[str, float]]) -> Cost:
    times = [r[name] for r in rounds]
    return Cost(name, forwards, statistics.median(times), min(times), min(times) / min(r["forward"] for r in rounds))


def _target_in(explainer: FrameExplainer, frame: Frame, request: ExplanationRequest) -> Target:
    """The whole mask or, where it is empty, the nearest miss: each explanation is then one, as the window makes it."""
    try:
        explainer.starts(explainer.prepare(frame.rgb), request, frame.size)
    except NothingPredictedError:
        return Target("nearest_miss")
    return request.target


def _explain(explainer: FrameExplainer, request: ExplanationRequest, frame: Frame, target: Target) -> None:
    explainer.explain(frame, replace(request, target=target))


@torch.inference_mode()
def _forward(network: torch.nn.Module, x: Tensor, *_frame: object) -> None:
    _wait(network(x))


def _zennit(network: torch.nn.Module, x: Tensor, rule: str, *_frame: object) -> None:
    # The cost is the same whether BatchNorm is merged or not, so the network is taken as it is.
    from zennit.composites import LayerMapComposite
    from zennit.rules import Epsilon, Pass, ZPlus
    from zennit.types import Activation, Convolution

    chosen = {"epsilon": Epsilon, "zplus": ZPlus}[rule]
    composite: Any = LayerMapComposite([(Activation, Pass()), (Convolution, chosen())])
    with torch.enable_grad(), composite.context(network) as hooked:
        pixels = x.detach().clone().requires_grad_()
        logits = hooked(pixels)
        _wait(torch.autograd.grad(logits, pixels, torch.ones_like(logits) / logits.numel())[0])


def _wait(result: Tensor) -> None:
    if result.device.type == "cuda":
        torch.cuda.synchronize(result.device)


def _times_ms(works: Mapping[str, Callable[[Frame, Target], Any]], frame: Frame, target: Target) -> dict[str, float]:
    """One round: each work once, warm, all within the same seconds, so that a busy hour slows them all."""
    times_ms = {}
    for name, work in works.items():
        for _ in range(_WARM_UP):
            work(frame, target)
        started = time.perf_counter()
        work(frame, target)
        times_ms[name] = (time.perf_counter() - started) * 1000
    return times_ms
