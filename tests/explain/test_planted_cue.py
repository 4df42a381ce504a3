"""Check 7: a network that can only have looked at a planted marker; the map must find it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medseg_gui.explain import LrpPass
from medseg_gui.explain.rules import RULES
from tests.explain.conftest import explained_of

SIDE, MARKER = 24, 4


class CueNetwork(nn.Module):
    """Marks the whole picture when it sees the marker anywhere: two convolutions and a global maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = F.relu(self.second(F.relu(self.first(x))))
        return F.interpolate(self.head(F.adaptive_max_pool2d(seen, 1)), size=x.shape[2:])


def pictures(count: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Dim noise, half of it with a green marker in a corner; which have it; where it is."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(count, 3, SIDE, SIDE, generator=generator) * 0.1 - 0.05
    has = torch.arange(count) % 2 == 0
    support = torch.zeros(count, SIDE, SIDE, dtype=torch.bool)
    for i in range(0, count, 2):
        top, left = (int(v) * (SIDE - MARKER) for v in torch.randint(0, 2, (2,), generator=generator))
        x[i, 1, top : top + MARKER, left : left + MARKER] = 1
        # What a marked pixel's neurons see reaches two pixels further.
        support[i, max(0, top - 2) : top + MARKER + 2, max(0, left - 2) : left + MARKER + 2] = True
    return x, has.float(), support


@pytest.fixture(scope="module")
def network() -> CueNetwork:
    torch.manual_seed(0)
    network = CueNetwork()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    x, has, _ = pictures(32, seed=0)
    for _ in range(120):
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(network(x)[:, 0, 0, 0], has)
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.05
    return network


@pytest.mark.parametrize("rule", list(RULES))
def test_the_map_finds_the_cue(network: CueNetwork, rule: str) -> None:
    x, has, support = pictures(8, seed=7)
    explained = explained_of(network, x[:1])
    for picture, where in zip(x[has > 0], support[has > 0], strict=True):
        run = LrpPass(explained, picture[None], rule)
        assert float(run.logits.min()) > 0
        found = run.explain(run.logits / run.logits.sum()).pixels[0].clamp(min=0)  # what speaks for
        assert float(found[where].sum() / found.sum()) >= 0.9
