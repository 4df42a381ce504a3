"""Weights files: strict, verified, and never able to run code."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from medseg_gui import paths
from medseg_gui.errors import OutputError, WeightsError
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import (
    WeightsInfo,
    copy_weights,
    find_weights,
    list_weights,
    load_network,
    read_info,
    save_weights,
)

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "256", "threshold": "0.5", "seed": "7"}


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network("unet_lite0").eval()


@pytest.fixture
def saved(network: torch.nn.Module) -> WeightsInfo:
    return save_weights(paths.user_models_dir(), "mine", network, HEADER, "# mine")


def test_saved_weights_predict_as_before(saved: WeightsInfo, network: torch.nn.Module) -> None:
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(load_network(saved)(x), network(x), atol=2e-2, rtol=2e-2)


def test_header_and_card_are_read_back(saved: WeightsInfo) -> None:
    assert (saved.network, saved.class_id, saved.input_size, saved.threshold) == ("unet_lite0", 1, 256, 0.5)
    assert saved.extra == {"seed": "7"}
    assert saved.card.startswith("# mine")


def test_found_by_name_and_by_path(saved: WeightsInfo) -> None:
    assert "mine" in {w.name for w in list_weights()}
    assert find_weights("mine").files == find_weights(saved.files[0]).files
    with pytest.raises(WeightsError, match="no weights called yours"):
        find_weights("yours")


def test_a_changed_byte_is_noticed(saved: WeightsInfo) -> None:
    data = bytearray(saved.files[0].read_bytes())
    data[-100] ^= 1
    saved.files[0].write_bytes(data)
    with pytest.raises(WeightsError, match="sha256 differs"):
        load_network(read_info(saved.files[0]))


def test_two_versions_have_two_ids(saved: WeightsInfo, tmp_path: Path) -> None:
    other = save_weights(tmp_path, "mine", build_network("unet_lite0"), HEADER, "")
    assert other.weights_id != saved.weights_id


def test_numbers_that_are_not_finite_are_refused(network: torch.nn.Module, tmp_path: Path) -> None:
    broken = build_network("unet_lite0")
    broken.load_state_dict(network.state_dict())
    broken.segmentation_head[0].bias.data.fill_(float("nan"))
    info = save_weights(tmp_path, "broken", broken, HEADER, "")
    with pytest.raises(WeightsError, match="not finite"):
        load_network(info)


def test_weights_of_another_network_are_refused(network: torch.nn.Module, tmp_path: Path) -> None:
    info = save_weights(tmp_path, "odd", network, {**HEADER, "network": "unet_resnet34"}, "")
    with pytest.raises(WeightsError, match="another network"):
        load_network(info)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="does not say which network"):
        read_info(tmp_path / "a.safetensors")


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("ran.txt", "w"))


def test_a_pickle_under_our_ending_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.safetensors").write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        read_info(tmp_path / "a.safetensors")
    assert not (tmp_path / "ran.txt").exists()


@pytest.mark.parametrize("size", [0, 7, 500])
def test_a_truncated_file_is_refused(saved: WeightsInfo, size: int) -> None:
    saved.files[0].write_bytes(saved.files[0].read_bytes()[:size])
    with pytest.raises(WeightsError):
        load_network(read_info(saved.files[0]))


def test_large_weights_are_cut_and_a_missing_part_is_told(
    network: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medseg_gui.networks.weights._SHARD_BYTES", 4 * 1024**2)
    info = save_weights(tmp_path, "large", network, HEADER, "")
    assert len(info.files) > 1
    assert {k for f in info.files for k in load_file(f)} == set(network.state_dict())
    load_network(info)
    info.files[1].unlink()
    with pytest.raises(WeightsError, match="is missing"):
        read_info(info.files[0])


class Killed(BaseException):
    """Nothing may catch it."""


def killed_after(count: int) -> Callable[..., None]:
    """`os.replace` of a process that is killed before its next one after so many."""
    done: list[int] = []

    def replace(source: Path, target: Path) -> None:
        if len(done) == count:
            raise Killed
        done.append(1)
        source.rename(target)

    return replace


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_kill_while_saving_leaves_the_old_weights_or_the_new(
    network: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int, reads: bool
) -> None:
    """Wherever it strikes: one version is loaded, and the next saving is whole, whether or not somebody read first."""
    monkeypatch.setattr("medseg_gui.networks.weights._SHARD_BYTES", [0, 90, 0, 4][parts] * 1024**2)
    other = build_network("unet_lite0").eval()
    old, new = (load_network(save_weights(tmp_path / n, "w", w, HEADER, "")) for n, w in (("a", network), ("b", other)))
    found = []
    for count in range(parts + 3):
        info = save_weights(tmp_path / "run", "w", network, HEADER, "")
        assert len(info.files) == parts
        with monkeypatch.context() as patched, contextlib.suppress(Killed):
            patched.setattr(os, "replace", killed_after(count))
            save_weights(tmp_path / "run", "w", other, HEADER, "")
        if reads:
            loaded = load_network(read_info(info.files[-1]))
            found.append("new" if same(loaded, new) else "old" if same(loaded, old) else "neither")
        assert same(load_network(save_weights(tmp_path / "run", "w", other, HEADER, "")), new)
    assert found == (["old"] + ["new"] * (parts + 2) if reads else [])


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Whether all their tensors are equal."""
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in one.state_dict().items())


def test_copying_never_writes_over(saved: WeightsInfo, tmp_path: Path) -> None:
    copied = copy_weights(saved, tmp_path / "out")
    load_network(copied)
    with pytest.raises(OutputError, match="already holds"):
        copy_weights(saved, tmp_path / "out")


def test_a_full_disk_is_told(network: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("medseg_gui.networks.weights.save_file", full)
    with pytest.raises(OutputError, match="free some space"):
        save_weights(tmp_path, "mine", network, HEADER, "")


def test_every_shipped_file_is_what_its_card_says() -> None:
    for info in list_weights():
        load_network(info)
        assert "research use" in info.card.lower()
