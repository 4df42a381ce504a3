"""Augmentation of image and mask together, through torchvision.transforms.v2."""

from __future__ import annotations

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2


def training_transform(size: int, share: float = 0.8) -> v2.Transform:
    """What a training frame goes through: what another hold of the scope or another lamp could have shown.

    Args:
        size: side of the square that comes out, pixels.
        share: of the images that are turned and zoomed, and of those that are recoloured, in [0, 1]; flips come always.

    Takes and gives (tv_tensors.Image (3, H, W) uint8, tv_tensors.Mask (1, H, W) uint8); gives `size` × `size`.
    """
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.RandomApply(
                [
                    v2.RandomAffine(
                        degrees=180, translate=(0.1, 0.1), scale=(0.7, 1.4), shear=8,
                        interpolation=v2.InterpolationMode.BILINEAR,
                    )
                ],
                p=share,
            ),
            v2.Resize((size, size), antialias=True),
            v2.RandomApply([v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.03)], p=share),
            v2.RandomApply([v2.GaussianBlur(5, sigma=(0.3, 1.5))], p=0.15),
        ]
    )  # fmt: skip


def published_transform(size: int) -> v2.Transform:
    """Corbetta 2023's: flips, rotation, and colour jitter of 0.2 on 30 % of the images; as `training_transform`."""
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.RandomRotation(180, interpolation=v2.InterpolationMode.BILINEAR),
            v2.Resize((size, size), antialias=True),
            v2.RandomApply([v2.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.2)], p=0.3),
        ]
    )


def evaluation_transform(size: int) -> v2.Transform:
    """Only to size, so that every run measures the same pixels."""
    return v2.Resize((size, size), antialias=True)


def as_tensors(image: torch.Tensor, mask: torch.Tensor) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
    """Wrap (3, H, W) uint8 and (1, H, W) uint8 so that transforms treat each in its way."""
    return tv_tensors.Image(image), tv_tensors.Mask(mask)
