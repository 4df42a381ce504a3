"""Is a map true to the network and does it find the object? Measures, and the baselines without which they say nothing.

The predicted mask, taken as if it were a map, scores as well as every method (mass 0.94, insertion 0.81 measured): a
method is worth something where it does better than mask, edges and noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from medseg_gui.types import BoolArray, FloatArray, UInt8Array

PATCH_PX = 16
STEPS = 10
_BATCH = 8

Predict = Callable[[Tensor], FloatArray]


@dataclass(frozen=True)
class Curves:
    """Mean probability in the mask while patches go (deletion) or come (insertion), STEPS + 1 points each."""

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]

    @property
    def deletion_area(self) -> float:
        """Small where the map is true: what it calls relevant is missed soon."""
        return _area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Large where the map is true: what it calls relevant suffices soon."""
        return _area(self.insertion)


def deletion_and_insertion(
    predict: Predict, x: Tensor, values: FloatArray, mask: BoolArray, go_on: Callable[[], None] = lambda: None
) -> Curves:
    """What becomes of the probability while patches of the picture go or come, the most relevant first.

    What goes is blurred, not blackened, which would be a picture of another kind.

    Args:
        predict: (B, 3, S, S) pictures -> (B, S, S) probabilities.
        x: (1, 3, S, S) the picture, normalised.
        values: (S, S) relevance; negative counts less than none.
        mask: (S, S) bool, where the probability is looked at.
        go_on: called before each batch; may raise to stop.

    Source: Petsiuk 2018 (RISE), with patches as in Samek 2017.
    """
    blurred = _blurred(x)
    rank = _rank_of_patches(values)
    last = rank.max() + 1
    chosen = [torch.from_numpy(rank < share * last).to(x.device) for share in np.linspace(0, 1, STEPS + 1)]
    pictures = torch.cat(
        [torch.where(c, blurred, x) for c in chosen] + [torch.where(c, x, blurred) for c in chosen[1:-1]]
    )
    means: list[float] = []
    for batch in pictures.split(_BATCH):
        go_on()
        means += predict(batch)[:, mask].mean(1).tolist()
    deletion = tuple(means[: STEPS + 1])
    # Nothing inserted is all deleted, and the other way around.
    return Curves(deletion, (deletion[-1], *means[STEPS + 1 :], deletion[0]))


def mass_accuracy(values: FloatArray, truth: BoolArray) -> float:
    """Share of the positive relevance that lies in the truth, in [0, 1]. Arras 2022 (CLEVR-XAI)."""
    positive = np.maximum(values, 0)
    total = float(positive.sum())
    return float(positive[truth].sum()) / total if total > 0 else 0.0


def rank_accuracy(values: FloatArray, truth: BoolArray) -> float:
    """Share of the truth among as many most relevant pixels, in [0, 1]. Arras 2022."""
    count = int(truth.sum())
    best = np.argsort(-values.ravel(), kind="stable")[:count]
    return float(truth.ravel()[best].mean()) if count else 0.0


def points_at(values: FloatArray, truth: BoolArray) -> bool:
    """The pointing game: whether the most relevant pixel lies in the truth. Zhang 2018."""
    return bool(truth.ravel()[int(np.argmax(values))])


def edge_map(rgb: UInt8Array, side: int) -> FloatArray:
    """Sobel gradient magnitude of the grey picture, (side, side): a baseline that knows no network."""
    grey = cv2.cvtColor(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    dx, dy = (cv2.Sobel(grey, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(dx, dy), np.float32)


def noise_map(side: int, seed: int) -> FloatArray:
    """Uniform noise, (side, side)."""
    return np.random.default_rng(seed).random((side, side), np.float32)


def shuffle_weights(network: nn.Module, seed: int = 0) -> None:
    """Put the weights of each layer in random order: same numbers, nothing learnt. Adebayo 2018, section 3.

    BatchNorm keeps its statistics, so that values stay in their range.
    """
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            flat = parameter.data.flatten()
            order = torch.randperm(flat.numel(), generator=generator).to(flat.device)
            parameter.data.copy_(flat[order].view_as(parameter))


def _rank_of_patches(values: FloatArray) -> FloatArray:
    """For each pixel the rank of its patch, 0 the most relevant, (S, S)."""
    side = len(values)
    count = max(1, side // PATCH_PX)
    means = cv2.resize(values.astype(np.float32), (count, count), interpolation=cv2.INTER_AREA)
    ranks = np.empty(means.size, np.float32)
    ranks[np.argsort(-means.ravel(), kind="stable")] = np.arange(means.size)
    return np.asarray(
        cv2.resize(ranks.reshape(count, count), (side, side), interpolation=cv2.INTER_NEAREST), np.float32
    )


def _blurred(x: Tensor) -> Tensor:
    channels = x[0].permute(1, 2, 0).contiguous().cpu().numpy()
    smooth = cv2.GaussianBlur(channels, (0, 0), x.shape[-1] / 16)
    return torch.from_numpy(smooth).to(x.device).permute(2, 0, 1)[None]


def _area(curve: tuple[float, ...]) -> float:
    """By the trapezium rule over [0, 1]."""
    return float(np.trapezoid(curve, dx=1 / STEPS))
