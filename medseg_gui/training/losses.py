"""Loss functions on logits."""

from __future__ import annotations

from collections.abc import Callable

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


def focal_loss(logits: Tensor, truth: Tensor, gamma: float = 2.0) -> Tensor:
    """Cross-entropy that counts (1 − p of the right answer)^γ, scalar; shapes as `soft_dice_loss`.

    Source: Lin et al. 2017, arXiv 1708.02002, eq. 4.
    """
    entropy = F.binary_cross_entropy_with_logits(logits.float(), truth.float(), reduction="none")
    return ((1 - torch.exp(-entropy)) ** gamma * entropy).mean()


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of N(mean, variance) from N(0, 1), summed over the vector, mean over the batch.

    Args:
        mean, log_variance: (B, N).

    Source: Kingma & Welling 2014, appendix B.
    """
    mean, log_variance = mean.float(), log_variance.float()
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1).mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"dice+ce": dice_cross_entropy, "dice": soft_dice_loss}
