"""Teach a network to tell hospitals apart, and see by which pixels it does: class activation maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from medseg_gui.data.dataset_folder import Example
from medseg_gui.errors import DataError
from medseg_gui.media.image_file import read_image
from medseg_gui.networks.centre_classifier import CentreClassifier
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.training.recipe import Recipe
from medseg_gui.types import FloatArray, UInt8Array

_LR = 1e-4


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """A classifier and what it was taught.

    Attributes:
        network: in eval mode.
        centres: their names, in the order of its outputs.
        accuracy: share of its training images that it tells rightly, in [0, 1].
        device: it runs on.
        size: side of its pictures, pixels.
    """

    network: CentreClassifier
    centres: tuple[str, ...]
    accuracy: float
    device: torch.device
    size: int

    def activation_map(self, rgb: UInt8Array, centre: str) -> FloatArray:
        """Grad-CAM of the image's own centre: (size, size) float32, 0 (not used) to 1 (relied on most).

        Gradients of the last convolution's output, averaged over the image, weigh its channels; their sum, without its
        negative part, is stretched to [0, 1] and enlarged. Source: Selvaraju 2017, eq. 1 and 2.

        Args:
            rgb: (H, W, 3) uint8.
            centre: one of `centres`.
        """
        pixels = _as_tensor([rgb], self.size).to(self.device)
        with torch.no_grad():
            features = self.network.features(pixels)
        features = features.detach().requires_grad_()
        score = self.network.judge(features)[0, self.centres.index(centre)]
        gradient = torch.autograd.grad(score, features)[0]
        with torch.no_grad():
            cam = (gradient.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True).relu()
            return _stretched(cam, self.size)

    @torch.no_grad()
    def centre_of(self, rgb: UInt8Array) -> str:
        """Which centre it takes a picture, (H, W, 3) uint8, for."""
        return self.centres[int(self.network(_as_tensor([rgb], self.size).to(self.device)).argmax())]


def train_classifier(
    examples: Sequence[Example],
    recipe: Recipe,
    device: torch.device,
    weights: Path | None = None,
    report: Callable[[dict[str, Any]], None] = lambda event: None,
) -> TrainedClassifier:
    """Teach a classifier on exactly the images that a segmentation network will learn from.

    Args:
        examples: the training part; never images of a left-out centre.
        recipe: size, batch size, seed and passes over the images (`classifier_epochs`) are taken from it.
        device: what to train on.
        weights: ImageNet weights of a ResNet-50.
        report: told after each epoch.

    Raises:
        DataError: there is one centre only.

    Source: Corbetta, Beets-Tan & Silva 2023, section 2.1.
    """
    centres = tuple(sorted({e.centre for e in examples}))
    if len(centres) < 2:
        raise DataError(
            "Interpretability-guided augmentation needs images of two centres or more, and these are of one; train "
            "without it."
        )
    torch.manual_seed(recipe.seed)
    network = CentreClassifier(len(centres))
    if weights is not None:
        load_encoder_weights(network, weights)
    network = network.to(device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_LR)
    labels = torch.tensor([centres.index(e.centre) for e in examples], device=device)
    pictures = _as_tensor([read_image(e.image) for e in examples], recipe.size)
    accuracy, epochs = 0.0, recipe.classifier_epochs
    for epoch in range(epochs):
        order = torch.from_numpy(np.random.default_rng((recipe.seed, epoch)).permutation(len(examples)))
        network.train()
        for batch in _batches(order, recipe.batch_size):
            loss = F.cross_entropy(network(pictures[batch].to(device)), labels[batch])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        accuracy = _accuracy(network.eval(), pictures, labels, recipe.batch_size)
        report({"event": "classifier", "epoch": epoch + 1, "epochs": epochs, "accuracy": accuracy})
    return TrainedClassifier(network.eval().requires_grad_(False), centres, accuracy, device, recipe.size)


@torch.no_grad()
def _accuracy(network: CentreClassifier, pictures: Tensor, labels: Tensor, batch_size: int) -> float:
    found = [network(part.to(labels.device)).argmax(1) for part in pictures.split(batch_size)]
    return float((torch.cat(found) == labels).float().mean())


def _batches(order: Tensor, size: int) -> list[Tensor]:
    """Whole batches; a last one of one image alone, which batch norm cannot learn from, goes to the one before it."""
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def _as_tensor(pictures: Sequence[UInt8Array], size: int) -> Tensor:
    """(B, 3, size, size) float32 in [0, 1]."""
    small = [cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA) for p in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 255


def _stretched(cam: Tensor, size: int) -> FloatArray:
    low, high = cam.min(), cam.max()
    # A flat map relies on no place more than on another.
    even = (cam - low) / (high - low) if high > low else torch.zeros_like(cam)
    large = F.interpolate(even, size=(size, size), mode="bilinear", align_corners=False)
    return np.asarray(large[0, 0].cpu().numpy(), np.float32)
