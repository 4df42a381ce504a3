"""Checks 1 to 6 and 12 on the weights that come with the program, on a frame of the demo.

Trained weights are another matter than random ones: features that are never active, logits far from zero. Each network
is looked at under the rule that is hardest to balance (ε) and the one that is chosen at first; in double precision, as
the limits ask.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from medseg_gui import paths
from medseg_gui.explain import ExplainedNetwork, LrpPass, rules
from medseg_gui.explain.lrp import RelevanceMaps
from medseg_gui.media import open_source
from medseg_gui.networks.weights import find_weights, load_network
from medseg_gui.segmenter import affine_normalisation, as_input
from tests.explain.as_modules import as_modules, composite
from tests.explain.conftest import start_of, without_biases

# The generator takes 256² alone, where γ in double precision takes half a minute.
CASES = [("polyp-unet_lite0", "epsilon"), ("polyp-unet_lite0", "gamma"), ("instrument-unet_lite0", "gamma"),
         ("polyp-gan", "epsilon")]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, its pass over the frame, and the whole map."""

    network: nn.Module
    rule: str
    x: Tensor
    low: Tensor
    high: Tensor
    run: LrpPass
    start: Tensor
    maps: RelevanceMaps


def picture(network: nn.Module, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The frame as the network takes it, and the bounds of its pixels."""
    scale, shift = affine_normalisation(network, torch.device("cpu"))
    with open_source(str(paths.demo_clip())) as source:
        x = as_input([source.read(source.frame_count // 2).rgb], side, scale, shift)
    low, high = shift.double(), (255 * scale + shift).double()
    return x.double(), low, high


def strongest(logits: Tensor) -> Tensor:
    """As `start_of`; what speaks against where nothing speaks for."""
    return start_of(logits) if bool((logits > 0).any()) else -start_of(-logits)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def trained(request: pytest.FixtureRequest) -> Trained:
    name, rule = request.param
    network = load_network(find_weights(name))
    x, low, high = picture(network, 256 if "gan" in name else 96)
    network = network.double()
    explained = ExplainedNetwork(copy.deepcopy(network), x, low, high)
    run = LrpPass(explained, x, rule)
    start = strongest(run.logits)
    return Trained(network, rule, x, low, high, run, start, run.explain(start))


def largest(difference: Tensor, of: Tensor) -> float:
    return float(difference.abs().max() / of.abs().max())


def test_the_pass_computes_what_the_network_does(trained: Trained) -> None:
    """Check 1."""
    with torch.no_grad():
        assert largest(trained.run.logits - trained.network(trained.x), trained.run.logits) <= 1e-9


def test_equals_zennit(trained: Trained) -> None:
    """Check 2."""
    other = as_modules(copy.deepcopy(trained.network))
    with composite(trained.rule, other, trained.low, trained.high).context(other):
        x = trained.x.clone().requires_grad_()
        # The generator ends in 2·x, which zennit takes for a gradient of 2.
        start = trained.start / 2 if hasattr(other, "up") else trained.start
        found = torch.autograd.grad(other(x), x, start)[0].sum(1)
    assert largest(trained.maps.pixels - found, found) <= 1e-5


def test_without_biases_epsilon_is_gradient_times_input(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check 3. The picture is faint, so that no ReLU6 is driven to its upper end, where the two differ."""
    monkeypatch.setattr(rules, "EPSILON", 1e-12)
    network = without_biases(copy.deepcopy(trained.network))
    x = (trained.x * 0.01).requires_grad_()
    logits = network(x)
    start = strongest(logits.detach())
    gradient = torch.autograd.grad(logits, x, start / logits.detach())[0]
    wanted = (gradient * x.detach()).sum(1)
    explained = ExplainedNetwork(network, x.detach(), trained.low, trained.high)
    assert largest(LrpPass(explained, x.detach(), "epsilon").explain(start).pixels - wanted, wanted) <= 1e-3


def test_the_ledger_balances(trained: Trained) -> None:
    """Check 4."""
    assert trained.maps.ledger_error is not None
    assert trained.maps.ledger_error <= 1e-4


def test_the_ledger_balances_at_the_bottleneck(trained: Trained) -> None:
    """Check 5, with all skip connections under way."""
    mode = trained.run._mode
    arrived = sum(
        float(r.sum()) for r in trained.run.follow(trained.start, [mode.blocks["bottleneck"], *mode.skips.values()])
    )
    assert arrived + sum(mode.ledger.totals()) == pytest.approx(float(trained.start.sum()), abs=1e-4)


def test_maps_of_two_lesions_add_up(trained: Trained) -> None:
    """Check 6."""
    upper = torch.zeros_like(trained.start)
    upper[:, :, : upper.shape[2] // 2] = 1
    parts = [trained.run.explain(trained.start * part).pixels for part in (upper, 1 - upper)]
    assert largest(parts[0] + parts[1] - trained.maps.pixels, trained.maps.pixels) <= 1e-4


def test_maps_are_finite_and_not_empty(trained: Trained) -> None:
    """Check 12."""
    for values in (trained.maps.pixels, *trained.maps.blocks.values()):
        assert bool(torch.isfinite(values).all())
        assert bool(values.any())
