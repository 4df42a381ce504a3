"""Every network of the registry, small and in double precision, with BatchNorm statistics that are not trivial."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from medseg_gui.explain import ExplainedNetwork
from medseg_gui.networks import NETWORKS, build_network
from tests.small_networks import size_of, small_networks


@dataclass(frozen=True, eq=False)
class Case:
    """A network, the same one ready to be explained, and a picture."""

    name: str
    network: nn.Module
    explained: ExplainedNetwork
    x: Tensor
    start: Tensor


def random_network(name: str, seed: int = 0) -> nn.Module:
    """Random weights, biases and BatchNorm statistics, double precision, eval mode."""
    torch.manual_seed(seed)
    with small_networks():
        network = build_network(name)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, 0, 0.1)
    return network.double().eval().requires_grad_(False)


def without_biases(network: nn.Module) -> nn.Module:
    """Remove everything that is not a product of weights and values."""
    for module in network.modules():
        for name in ("bias", "running_mean"):
            if isinstance(getattr(module, name, None), Tensor):
                nn.init.zeros_(getattr(module, name))
    return network


def picture_for(name: str, seed: int = 1) -> Tensor:
    side = size_of(name)
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def explained_of(network: nn.Module, x: Tensor) -> ExplainedNetwork:
    return ExplainedNetwork(network, x, torch.tensor(-1.0), torch.tensor(1.0))


def start_of(logits: Tensor) -> Tensor:
    """relu(logit) of the strongest quarter of the pixels, summing to 1."""
    strongest = logits >= logits.flatten().quantile(0.75)
    start = logits.clamp(min=0) * strongest
    return start / start.sum()


def case_of(name: str, bias_free: bool = False) -> Case:
    network = random_network(name)
    if bias_free:
        without_biases(network)
    x = picture_for(name)
    twin = random_network(name)
    twin.load_state_dict(network.state_dict())
    return Case(name, network, explained_of(twin, x), x, start_of(network(x)))


_CASES: dict[tuple[str, bool], Case] = {}


def _kept(name: str, bias_free: bool) -> Case:
    if (name, bias_free) not in _CASES:
        _CASES[name, bias_free] = case_of(name, bias_free)
    return _CASES[name, bias_free]


@pytest.fixture(params=list(NETWORKS))
def case(request: pytest.FixtureRequest) -> Case:
    return _kept(request.param, bias_free=False)


@pytest.fixture(params=list(NETWORKS))
def bias_free_case(request: pytest.FixtureRequest) -> Case:
    return _kept(request.param, bias_free=True)


@pytest.fixture(autouse=True, scope="module")
def _forget_cases() -> Iterator[None]:
    """All of them at once take gigabytes."""
    yield
    _CASES.clear()
    gc.collect()
