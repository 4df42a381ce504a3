"""The loop learns, stops, resumes and reports, for every network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import InputError, TrainingError
from medseg_gui.networks import NETWORKS, build_network
from medseg_gui.networks.weights import load_network
from medseg_gui.training.loop import Run, train
from medseg_gui.training.recipe import default_recipe
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.training.steps import AdversarialStep, build_step


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """Twelve frames with one bright disc each, and its exact mask."""
    folder = tmp_path_factory.mktemp("blobs")
    rng = np.random.default_rng(0)
    examples = []
    for i in range(12):
        image, mask = rng.integers(40, 90, (64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
        centre = tuple(int(v) for v in rng.integers(20, 44, 2))
        cv2.circle(mask, centre, 12, 255, -1)
        image[mask > 0] += 120
        for name, picture in (("image", image), ("mask", mask)):
            cv2.imwrite(str(folder / f"{name}{i}.png"), picture)
        examples.append(Example(folder / f"image{i}.png", folder / f"mask{i}.png", "A", f"A/{i}"))
    return examples


def run_of(blobs: list[Example], folder: Path, network: str = "unet_lite0", **changes: Any) -> Run:
    size = 256 if network == "gan" else 64
    recipe = default_recipe(network, size=size, batch_size=2, validation_fraction=0.34, **changes)
    training, validation = split_by_group(blobs, recipe.validation_fraction, 0)
    return Run(recipe, training, validation, RunFolder(folder), torch.device("cpu"))


@pytest.mark.parametrize("network", list(NETWORKS))
def test_every_network_trains_and_its_weights_load(blobs: list[Example], tmp_path: Path, network: str) -> None:
    run = run_of(blobs[:6], tmp_path, network, epochs=1)
    events: list[dict[str, Any]] = []
    run.report = events.append
    weights = train(run)
    assert weights is not None
    load_network(weights)
    assert [e["event"] for e in events] == [*["step"] * 2, "epoch", "done"]
    assert [e["event"] for e in run.folder.events()] == ["epoch", "done"]


def test_images_without_the_object_are_shown_more_often(blobs: list[Example], tmp_path: Path) -> None:
    run = run_of(blobs, tmp_path, epochs=1, negative_repeats=3)
    run.training = [*blobs[:4], replace(blobs[4], mask=None), replace(blobs[5], mask=None)]
    steps: list[dict[str, Any]] = []
    run.report = steps.append
    train(run)
    assert steps[0]["steps"] == (4 + 2 * 3) / run.recipe.batch_size


def test_the_loss_falls(blobs: list[Example], tmp_path: Path) -> None:
    run = run_of(blobs, tmp_path, epochs=6, lr=3e-3)
    train(run)
    losses = [e["loss"] for e in run.folder.events() if e["event"] == "epoch"]
    assert losses[-1] < 0.7 * losses[0]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(blobs: list[Example], tmp_path: Path) -> None:
    whole = run_of(blobs, tmp_path / "whole", epochs=3)
    train(whole)

    class KilledError(Exception):
        pass

    def kill_in_second_epoch(event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["epoch"] == 1 and event["step"] == 1:
            raise KilledError

    broken = run_of(blobs, tmp_path / "broken", epochs=3)
    broken.report = kill_in_second_epoch
    with pytest.raises(KilledError):
        train(broken)
    broken.report = lambda event: None
    train(broken, resume=True)
    first, second = (torch.load(tmp_path / n / "resume.pt", weights_only=True) for n in ("whole", "broken"))
    assert second["epoch"] == 3
    torch.testing.assert_close(second["network"], first["network"])


def test_another_recipe_is_not_resumed(blobs: list[Example], tmp_path: Path) -> None:
    train(run_of(blobs, tmp_path, epochs=1))
    with pytest.raises(InputError, match="another recipe"):
        train(run_of(blobs, tmp_path, epochs=2), resume=True)


def test_a_damaged_state_is_told(blobs: list[Example], tmp_path: Path) -> None:
    (tmp_path / "resume.pt").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be resumed"):
        train(run_of(blobs, tmp_path), resume=True)


def test_it_stops_when_asked(blobs: list[Example], tmp_path: Path) -> None:
    run = run_of(blobs, tmp_path, epochs=50)
    run.should_stop = lambda: True
    assert train(run) is None


def test_a_loss_that_is_no_number_ends_the_run(
    blobs: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "medseg_gui.training.steps.dice_cross_entropy", lambda logits, truth: logits.sum() * float("nan")
    )
    with pytest.raises(TrainingError, match="no longer a number"):
        train(run_of(blobs, tmp_path, epochs=1))


def test_too_few_images_are_told(blobs: list[Example], tmp_path: Path) -> None:
    run = run_of(blobs, tmp_path)
    run.training = run.training[:1]
    with pytest.raises(InputError, match="fewer than 2"):
        train(run)


def test_the_gan_learns_against_its_discriminator(blobs: list[Example], tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = default_recipe("gan", batch_size=2)
    step = build_step(build_network("gan"), recipe, 10)
    assert isinstance(step, AdversarialStep)
    images, masks = torch.randn(2, 3, 256, 256), torch.zeros(2, 1, 256, 256)
    masks[:, :, 64:128, 64:128] = 1
    losses = [step(images, masks) for _ in range(4)]
    judged = ["discriminator" in loss for loss in losses]
    assert judged == [i % recipe.adversarial_every == 0 for i in range(4)]
    assert losses[-1]["loss"] < losses[0]["loss"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"network": "vgg"}, "vgg"),
        ({"network": "unet_lite0", "size": 100}, "multiple of 32"),
        ({"network": "gan", "size": 128}, "256 only"),
        ({"network": "unet_lite0", "epochs": 0}, "greater than zero"),
    ],
)
def test_senseless_recipes_are_told(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        default_recipe(**changes)
