"""Interpretability-guided augmentation: what gives a hospital away is taken away, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from medseg_gui.cli import run as medseg
from medseg_gui.data.dataset_folder import Example
from medseg_gui.errors import DataError
from medseg_gui.training import centre_masks
from medseg_gui.training.centre_classifier import TrainedClassifier, train_classifier
from medseg_gui.training.centre_masks import binarise, relied_pixels
from medseg_gui.training.examples import ExampleTensors
from medseg_gui.training.loop import Run, train
from medseg_gui.training.recipe import Recipe, default_recipe
from medseg_gui.training.run_folder import RunFolder
from tests.small_networks import small_networks

CPU = torch.device("cpu")


class FourPixels(torch.nn.Module):
    """A classifier of two centres whose features are known: channel 0 speaks for centre 0, channel 1 for centre 1."""

    def features(self, rgb: torch.Tensor) -> torch.Tensor:
        maps = torch.zeros(1, 2, 4, 4)
        maps[0, 0, 0, 0] = 5.0  # centre 0 is told by its upper left corner
        maps[0, 1, 3, 3] = 5.0  # centre 1 by its lower right one
        return maps

    def judge(self, features: torch.Tensor) -> torch.Tensor:
        return features.mean((2, 3))


def test_the_map_is_high_where_the_classifier_relied() -> None:
    classifier = TrainedClassifier(FourPixels(), ("a", "b"), 1.0, CPU, 64)  # type: ignore[arg-type]
    for centre, relied, other in (("a", (2, 2), (61, 61)), ("b", (61, 61), (2, 2))):
        cam = classifier.activation_map(np.zeros((9, 9, 3), np.uint8), centre)
        assert cam.shape == (64, 64)
        assert (cam[relied], cam[other]) == (1, 0)
        assert (binarise(cam)[relied], binarise(cam)[other]) == (1, 0)


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    """Two centres, three frames each, that differ by a box in a corner."""
    found = []
    for centre in ("a", "b"):
        folder = tmp_path / "data" / centre
        for part in ("images", "masks"):
            (folder / part).mkdir(parents=True)
        (folder / "patients.csv").write_text("image,patient\n" + "".join(f"{centre}{i},{i}\n" for i in range(3)))
        for i in range(3):
            picture, mask = np.full((64, 64, 3), 90 + i, np.uint8), np.zeros((64, 64), np.uint8)
            cv2.circle(mask, (32, 32), 8 + i, 255, -1)
            x = 4 if centre == "a" else 44
            picture[x : x + 16, x : x + 16] = 255
            cv2.imwrite(str(folder / "images" / f"{centre}{i}.png"), picture)
            cv2.imwrite(str(folder / "masks" / f"{centre}{i}.png"), mask)
            found.append(
                Example(
                    folder / "images" / f"{centre}{i}.png",
                    folder / "masks" / f"{centre}{i}.png",
                    centre,
                    f"{centre}/{i}",
                )
            )
    return found


def corner(example: Example) -> np.ndarray:
    """(64, 64) uint8: the box of an example's centre."""
    relied = np.zeros((64, 64), np.uint8)
    x = 4 if example.centre == "a" else 44
    relied[x : x + 16, x : x + 16] = 1
    return relied


def test_what_was_relied_on_becomes_zero_and_the_rest_stays(examples: list[Example]) -> None:
    """Polarity, all the way to the factor that multiplies the picture."""
    items = ExampleTensors(examples, v2.Resize((64, 64)), 64, 0, [corner(e) for e in examples], guided=1.0)
    image, mask, keep = items[0]
    assert set(keep.unique().tolist()) == {0.0, 1.0}
    np.testing.assert_array_equal(keep[0].numpy(), 1 - corner(examples[0]))
    assert (image * keep)[:, 4:20, 4:20].max() == 0
    torch.testing.assert_close((image * keep)[:, 24:], image[:, 24:])
    assert mask.sum() > 0


def test_masks_turn_with_their_picture(examples: list[Example]) -> None:
    items = ExampleTensors(examples, v2.RandomHorizontalFlip(p=1.0), 64, 0, [corner(e) for e in examples], guided=1.0)
    image, _, keep = items[0]
    bright = image.mean(0) > 0.9
    assert torch.equal(keep[0] == 0, bright)
    assert bright[4:20, 44:60].all()


