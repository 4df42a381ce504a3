"""The loop learns, stops, resumes and reports, for every network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.splits import split_by_group
from medseg_gui.errors import DataError, InputError, TrainingError
from medseg_gui.networks import NETWORKS, build_network
from medseg_gui.networks.unet_lite0 import UNetLite0
from medseg_gui.networks.weights import load_network
from medseg_gui.training import loop
from medseg_gui.training.loop import Run, train
from medseg_gui.training.losses import LOSSES
from medseg_gui.training.memory import FittingBatches
from medseg_gui.training.recipe import Recipe, default_recipe, published_recipe
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.training.steps import AdversarialStep, build_step
from tests.small_networks import size_of, small_networks


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
    recipe = default_recipe(network, size=size_of(network), batch_size=2, validation_fraction=0.34, **changes)
    training, validation = split_by_group(blobs, recipe.validation_fraction, 0)
    return Run(recipe, training, validation, RunFolder(folder), torch.device("cpu"))


@pytest.mark.parametrize("network", list(NETWORKS))
def test_every_parameter_learns(network: str) -> None:
    side = size_of(network)
    with small_networks():
        learner = build_network(network).train()
    step = build_step(learner, default_recipe(network, size=side), 1)
    step(torch.rand(2, 3, side, side) * 2 - 1, torch.ones(2, 1, side, side))
    assert [n for n, p in learner.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("network", list(NETWORKS))
def test_every_network_trains_and_its_weights_load(blobs: list[Example], tmp_path: Path, network: str) -> None:
    run = run_of(blobs[:6], tmp_path, network, epochs=1)
    events: list[dict[str, Any]] = []
    run.report = events.append
    with small_networks():
        weights = train(run)
        assert weights is not None
        load_network(weights)
        tuned = train(replace(run, init=weights, folder=RunFolder(tmp_path / "tuned"), report=lambda event: None))
        assert tuned is not None
        assert tuned.extra["parent"] == weights.weights_id
    assert all(Path(f).is_file() for f in events[-2]["samples"])
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


@pytest.mark.parametrize("save_every_s", [loop.SAVE_EVERY_S, 0.0])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    blobs: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_every_s: float
) -> None:
    """From the last epoch, or from within one when there was time to save."""
    monkeypatch.setattr(loop, "SAVE_EVERY_S", save_every_s)
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
    saved = torch.load(tmp_path / "broken" / "resume.pt", weights_only=True)
    assert (saved["epoch"], saved["start"]) == (1, 0 if save_every_s else 1)
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
    weights = train(run_of(blobs, tmp_path, epochs=1))
    assert weights is not None
    kept = weights.weights_id
    monkeypatch.setitem(LOSSES, "dice+ce", lambda logits, truth: logits.sum() * float("nan"))
    state = torch.load(tmp_path / "resume.pt", weights_only=True)
    longer = run_of(blobs, tmp_path, epochs=2)
    torch.save({**state, "recipe": longer.recipe.to_json()}, tmp_path / "resume.pt")
    with pytest.raises(TrainingError, match="no longer a number"):
        train(longer, resume=True)
    left = longer.folder.weights()
    assert left is not None
    assert left.weights_id == kept
    load_network(left)


def test_a_stopped_run_goes_on_in_the_middle_of_an_epoch(blobs: list[Example], tmp_path: Path) -> None:
    """Bit for bit, dropout and drawn factors included: SDNet draws in every step."""
    with small_networks():
        train(run_of(blobs, tmp_path / "whole", "sdnet", epochs=2))
        broken = run_of(blobs, tmp_path / "broken", "sdnet", epochs=2)
        steps: list[dict[str, Any]] = []
        broken.report = steps.append
        broken.should_stop = lambda: len(steps) == 2
        assert train(broken) is None
        assert steps[-1] == {"event": "stopped", "epoch": 0, "step": 2}
        broken.should_stop = lambda: False
        assert train(broken, resume=True) is not None
    first, second = (torch.load(tmp_path / n / "resume.pt", weights_only=True) for n in ("whole", "broken"))
    assert all(torch.equal(first["network"][k], second["network"][k]) for k in first["network"])
    losses = [
        [e["loss"] for e in RunFolder(tmp_path / n).events() if e["event"] == "epoch"] for n in ("whole", "broken")
    ]
    assert losses[0] == pytest.approx(losses[1])


def test_a_stop_is_heard_after_each_step_also_where_an_epoch_is_one_step(blobs: list[Example], tmp_path: Path) -> None:
    """As with ten corrected frames."""
    run = run_of(blobs, tmp_path, epochs=4)
    run.training = run.training[: run.recipe.batch_size]
    events: list[dict[str, Any]] = []
    asked: list[int] = []

    def stop_after_second_step() -> bool:
        asked.append(sum(e["event"] == "step" for e in events))
        return asked[-1] == 2

    run.report, run.should_stop = events.append, stop_after_second_step
    assert train(run) is not None
    assert asked == [1, 2]
    assert [e["event"] for e in events] == ["step", "epoch", "step", "epoch", "stopped"]
    assert events[-1] == {"event": "stopped", "epoch": 2, "step": 0}
    run.should_stop = lambda: False
    assert train(run, resume=True) is not None
    assert [e["event"] for e in events[5:]] == ["step", "epoch", "step", "epoch", "done"]


def test_a_batch_that_does_not_fit_is_halved(
    blobs: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = UNetLite0.forward
    seen: list[int] = []

    def forward(self: UNetLite0, x: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        if self.training and len(x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(self, x)

    monkeypatch.setattr(UNetLite0, "forward", forward)
    run = run_of(blobs, tmp_path, epochs=1)
    run.recipe = replace(run.recipe, batch_size=8)
    assert train(run) is not None
    assert seen[:3] == [8, 4, 2]
    assert torch.load(tmp_path / "resume.pt", weights_only=True)["parts"] == 4


def test_when_nothing_fits_it_says_so() -> None:
    def full(images: torch.Tensor) -> dict[str, float]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(TrainingError, match="smaller --size"):
        FittingBatches().learn(full, torch.zeros(8, 3, 4, 4))


def test_masks_that_mark_nothing_are_told(blobs: list[Example], tmp_path: Path) -> None:
    run = run_of(blobs, tmp_path)
    run.training = [replace(e, mask=None) for e in run.training]
    with pytest.raises(DataError, match="marks anything"):
        train(run)


def test_a_recipe_of_an_older_version_is_read() -> None:
    recipe = default_recipe("gan")
    known = json.loads(recipe.to_json())
    del known["guided"], known["schedule"]
    assert Recipe.from_json(json.dumps(known)) == recipe
    with pytest.raises(InputError, match="newer version"):
        Recipe.from_json(json.dumps({**known, "unheard_of": 1}))


@pytest.mark.parametrize("network", ["gan", "unet", "unet_resnet34", "deeplabv3plus_resnet101", "sdnet"])
def test_published_recipes_are_those_of_the_papers(network: str) -> None:
    recipe = published_recipe(network)
    wanted = {"gan": (10, 8, 2e-4), "unet_resnet34": (30, 8, 1e-4)}.get(network, (300, 4, 1e-5))
    assert (recipe.epochs, recipe.batch_size, recipe.lr) == wanted
    assert recipe.schedule == "constant"
    side = size_of(network)
    with small_networks():
        learner = build_network(network)
    step = build_step(learner, replace(recipe, size=side), 2)
    losses = step(torch.rand(2, 3, side, side) * 2 - 1, torch.ones(2, 1, side, side))
    if network == "gan":
        assert losses["loss"] == pytest.approx(losses["adversarial"] + 100 * losses["l1"], rel=1e-4)
    if network == "sdnet":
        parts = losses["reconstruction"] + 0.01 * losses["kl"] + 10 * losses["dice"] + losses["latent"]
        assert losses["loss"] == pytest.approx(parts, rel=1e-4)


def test_our_networks_have_no_published_recipe() -> None:
    with pytest.raises(InputError, match="use ours"):
        published_recipe("unet_lite0")


def test_too_few_images_are_told(blobs: list[Example], tmp_path: Path) -> None:
    run = run_of(blobs, tmp_path)
    run.training = run.training[:1]
    with pytest.raises(InputError, match="fewer than 2"):
        train(run)


def test_the_gan_learns_against_its_discriminator(blobs: list[Example], tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = default_recipe("gan", batch_size=2)
    with small_networks():
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
        ({"network": "unet", "guided": 1.5}, "between 0 and 1"),
        ({"network": "unet", "loss": "l2"}, "no loss"),
    ],
)
def test_senseless_recipes_are_told(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        default_recipe(**changes)
