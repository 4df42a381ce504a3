"""Frame in, relevance out: what the window and the command line rely on."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from medseg_gui.errors import DroppedError, ExplanationError, InputError, NothingPredictedError
from medseg_gui.explain import EXPLAINERS
from medseg_gui.explain.rules import RULES
from medseg_gui.explanation import FrameExplainer
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import WeightsInfo, save_weights
from medseg_gui.segmenter import Segmenter
from medseg_gui.types import INSTRUMENT, ExplanationRequest, Frame, Target

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> WeightsInfo:
    torch.manual_seed(5)  # untrained, it marks two lesions on a quarter of the frame
    return save_weights(tmp_path_factory.mktemp("w"), "tiny", build_network("unet_lite0"), HEADER, "")


@pytest.fixture(scope="module")
def explainer(info: WeightsInfo) -> FrameExplainer:
    return FrameExplainer(info, "cpu")


def frame_of(seed: int = 0) -> Frame:
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    return Frame(seed, 0.1 * seed, "id", cv2.resize(noise, (80, 60)).astype(np.uint8))


def request_for(method: str, **changes: object) -> ExplanationRequest:
    return replace(ExplanationRequest(method=method, threshold=0.4), **changes)


@pytest.fixture(params=list(EXPLAINERS))
def method(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_relevance_tells_where_it_comes_from(explainer: FrameExplainer, method: str) -> None:
    frame, request = frame_of(3), request_for(method)
    found = explainer.explain(frame, request)
    assert (found.frame_index, found.source_id, found.size) == (3, "id", (60, 80))
    assert (found.weights, found.request) == (explainer.weights_id, request)
    assert found.values.shape == found.lesion_numbers.shape == (64, 64)
    assert found.values.dtype == np.float32
    assert found.lesion_numbers.dtype == np.uint8
    assert not found.values.flags.writeable
    assert found.latency_ms > 0
    trust = found.trust
    assert trust.inside + trust.rim + trust.outside == pytest.approx(1)
    assert trust.stability is trust.agreement is None


def test_maps_of_lesions_add_up(explainer: FrameExplainer, method: str) -> None:
    found = explainer.explain(frame_of(), request_for(method))
    assert len(found.lesions) == found.lesion_numbers.max() >= 2
    np.testing.assert_allclose(np.sum(found.lesions, axis=0), found.values, atol=1e-6 * np.abs(found.values).max())
    alone = explainer.explain(frame_of(), request_for(method, target=Target("lesion", number=1)))
    assert alone.lesions == ()
    share = np.abs(found.lesions[0]).sum() / np.abs(alone.values).sum()
    np.testing.assert_allclose(alone.values * share, found.lesions[0], atol=2e-4 * np.abs(found.values).max())


def test_layers_come_with_lrp_and_not_with_activation_maps(explainer: FrameExplainer) -> None:
    found = explainer.explain(frame_of(), request_for("lrp"))
    assert tuple(layer.name for layer in found.layers) == explainer.layer_names
    assert [layer.values.shape[0] for layer in found.layers] == [32, 16, 8, 4, 2, 4, 8, 16, 32, 64]
    assert all(layer.total == pytest.approx(float(layer.values.sum()), abs=1e-4) for layer in found.layers)
    assert set(found.trust.skips) == {"encoder 1", "encoder 2", "encoder 3", "encoder 4"}
    assert found.trust.ledger_error < 1e-4
    for cam in ("gradcam", "hirescam"):
        found = explainer.explain(frame_of(), request_for(cam, layer=explainer.cam_layer_names[2]))
        assert found.layers == ()
        assert found.trust.ledger_error is None
        assert found.values.min() >= 0
        assert found.values.sum() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("kind", ["mask", "lesion", "pixel", "rim", "nearest_miss"])
def test_every_target_under_every_rule(explainer: FrameExplainer, rule: str, kind: str) -> None:
    target = Target(kind, x=40, y=30) if kind == "pixel" else Target(kind, number=1)
    found = explainer.explain(frame_of(), request_for("lrp", rule=rule, target=target))
    assert np.isfinite(found.values).all()
    assert np.abs(found.values).sum() > 0
    assert found.trust.ledger_error < 1e-3


def test_what_was_not_marked_speaks_the_same_language_under_zplus(explainer: FrameExplainer) -> None:
    """Red stays what speaks for: z⁺ knows nothing else."""
    request = request_for("lrp", rule="zplus", threshold=0.999, target=Target("nearest_miss"))
    assert explainer.explain(frame_of(), request).values.min() >= -1e-6


def test_the_same_request_gives_the_same_map_also_with_noise(explainer: FrameExplainer, method: str) -> None:
    request = request_for(method, smooth=True, with_stability=True)
    first, second = (explainer.explain(frame_of(), request) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    assert first.trust == second.trust
    assert -1 <= first.trust.stability <= 1
    assert -1 <= first.trust.agreement <= 1
    plain = explainer.explain(frame_of(), request_for(method))
    assert not np.array_equal(plain.values, first.values)


@pytest.mark.parametrize("extra", [{"smooth": True}, {"with_stability": True}, {}])
def test_an_explanation_can_be_given_up_between_its_passes(
    explainer: FrameExplainer, extra: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    whole = explainer.explain(frame_of(), request_for("lrp", **extra), lambda: bool(asked.append(0)))  # type: ignore[func-returns-value]
    assert whole.lesions
    assert len(asked) >= {"smooth": 8 * len(whole.lesions), "with_stability": 4}.get(next(iter(extra), ""), 1)
    passes: list[int] = []
    run = explainer._run
    monkeypatch.setattr(explainer, "_run", lambda *args: (passes.append(0), run(*args))[1])
    with pytest.raises(DroppedError):
        explainer.explain(frame_of(), request_for("lrp", **extra), lambda: len(passes) >= 2 or not extra)
    assert len(passes) <= 2


def test_smoothing_keeps_shares_and_ledger(explainer: FrameExplainer) -> None:
    """A mean over copies explains no more than one of them: shares must not add up over copies."""
    plain, smooth = (explainer.explain(frame_of(), request_for("lrp", rule="zplus", smooth=s)) for s in (False, True))
    assert sum(smooth.trust.skips.values()) == pytest.approx(sum(plain.trust.skips.values()), abs=0.2)
    assert smooth.trust.ledger_error < 1e-3
    assert [y.total for y in smooth.layers] == pytest.approx([y.total for y in plain.layers], abs=0.2)


def test_an_empty_prediction_is_told(explainer: FrameExplainer, method: str) -> None:
    request = request_for(method, threshold=0.9999)
    with pytest.raises(NothingPredictedError, match="nearest miss"):
        explainer.explain(frame_of(), request)
    found = explainer.explain(frame_of(), replace(request, target=Target("nearest_miss")))
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize(
    "change",
    [
        {"method": "tea-leaves"},
        {"rule": "golden"},
        {"class_id": INSTRUMENT},
        {"threshold": 1.0},
        {"target": Target("moon")},
        {"method": "hirescam", "layer": "cellar"},
    ],
)
def test_requests_that_make_no_sense(explainer: FrameExplainer, change: dict) -> None:
    with pytest.raises(InputError):
        explainer.explain(frame_of(), replace(request_for("lrp"), **change))


def test_relevance_that_is_not_finite_is_told_and_never_given(info: WeightsInfo) -> None:
    explainer = FrameExplainer(info, "cpu")
    for weights in explainer._explained.book.layers.values():
        weights.weight = weights.weight * 1e12  # beyond single precision after a few layers
        weights.of_terms.clear()
    with pytest.raises(ExplanationError, match="not finite"):
        explainer.explain(frame_of(), request_for("lrp", rule="epsilon"))


def test_a_full_gpu_falls_back_to_the_cpu(
    info: WeightsInfo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    explainer = FrameExplainer(info, "cpu")
    plain = explainer.explain(frame_of(), request_for("lrp"))
    whole = explainer._explain
    monkeypatch.setattr(explainer, "choice", replace(explainer.choice, device=torch.device("cuda")))

    def full_once(frame: Frame, request: ExplanationRequest, *rest: object) -> object:
        if explainer.choice.device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(frame, request, *rest)

    monkeypatch.setattr(explainer, "_explain", full_once)
    with caplog.at_level(logging.WARNING):
        found = explainer.explain(frame_of(), request_for("lrp"))
    assert explainer.fell_back
    assert "GPU" in explainer.choice.reason
    assert "memory" in caplog.text
    np.testing.assert_array_equal(found.values, plain.values)


def test_an_altered_network_is_explained_as_altered(info: WeightsInfo, explainer: FrameExplainer) -> None:
    def silence(network: nn.Module) -> None:
        network.segmentation_head[0].weight.data.neg_()

    x = explainer.prepare(frame_of().rgb)
    other = FrameExplainer(info, "cpu", alter=silence)
    np.testing.assert_allclose(other.predict(x), 1 - explainer.predict(x), atol=1e-5)


def test_two_threads_predict_and_explain_as_one_does(info: WeightsInfo) -> None:
    """Engines with hooks give wrong predictions here, and no error."""
    frames = [frame_of(i) for i in range(6)]
    requests = [request_for("lrp", rule="zplus"), request_for("lrp", rule="epsilon"), request_for("hirescam")]
    segmenter, alone = Segmenter(info, "cpu"), FrameExplainer(info, "cpu")
    masks = [segmenter.predict([f.rgb])[0] for f in frames]
    maps = [[alone.explain(f, r).values for f in frames] for r in requests]
    wrong: list[str] = []

    def predict() -> None:
        for _ in range(3):
            for frame, mask in zip(frames, masks, strict=True):
                if not np.array_equal(segmenter.predict([frame.rgb])[0], mask):
                    wrong.append("prediction")

    def explain(explainer: FrameExplainer, request: ExplanationRequest, wanted: list[np.ndarray]) -> None:
        for frame, values in zip(frames, wanted, strict=True):
            if not np.array_equal(explainer.explain(frame, request).values, values):
                wrong.append(f"{request.method} {request.rule}")

    workers = [threading.Thread(target=predict)]
    workers += [
        threading.Thread(target=explain, args=(FrameExplainer(info, "cpu"), r, m))
        for r, m in zip(requests, maps, strict=True)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


def test_predicting_with_the_very_network_that_is_being_explained(explainer: FrameExplainer) -> None:
    """Stronger than asked for: even one shared network gives the same, since nothing is hung on its modules."""
    x = explainer.prepare(frame_of().rgb)
    wanted = explainer.predict(x)
    stop = threading.Event()

    def explain() -> None:
        while not stop.is_set():
            explainer.explain(frame_of(1), request_for("lrp"))

    worker = threading.Thread(target=explain)
    worker.start()
    predictions = [explainer.predict(x) for _ in range(20)]
    stop.set()
    worker.join()
    assert all(np.array_equal(p, wanted) for p in predictions)