@pytest.mark.parametrize(("p", "low", "high"), [(0.0, 0, 0), (0.5, 60, 140), (1.0, 200, 200)])
def test_about_p_of_the_images_are_masked(examples: list[Example], p: float, low: int, high: int) -> None:
    items = ExampleTensors(examples, v2.Identity(), 64, 0, [corner(e) for e in examples], guided=p)
    masked = sum(bool((items[epoch, 0][2] == 0).any()) for epoch in range(200))
    assert low <= masked <= high


def small_classifier(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One epoch unless a recipe has two; the list grows with the epochs of each training."""
    calls: list[int] = []

    def quick(found: list[Example], recipe: Recipe, *args: Any) -> TrainedClassifier:
        recipe = replace(recipe, classifier_epochs=min(recipe.classifier_epochs, 2))
        calls.append(recipe.classifier_epochs)
        return train_classifier(found, recipe, *args)

    monkeypatch.setattr(centre_masks, "train_classifier", quick)
    return calls


def recipe_of(network: str = "unet_lite0") -> Recipe:
    return default_recipe(network, size=64, batch_size=2, epochs=1, classifier_epochs=1, guided=1.0)


def test_masks_are_computed_once_and_kept(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = small_classifier(monkeypatch)
    events: list[dict[str, Any]] = []
    first = relied_pixels(examples, recipe_of(), tmp_path, CPU, report=events.append)
    second = relied_pixels(examples, recipe_of(), tmp_path, CPU, report=events.append)
    assert len(calls) == 1
    assert first.keys() == second.keys() == {e.image for e in examples}
    assert all(np.array_equal(first[k], second[k]) and first[k].shape == (64, 64) for k in first)
    assert [e["event"] for e in events] == ["classifier", "centre_masks", "centre_masks"]
    relied_pixels(examples[1:], recipe_of(), tmp_path, CPU)
    assert calls == [1, 1]  # other images, other masks
    relied_pixels(examples, replace(recipe_of(), classifier_epochs=2), tmp_path, CPU, report=events.append)
    assert calls == [1, 1, 2]  # another classifier, other masks
    assert [e["epoch"] for e in events if e["event"] == "classifier"] == [1, 1, 2]


def test_one_centre_alone_is_told_plainly(examples: list[Example], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two centres or more"):
        relied_pixels(examples[:3], recipe_of(), tmp_path, CPU)


@pytest.mark.parametrize("network", ["unet", "sdnet"])
def test_pictures_are_blackened_but_sdnet_loses_anatomy(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    monkeypatch.setattr(
        "medseg_gui.training.loop.relied_pixels", lambda found, *rest: {e.image: corner(e) for e in found}
    )
    monkeypatch.setattr("medseg_gui.training.loop.training_transform", lambda *args: v2.Resize((64, 64)))
    seen: list[tuple[torch.Tensor, torch.Tensor | None]] = []
    with small_networks():
        run = Run(recipe_of(network), examples[:4], examples[4:], RunFolder(tmp_path / "run"), CPU)
        from medseg_gui.networks import network_class

        method = "disentangle" if network == "sdnet" else "forward"
        plain = getattr(network_class(network), method)

        def watched(self: Any, x: torch.Tensor, keep: torch.Tensor | None = None) -> Any:
            if self.training:
                seen.append((x, keep))
            return plain(self, x, keep) if network == "sdnet" else plain(self, x)

        monkeypatch.setattr(network_class(network), method, watched)
        train(run)
    x, keep = seen[0]
    black = (0 - torch.tensor(network_class(network).mean)) / torch.tensor(network_class(network).std)
    boxes = (x[:, :, 4:20, 4:20] == black.view(1, 3, 1, 1)).all((1, 2, 3))
    if network == "sdnet":
        assert keep is not None
        assert not boxes.any()
        assert (keep == 0).any((1, 2, 3)).all()
    else:
        assert keep is None
        assert boxes.any()


def test_the_preview_writes_a_picture_and_trains_nothing(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_classifier(monkeypatch)
    words = ["--network", "unet_lite0", "-o", str(tmp_path / "run"), "--size", "64", "--batch-size", "2"]
    words += ["--interpretability-p", "0.5", "--preview", str(tmp_path / "p.png"), "--device", "cpu"]
    assert medseg(["train", str(tmp_path / "data"), *words, "--hold-out", "a/0"]) == 0
    picture = cv2.imread(str(tmp_path / "p.png"))
    assert picture.shape[1] == 3 * 64
    assert not (tmp_path / "run").exists()
