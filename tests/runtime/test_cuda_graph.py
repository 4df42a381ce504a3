"""A network as a recorded graph: on a stand-in for the card everywhere, on a true one where there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from medseg_gui.errors import EngineError
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import WeightsInfo, save_weights
from medseg_gui.runtime.cuda_graph import CudaGraphSession
from medseg_gui.segmenter import Segmenter, affine_normalisation

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}
PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


class Card:
    """Stands in for CUDA: what is recorded runs again at each replay, with `wrong` added to what it gives."""

    def __init__(self) -> None:
        self.recorded: list[Callable[[], None]] = []
        self.is_recording = False
        self.replays = 0
        self.wrong = 0.0
        self.refuses = False


class Stream:
    """Does everything at once."""

    def __init__(self, device: object = None) -> None: ...

    def wait_stream(self, other: object) -> None: ...

    def synchronize(self) -> None: ...


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """In place of `torch.cuda` and page-locked memory."""
    card = Card()
    step = CudaGraphSession._step

    class Graph:
        def replay(self) -> None:
            card.replays += 1
            session = card.recorded[-1]
            session()

    @contextmanager
    def graph(_: Graph, **__: object) -> Iterator[None]:
        if card.refuses:
            raise RuntimeError("operation not permitted when stream is capturing")
        card.is_recording = True
        yield
        card.is_recording = False

    @contextmanager
    def stream(_: Stream) -> Iterator[None]:
        yield

    def step_or_record(session: CudaGraphSession) -> None:
        def run() -> None:
            step(session)
            session._probability.add_(card.wrong)

        if card.is_recording:
            card.recorded.append(run)
        else:
            step(session)

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    monkeypatch.setattr(CudaGraphSession, "_step", step_or_record)
    return card


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> WeightsInfo:
    torch.manual_seed(0)
    return save_weights(tmp_path_factory.mktemp("w"), "tiny", build_network("unet_lite0"), HEADER, "")


def record(info: WeightsInfo) -> CudaGraphSession:
    network = Segmenter(info, "cpu").network
    return CudaGraphSession(network, *affine_normalisation(network, torch.device("cpu")), info.input_size)


def test_a_replay_gives_what_the_network_gives(card: Card, info: WeightsInfo) -> None:
    session = record(info)
    before = card.replays
    first, second = session.predict([PICTURE, PICTURE[::-1]])
    assert card.replays == before + 2
    wanted = Segmenter(info, "cpu").predict([PICTURE, PICTURE[::-1]])
    np.testing.assert_allclose(first, wanted[0], atol=1e-5)
    np.testing.assert_allclose(second, wanted[1], atol=1e-5)


def test_a_recording_that_sees_something_else_is_not_used(card: Card, info: WeightsInfo) -> None:
    card.wrong = 0.1
    with pytest.raises(EngineError, match="sees something else"):
        record(info)


def test_what_cannot_be_recorded_says_so(card: Card, info: WeightsInfo) -> None:
    card.refuses = True
    with pytest.raises(EngineError, match="cannot be recorded"):
        record(info)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA card")
def test_on_a_true_card_the_masks_are_those_of_the_layers(info: WeightsInfo, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        recorded, layers = Segmenter(info, "cuda", "auto"), Segmenter(info, "cuda", "torch")
    assert not caplog.records
    assert recorded.where.endswith("CUDA graph")
    for picture in (PICTURE, PICTURE[::-1]):
        np.testing.assert_allclose(recorded.predict([picture])[0], layers.predict([picture])[0], atol=2e-2)
