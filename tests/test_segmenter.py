"""Frame in, segmentation out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_gui.errors import InputError
from medseg_gui.networks import build_network, normalisation
from medseg_gui.networks.weights import WeightsInfo, save_weights
from medseg_gui.runtime.session import shrink
from medseg_gui.segmenter import Segmenter, merge
from medseg_gui.types import INSTRUMENT, POLYP, Frame

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> WeightsInfo:
    torch.manual_seed(0)
    return save_weights(tmp_path_factory.mktemp("w"), "tiny", build_network("unet_lite0"), HEADER, "")


@pytest.fixture(scope="module")
def segmenter(info: WeightsInfo) -> Segmenter:
    return Segmenter(info, "cpu")


def frame_of(rgb: np.ndarray, index: int = 3) -> Frame:
    return Frame(index, 0.12, "id", rgb)


def test_a_segmentation_tells_where_it_comes_from(segmenter: Segmenter) -> None:
    found = segmenter.segment(frame_of(np.zeros((48, 80, 3), np.uint8)))
    assert (found.frame_index, found.source_id, found.size) == (3, "id", (48, 80))
    assert found.weights == {POLYP: segmenter.weights_id}
    assert found.latency_ms > 0
    probability = found.probability[POLYP]
    assert probability.shape == (64, 64)
    assert probability.dtype == np.float32
    assert 0 <= probability.min() <= probability.max() <= 1
    assert not probability.flags.writeable


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_a_frame_that_was_made_small_ahead_gives_the_same(info: WeightsInfo, engine: str) -> None:
    segmenter = Segmenter(info, "cpu", engine)
    rgb = np.random.default_rng(2).integers(0, 256, (90, 160, 3), np.uint8)
    frame = frame_of(rgb)
    ahead = replace(frame, small={32: shrink(rgb, 32), segmenter.input_size: shrink(rgb, segmenter.input_size)})
    wanted = segmenter.segment(frame).probability[POLYP]
    np.testing.assert_array_equal(segmenter.segment(ahead).probability[POLYP], wanted)


def test_preparing_is_the_written_normalisation(segmenter: Segmenter) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in normalisation(segmenter.network))
    wanted = (torch.from_numpy(rgb).permute(2, 0, 1) / 255 - mean) / std
    torch.testing.assert_close(segmenter.prepare([rgb])[0], wanted, atol=1e-5, rtol=1e-5)


def test_a_batch_gives_what_single_frames_give(segmenter: Segmenter) -> None:
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((30, 40), (64, 64), (100, 50))]
    together = segmenter.predict(pictures)
    for picture, probability in zip(pictures, together, strict=True):
        np.testing.assert_allclose(segmenter.predict([picture])[0], probability, atol=1e-5)


def test_two_classes_are_merged(segmenter: Segmenter, tmp_path: Path) -> None:
    other = save_weights(tmp_path, "tool", build_network("unet_lite0"), {**HEADER, "class": "instrument"}, "")
    frame = frame_of(np.zeros((48, 80, 3), np.uint8))
    parts = [segmenter.segment(frame), Segmenter(other, "cpu").segment(frame)]
    both = merge(parts)
    assert set(both.probability) == set(both.weights) == {POLYP, INSTRUMENT}
    assert both.latency_ms == pytest.approx(sum(p.latency_ms for p in parts))


def test_a_device_that_is_not_here_is_told(info: WeightsInfo) -> None:
    with pytest.raises(InputError, match="choose one of"):
        Segmenter(info, "abacus")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="no cuda device"):
            Segmenter(info, "cuda")
