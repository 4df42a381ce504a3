"""Versions of weights: kept for ever, proposed only when not worse, and one can go back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from medseg_gui import paths
from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.manifest import manifest_hash
from medseg_gui.errors import DataError, InputError
from medseg_gui.networks import build_network
from medseg_gui.networks.weights import WeightsInfo, find_weights, load_network, save_weights
from medseg_gui.training.comparison import Comparison, FrameComparison, compare
from medseg_gui.training.versions import Versions

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5", "data": "abc"}


def weights(folder: Path, name: str, bias: float) -> WeightsInfo:
    """Weights that mark everything (a large bias) or nothing."""
    torch.manual_seed(0)
    network = build_network("unet_lite0")
    network.segmentation_head[0].bias.data.fill_(bias)
    return save_weights(folder, name, network, HEADER, f"# {name}\n\nA story. For research use.")


def summary(dice: float | None, alarms: int = 0) -> dict[str, Any]:
    return {"images": 3, "dice": dice, "falsely_marked": alarms, "empty_images": 4}


def comparison(before: float | None, after: float | None, alarms: tuple[int, int] = (0, 0)) -> Comparison:
    return Comparison(summary(before, alarms[0]), summary(after, alarms[1]), (FrameComparison("a.png", 0.5, 0.6),))


@pytest.mark.parametrize(
    ("found", "proposed"),
    [
        (comparison(0.80, 0.85), True),
        (comparison(0.80, 0.7995), True),  # the same within noise
        (comparison(0.80, 0.79), False),
        (comparison(0.80, 0.90, alarms=(1, 2)), False),
        (comparison(None, None, alarms=(2, 1)), True),
    ],
)
def test_worse_weights_are_not_proposed(found: Comparison, proposed: bool) -> None:
    assert found.is_proposed is proposed
    assert ("not proposed" in found.sentence) is not proposed
    assert f"{found.before['falsely_marked']} → {found.after['falsely_marked']}" in found.sentence


def test_a_version_knows_where_it_comes_from_and_is_active(tmp_path: Path) -> None:
    parent = weights(paths.user_models_dir(), "polyp-mine", 0)
    candidate = weights(tmp_path, "polyp-unet_lite0", 5)
    versions = Versions()
    version = versions.accept(candidate, parent, comparison(0.5, 0.6))
    assert version.name == "polyp-mine-v2"
    assert version.extra["parent"] == parent.weights_id
    assert version.extra["data"] == "abc"
    assert "0.5000 → 0.6000" in version.card
    assert "A story." in version.card
    assert versions.active(1) == "polyp-mine-v2"
    # The same numbers: half precision was lost once, not twice.
    torch.testing.assert_close(load_network(version).state_dict(), load_network(candidate).state_dict())
    third = versions.accept(candidate, find_weights("polyp-mine-v2"), comparison(0.6, 0.7))
    assert third.name == "polyp-mine-v3"
    assert versions.lineage("polyp-mine-v3") == [version.weights_id, parent.weights_id]
    assert not os.access(version.files[0], os.W_OK) or os.geteuid() == 0
    assert not version.files[0].stat().st_mode & 0o222


def test_a_worse_version_is_kept_but_not_active_and_one_can_go_back(tmp_path: Path) -> None:
    parent = weights(paths.user_models_dir(), "polyp-mine", 0)
    candidate = weights(tmp_path, "polyp-unet_lite0", 5)
    versions = Versions()
    versions.accept(candidate, parent, comparison(0.6, 0.5))
    assert versions.active(1) is None
    with pytest.raises(InputError, match="nothing to go back to"):
        versions.roll_back(1)
    versions.activate(parent)
    versions.activate(versions.accept(candidate, parent, comparison(0.5, 0.6)))
    assert versions.active(1) == "polyp-mine-v3"
    assert versions.roll_back(1) == "polyp-mine"
    assert versions.roll_back(1) is None


@pytest.fixture
def held_out(tmp_path: Path) -> list[Example]:
    """Three frames that show nothing but the object."""
    found = []
    for i in range(3):
        image, mask = tmp_path / f"i{i}.png", tmp_path / f"m{i}.png"
        cv2.imwrite(str(image), np.full((64, 64, 3), 100 + i, np.uint8))
        cv2.imwrite(str(mask), np.full((64, 64), 255, np.uint8))
        found.append(Example(image, mask, "A", f"A/{i}"))
    return found


def test_both_are_measured_on_the_same_frames(tmp_path: Path, held_out: list[Example]) -> None:
    nothing, everything = weights(tmp_path, "nothing", -50), weights(tmp_path, "everything", 50)
    found = compare(nothing, everything, held_out, "cpu")
    assert (found.before["dice"], found.after["dice"]) == (0, 1)
    assert [(f.before, f.after) for f in found.frames] == [(0, 1)] * 3
    assert found.is_proposed
    assert not compare(everything, nothing, held_out, "cpu").is_proposed
    with pytest.raises(DataError, match="no held-out frames"):
        compare(nothing, everything, [], "cpu")


def test_the_manifest_tells_any_change(held_out: list[Example]) -> None:
    before = manifest_hash(held_out)
    assert manifest_hash(reversed(held_out)) == before
    assert manifest_hash(held_out[:2]) != before
    cv2.imwrite(str(held_out[0].image), np.full((64, 64, 3), 7, np.uint8))
    assert manifest_hash(held_out) != before
    held_out[0].image.unlink()
    with pytest.raises(DataError, match="no longer there"):
        manifest_hash(held_out)
