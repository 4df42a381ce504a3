"""Losses against plain arithmetic."""

from __future__ import annotations

import torch

from medseg_gui.training.losses import dice_cross_entropy, soft_dice_loss


def test_soft_dice_agrees_with_arithmetic() -> None:
    logits = torch.tensor([[[[0.0, 2.0], [-1.0, 3.0]]]])
    truth = torch.tensor([[[[0.0, 1.0], [1.0, 1.0]]]])
    p = torch.sigmoid(logits)
    wanted = 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1)
    torch.testing.assert_close(soft_dice_loss(logits, truth), wanted)


def test_perfect_masks_cost_nothing_and_silence_on_an_empty_frame_too() -> None:
    truth = torch.zeros(2, 1, 8, 8)
    truth[0, 0, :4] = 1
    logits = (truth * 2 - 1) * 40
    assert dice_cross_entropy(logits, truth) < 1e-5


def test_marking_an_empty_frame_costs() -> None:
    empty = torch.zeros(1, 1, 8, 8)
    assert soft_dice_loss(torch.full_like(empty, 40), empty) > 0.9


def test_on_an_empty_frame_every_pixel_given_up_counts() -> None:
    empty = torch.zeros(1, 1, 100, 100)
    logits = torch.full_like(empty, -40.0)
    logits[..., :10, :10] = 40.0  # 1 % of the frame
    torch.testing.assert_close(soft_dice_loss(logits, empty), torch.tensor(0.5))
    lesion = empty.clone()
    lesion[..., :10, :10] = 1
    blank = torch.zeros_like(empty, requires_grad=True)
    (towards_silence,) = torch.autograd.grad(soft_dice_loss(blank - 4, empty), blank)
    (towards_lesion,) = torch.autograd.grad(soft_dice_loss(blank - 4, lesion), blank)
    # On an empty frame a step weighs as much as on one with a lesion, within a factor of some.
    assert towards_silence.sum() > 0.1 * towards_lesion.abs().sum()


def test_images_count_alike_whatever_their_lesion_size() -> None:
    small, large = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16)
    small[..., :2, :2] = 1
    missed = torch.full((1, 1, 16, 16), -40.0)
    both = soft_dice_loss(torch.cat([missed, missed]), torch.cat([small, large]))
    torch.testing.assert_close(both, (soft_dice_loss(missed, small) + soft_dice_loss(missed, large)) / 2)
