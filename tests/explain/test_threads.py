"""Two threads predict and explain through one network at once; every result is that of one thread alone."""

from __future__ import annotations

import threading

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medseg_gui.explain import EXPLAINERS
from medseg_gui.types import ExplanationRequest
from tests.explain.conftest import explained_of

FRAMES = 500
REQUESTS = (
    ExplanationRequest("lrp", "epsilon"),
    ExplanationRequest("lrp", "gamma"),
    ExplanationRequest("hirescam", layer="encoder"),
)


class SmallNetwork(nn.Module):
    """A U-Net of two levels with everything that could remember something: BatchNorm, in-place activation, skip."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(True))
        self.deep = nn.Sequential(nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU(True))
        self.up = nn.ConvTranspose2d(8, 6, 2, stride=2)
        self.head = nn.Conv2d(12, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.encoder(x)
        return self.head(torch.cat([F.leaky_relu(self.up(self.deep(skip)), 0.1), skip], dim=1))


def test_five_hundred_frames_in_two_threads_at_once() -> None:
    torch.manual_seed(0)
    network = SmallNetwork().eval()
    frames = torch.randn(FRAMES, 1, 3, 16, 16)
    explained = explained_of(network, frames[0])

    def predict(i: int) -> Tensor:
        with torch.inference_mode():
            return network(frames[i])

    def explain(i: int) -> Tensor:
        request = REQUESTS[i % len(REQUESTS)]
        run = EXPLAINERS[request.method](explained, frames[i], request)
        return run.explain(run.logits.clamp(min=0)).pixels

    alone = [[work(i) for i in range(FRAMES)] for work in (predict, explain)]
    together: list[list[Tensor]] = [[], []]
    begin = threading.Barrier(2)

    def run_all(which: int) -> None:
        begin.wait()
        together[which] = [(predict, explain)[which](i) for i in range(FRAMES)]

    threads = [threading.Thread(target=run_all, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for wanted, found in zip(alone, together, strict=True):
        assert len(found) == FRAMES
        assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))
    assert not torch.equal(alone[1][0], alone[1][3])  # frames and their maps do differ
