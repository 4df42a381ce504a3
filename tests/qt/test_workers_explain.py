"""The explain worker: the newest wins, explainers come and go with their weights; here with a true one, too."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui import paths
from medseg_gui.errors import WeightsError
from medseg_gui.qt.workers.explain import ExplainJob, ExplainWorker
from medseg_gui.qt.workers.explainers import Explainers, is_out_of_memory
from medseg_gui.types import ExplanationRequest, Frame, Target
from tests.qt.fakes import FakeExplainers, Heard


def job(index: int, weights: str = "fast", request: ExplanationRequest | None = None) -> ExplainJob:
    frame = Frame(index, index / 25, "id", np.full((48, 64, 3), 120, np.uint8))
    return ExplainJob(frame, weights, request or ExplanationRequest())


@pytest.fixture
def worker(qapp: object, explainers: FakeExplainers) -> Iterator[ExplainWorker]:
    made = ExplainWorker(explainers)
    made.start()
    yield made
    explainers.gate.set()
    made.stop()
    made.wait()


@pytest.fixture
def heard(worker: ExplainWorker) -> Heard:
    """What was explained."""
    return Heard(worker.explained)


def test_the_newest_job_wins(worker: ExplainWorker, qtbot: QtBot, explainers: FakeExplainers, heard: Heard) -> None:
    explainers.gate.clear()
    worker.explain(job(0))
    qtbot.waitUntil(lambda: explainers.indices == [0])
    for index in (1, 2, 3):
        worker.explain(job(index))
    explainers.gate.set()
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert [relevance.frame_index for _, relevance in heard.calls] == [0, 3]


def test_a_job_that_waits_can_be_withdrawn(
    worker: ExplainWorker, qtbot: QtBot, explainers: FakeExplainers, heard: Heard
) -> None:
    explainers.gate.clear()
    worker.explain(job(0))
    qtbot.waitUntil(lambda: explainers.indices == [0])
    worker.explain(job(1))
    worker.cancel()
    explainers.gate.set()
    qtbot.waitUntil(lambda: len(heard) == 1)
    worker.explain(job(2))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert explainers.indices == [0, 2]


@pytest.mark.parametrize("is_followed", [True, False])
def test_one_that_is_being_made_is_given_up_between_its_samples(
    worker: ExplainWorker, qtbot: QtBot, explainers: FakeExplainers, heard: Heard, is_followed: bool
) -> None:
    explainers.gate.clear()
    worker.explain(job(0, request=ExplanationRequest(smooth=True)))
    qtbot.waitUntil(lambda: explainers.indices == [0])
    if not is_followed:
        worker.cancel()
        explainers.gate.set()
    worker.explain(job(1))
    explainers.gate.set()
    qtbot.waitUntil(lambda: len(heard) == 1)
    assert heard.last[1].frame_index == 1


def test_an_explainer_is_loaded_once_and_again_after_it_was_let_go(
    worker: ExplainWorker, qtbot: QtBot, explainers: FakeExplainers, heard: Heard
) -> None:
    for index in (0, 1):
        worker.explain(job(index))
        qtbot.waitUntil(lambda i=index: len(heard) == i + 1)
    worker.keep(frozenset({"slow"}))
    for index, name in ((2, "slow"), (3, "fast")):
        worker.explain(job(index, name))
        qtbot.waitUntil(lambda i=index: len(heard) == i + 1)
    assert [e.name for e in explainers.loaded] == ["fast", "slow", "fast"]


def test_every_answer_carries_its_job(worker: ExplainWorker, qtbot: QtBot, heard: Heard) -> None:
    refused = Heard(worker.refused)
    asked = [job(4), job(5, request=ExplanationRequest(threshold=0.95))]
    worker.explain(asked[0])
    qtbot.waitUntil(lambda: len(heard) == 1)
    worker.explain(asked[1])
    qtbot.waitUntil(lambda: len(refused) == 1)
    assert heard.last[0] is asked[0]
    assert refused.last[0] is asked[1]


def test_what_may_be_kept_for_hours_lies_in_memory_of_its_own(
    worker: ExplainWorker, qtbot: QtBot, heard: Heard
) -> None:
    """Or it would break up the memory that every frame needs anew."""
    worker.explain(job(0))
    qtbot.waitUntil(lambda: len(heard) == 1)
    values = heard.last[1].values
    while isinstance(values, np.ndarray):
        values = values.base
    assert isinstance(values, memoryview)
    assert isinstance(values.obj, mmap.mmap)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate"), True),
        (RuntimeError("shape mismatch"), False),
        (MemoryError("out of memory"), False),
    ],
)
def test_a_full_card_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


@pytest.fixture
def true_explainers() -> Iterator[Explainers]:
    """Those of the program, with their process."""
    explainers = Explainers("cpu")
    yield explainers
    explainers.close()


def test_true_weights_are_explained(qapp: object, qtbot: QtBot, true_explainers: Explainers) -> None:
    from medseg_gui.networks import build_network
    from medseg_gui.networks.weights import save_weights

    header = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.4"}
    save_weights(paths.user_models_dir(), "mine", build_network("unet_lite0"), header, "# Mine")
    worker = ExplainWorker(true_explainers)
    heard, ready = Heard(worker.explained), Heard(worker.ready)
    worker.start()
    try:
        worker.explain(job(0, "mine", ExplanationRequest(rule="epsilon", target=Target("pixel", 10, 10))))
        qtbot.waitUntil(lambda: len(heard) == 1, timeout=60_000)
    finally:
        worker.stop()
        worker.wait()
    name, weights_id, cam_layer_names, _ = ready.last
    assert name == "mine"
    assert len(cam_layer_names) > 1
    relevance = heard.last[1]
    assert relevance.weights == weights_id
    assert relevance.values.shape == (64, 64)
    assert not relevance.values.flags.writeable
    assert relevance.layers


def test_weights_that_are_not_there_say_so(true_explainers: Explainers) -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        true_explainers.load("nowhere")
