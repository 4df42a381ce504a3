"""The cache of converted networks, and what happens where ONNX Runtime cannot be used."""

from __future__ import annotations

import errno
import logging
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_gui.errors import EngineError, InputError
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import WeightsInfo, save_weights
from medseg_gui.runtime import cache, engine
from medseg_gui.runtime.engine import cached_session, made_session
from medseg_gui.segmenter import Segmenter

pytest.importorskip("onnxruntime")

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}
PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> WeightsInfo:
    torch.manual_seed(0)
    return save_weights(tmp_path_factory.mktemp("w"), "tiny", build_network("unet_lite0"), HEADER, "")


def test_weights_are_converted_once(info: WeightsInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cached_session(info, 1) is None
    made = made_session(info, 1).predict([PICTURE])[0]
    monkeypatch.setattr(engine, "convert_into_cache", lambda _: pytest.fail("converted again"))
    np.testing.assert_array_equal(made_session(info, 1).predict([PICTURE])[0], made)


def test_other_weights_are_converted_for_themselves(info: WeightsInfo, tmp_path: Path) -> None:
    made_session(info, 1)
    torch.manual_seed(1)
    tuned = save_weights(tmp_path, "tiny", build_network("unet_lite0"), HEADER, "")
    assert cached_session(tuned, 1) is None
    wanted = Segmenter(tuned, "cpu").predict([PICTURE])[0]
    np.testing.assert_allclose(made_session(tuned, 1).predict([PICTURE])[0], wanted, atol=2e-4)


@pytest.mark.parametrize("damage", ["cut short", "one bit", "emptied", "a valid file that is no network"])
def test_a_damaged_cache_file_is_made_anew(info: WeightsInfo, damage: str) -> None:
    wanted = made_session(info, 1).predict([PICTURE])[0]
    path = cache.cache_file(info)
    whole = path.read_bytes()
    if damage == "a valid file that is no network":
        cache.write(path, b"no network")
    else:
        flipped = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
        path.write_bytes({"cut short": whole[:-100], "one bit": flipped, "emptied": b""}[damage])
    assert cached_session(info, 1) is None
    np.testing.assert_array_equal(made_session(info, 1).predict([PICTURE])[0], wanted)
    assert path.read_bytes() == whole
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_the_cache_keeps_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 2)
    for name in "ab":
        cache.write(tmp_path / f"{name}.onnx", name.encode())
    assert cache.read(tmp_path / "a.onnx") == b"a"
    cache.write(tmp_path / "c.onnx", b"c")
    assert {f.stem for f in tmp_path.iterdir()} == {"a", "c"}


def test_a_full_disk_costs_only_the_cache(
    info: WeightsInfo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "write", full)
    assert made_session(info, 1).predict([PICTURE])
    assert "No space left" in caplog.text


def test_without_the_runtime_torch_predicts_and_one_sentence_says_so(
    info: WeightsInfo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    wanted = Segmenter(info, "cpu").predict([PICTURE])[0]
    segmenter = Segmenter(info, "cpu", "auto")
    np.testing.assert_array_equal(segmenter.predict([PICTURE])[0], wanted)
    assert segmenter.engine_name == "torch"
    told = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "not installed" in told[0].getMessage()
    with pytest.raises(EngineError, match="not installed"):
        Segmenter(info, "cpu", "onnxruntime")


def test_an_engine_that_there_is_not_is_told(info: WeightsInfo) -> None:
    with pytest.raises(InputError, match="choose one of auto, torch, onnxruntime"):
        Segmenter(info, "cpu", "steam")


def test_the_engine_is_named_beside_the_device(info: WeightsInfo) -> None:
    assert Segmenter(info, "cpu", "torch").where == "CPU: as asked for · torch"
    assert Segmenter(info, "cpu", "auto").where.startswith("CPU: as asked for · ONNX Runtime ")


def test_two_threads_may_predict_at_once(info: WeightsInfo) -> None:
    rng = np.random.default_rng(2)
    pictures = [rng.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(40)]
    session = made_session(info, 2)
    alone = session.predict(pictures)
    found: dict[int, list[np.ndarray]] = {}
    together = threading.Barrier(2)

    def predict(number: int) -> None:
        together.wait()
        found[number] = session.predict(pictures[:: 1 if number else -1])

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for a, b, c in zip(alone, found[1], found[0][::-1], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_the_engine_may_change_while_another_thread_predicts(info: WeightsInfo) -> None:
    made_session(info, 1)
    segmenter = Segmenter(info, "cpu")
    wanted = segmenter.predict([PICTURE])[0]
    found: list[np.ndarray] = []
    begun, switched = threading.Event(), threading.Event()

    def keep_predicting() -> None:
        while not switched.is_set() or len(found) < 4:
            found.append(segmenter.predict([PICTURE])[0])
            begun.set()

    thread = threading.Thread(target=keep_predicting)
    thread.start()
    begun.wait()
    assert segmenter.use_cached_runtime()
    switched.set()
    thread.join()
    for probability in found:
        np.testing.assert_allclose(probability, wanted, atol=2e-4)
