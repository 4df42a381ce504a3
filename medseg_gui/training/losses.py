"""Loss functions on logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_dice_loss(logits: Tensor, truth: Tensor, smooth: float = 1.0) -> Tensor:
    """One minus soft Dice, per image, averaged over the batch.

    `smooth` makes an empty truth ask for silence: the loss is 0 only where nothing is marked.

    Args:
        logits: (B, 1, H, W) float.
        truth: (B, 1, H, W) float in [0, 1].
        smooth: added above and below, in pixels.

    Returns:
        Scalar in [0, 1].

    Source: Milletari et al. 2016 (V-Net), eq. in section 3, with the plain sum below.
    """
    probability = torch.sigmoid(logits.float()).flatten(1)
    truth = truth.float().flatten(1)
    overlap = (probability * truth).sum(1)
    total = probability.sum(1) + truth.sum(1)
    return (1 - (2 * overlap + smooth) / (total + smooth)).mean()


def dice_cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Soft Dice loss plus binary cross-entropy, scalar; shapes as `soft_dice_loss`."""
    return soft_dice_loss(logits, truth) + F.binary_cross_entropy_with_logits(logits.float(), truth.float())
