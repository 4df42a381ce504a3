"""Whether one explanation is true to its network, and what is kept of earlier measurements."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from medseg_gui.errors import DroppedError
from medseg_gui.explanation import FrameExplainer
from medseg_gui.explanation_check import BASELINES, check_frame, untrained
from medseg_gui.explanation_record import ExplanationRecord, read_record, record_file, write_record
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import WeightsInfo, save_weights
from medseg_gui.types import ExplanationRequest, Frame, Target

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}
PASSED = {"learnt": True, "faithful": True, "finds": True, "stable": True}


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> WeightsInfo:
    torch.manual_seed(0)
    return save_weights(tmp_path_factory.mktemp("w"), "tiny", build_network("unet_lite0"), HEADER, "")


@pytest.fixture(scope="module")
def explainer(info: WeightsInfo) -> FrameExplainer:
    return FrameExplainer(info, "cpu")


@pytest.fixture(scope="module")
def shuffled(info: WeightsInfo) -> FrameExplainer:
    return untrained(info, "cpu")


@pytest.fixture
def frame() -> Frame:
    return Frame(3, 0.1, "id", np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8))


@pytest.mark.parametrize("kind", ["mask", "pixel"])
@pytest.mark.parametrize("method", ["lrp", "hirescam"])
def test_a_map_stands_beside_maps_that_know_nothing(
    explainer: FrameExplainer, shuffled: FrameExplainer, frame: Frame, method: str, kind: str
) -> None:
    target = Target(kind, 40, 30) if kind == "pixel" else Target(kind)
    relevance = explainer.explain(frame, ExplanationRequest(method, "epsilon", threshold=0.4, target=target))
    told: list[tuple[int, int]] = []
    check = check_frame(explainer, shuffled, frame, relevance, progress=lambda *done: told.append(done))
    assert check.relevance is relevance
    assert tuple(m.name for m in check.maps) == ("map", *BASELINES)
    assert {len(m.deletion) for m in check.maps} == {len(m.insertion) for m in check.maps} == {11}
    # All maps begin with the same whole picture and end with the same blurred one.
    assert len({(round(m.deletion[0], 5), round(m.deletion[-1], 5)) for m in check.maps}) == 1
    by_name = {m.name: m for m in check.maps}
    assert by_name["edges"].randomised == pytest.approx(1)  # an edge map fails, as it must
    assert abs(by_name["noise"].randomised) < 0.3
    assert by_name["mask"].randomised is None
    assert told[-1] == (4, 4)


def test_a_map_that_ignores_the_weights_is_found_out(explainer: FrameExplainer, frame: Frame) -> None:
    """Against itself instead of a shuffled network, every method looks alike."""
    relevance = explainer.explain(frame, ExplanationRequest("lrp", "epsilon", threshold=0.4))
    check = check_frame(explainer, explainer, frame, relevance)
    assert check.maps[0].randomised == pytest.approx(1, abs=1e-3)
    assert not check.is_learnt


def test_a_check_can_be_stopped(explainer: FrameExplainer, shuffled: FrameExplainer, frame: Frame) -> None:
    relevance = explainer.explain(frame, ExplanationRequest("hirescam", threshold=0.4))
    begun: list[int] = []
    with pytest.raises(DroppedError):
        check_frame(explainer, shuffled, frame, relevance, lambda: bool(begun), lambda done, _: begun.append(done))
    assert begun == [0]


def test_ways_of_explaining_have_names() -> None:
    request = ExplanationRequest("layers", "gamma")
    assert request.way() == replace(request, method="lrp").way() == "lrp gamma"
    cam = ExplanationRequest("gradcam", layer="decoder 5")
    assert cam.way("decoder 5") == replace(cam, layer="").way() == "gradcam"
    assert cam.way("decoder 6") == "gradcam at decoder 5"


def figures(**changes: object) -> dict[str, object]:
    passes = {**PASSED, **changes}
    return {"randomised": 0.76, "deletion": 0.2, "insertion": 0.5, "mass": 0.4, "stability": 0.91, "passes": passes}


def test_what_failed_is_told_with_its_figures_and_comes_with_each_picture(info: WeightsInfo, frame: Frame) -> None:
    maps = {"lrp zplus": figures(learnt=False), "lrp epsilon": figures()}
    file = write_record(info, {"weights": info.weights_id, "images": 20, "maps": maps})
    try:
        record = read_record(info)
        assert record.images == 20
        assert list(record.warnings) == ["lrp zplus"]
        assert all(word in record.warnings["lrp zplus"] for word in ("shuffled weights", "0.76", "20 pictures"))
        explainer = FrameExplainer(info, "cpu")
        warned, free = (
            explainer.explain(frame, ExplanationRequest("lrp", rule, threshold=0.4)).trust
            for rule in ("zplus", "epsilon")
        )
    finally:
        file.unlink()
    assert warned.warning == warned.reason == record.warnings["lrp zplus"]
    assert warned.verdict == "suspect"
    assert free.warning == ""


def test_what_is_only_unstable_is_called_so(info: WeightsInfo, frame: Frame) -> None:
    maps = {"lrp epsilon": figures(stable=False), "lrp zplus": figures(stable=False, learnt=False)}
    file = write_record(info, {"weights": info.weights_id, "images": 20, "maps": maps})
    try:
        assert read_record(info).unstable == {"lrp epsilon"}
        trust = FrameExplainer(info, "cpu").explain(frame, ExplanationRequest("lrp", "epsilon", threshold=0.4)).trust
    finally:
        file.unlink()
    assert trust.verdict == "unstable"
    assert "slight noise" in trust.reason


def test_a_way_that_gave_empty_maps_is_told(info: WeightsInfo) -> None:
    """As Grad-CAM at a bottleneck of a single pixel may."""
    empty = {**figures(learnt=False), "randomised": None}
    file = write_record(info, {"weights": info.weights_id, "images": 2, "maps": {"gradcam at bottleneck": empty}})
    try:
        assert "empty" in read_record(info).warnings["gradcam at bottleneck"]
    finally:
        file.unlink()


@pytest.mark.parametrize("text", ["{", "[]", '{"weights": "tiny"}', '{"weights": 5, "maps": null}'])
def test_a_damaged_record_warns_once_and_harms_nothing(
    info: WeightsInfo, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = record_file(info)
    file.write_text(text.replace('"tiny"', json.dumps(info.weights_id)))
    try:
        with caplog.at_level(logging.WARNING):
            assert read_record(info) == ExplanationRecord()
    finally:
        file.unlink()


def test_a_record_of_other_weights_says_nothing_of_these(info: WeightsInfo) -> None:
    file = write_record(info, {"weights": "tiny@00000000", "images": 9, "maps": {"lrp zplus": figures(learnt=False)}})
    try:
        assert read_record(info) == ExplanationRecord()
    finally:
        file.unlink()
