"""Loss functions on logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# Of the frame: marking so much of an empty frame costs half of what missing a whole lesion costs.
_FALSE_SHARE = 0.01


def soft_dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """One minus soft Dice, per image, averaged over the batch.

    Dice says nothing on a frame that shows none: it is 1 whatever is marked, so that no step leads towards silence.
    There the loss is a / (a + 1 % of the frame) for a marked area a, which falls with every pixel that is given up.

    Args:
        logits: (B, 1, H, W) float.
        truth: (B, 1, H, W) float in [0, 1].

    Returns:
        Scalar in [0, 1].

    Source: Milletari et al. 2016 (V-Net), eq. in section 3, with the plain sum below.
    """
    probability = torch.sigmoid(logits.float()).flatten(1)
    truth = truth.float().flatten(1)
    overlap = (probability * truth).sum(1)
    area = truth.sum(1)
    smooth = torch.where(area > 0, 1.0, _FALSE_SHARE * truth.shape[1])
    return (1 - (2 * overlap + smooth) / (probability.sum(1) + area + smooth)).mean()


def dice_cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Soft Dice loss plus binary cross-entropy, scalar; shapes as `soft_dice_loss`."""
    return soft_dice_loss(logits, truth) + F.binary_cross_entropy_with_logits(logits.float(), truth.float())
