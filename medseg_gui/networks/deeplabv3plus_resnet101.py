"""DeepLabV3+ on a ResNet-101 encoder, as in Corbetta 2023."""

from __future__ import annotations

import segmentation_models_pytorch as smp
from torch import nn


class DeepLabV3PlusResNet101(smp.DeepLabV3Plus):
    """Atrous pyramid (rates 12, 24, 36) on ResNet-101 at 1/16, one skip at 1/4; 45.7 M parameters.

    Args of `forward`:
        x: (B, 3, H, W) float, ImageNet normalisation, H and W multiples of 16. While it learns, B is 2 or more: the
            pyramid's batch norm sees one value an image.

    Returns of `forward`:
        (B, 1, H, W) float logits.

    Source: Chen et al. 2018, arXiv 1802.02611.
    """

    input_size = 256
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)
    smallest_batch = 2

    def __init__(self) -> None:
        # Weights come from files that the user has, never from the network.
        super().__init__("resnet101", encoder_weights=None, classes=1)

    def named_blocks(self) -> list[tuple[nn.Module, tuple[str, ...]]]:
        """Blocks in network order, for explanations."""
        # Sizes 1/2, 1/4, 1/8, and 1/16 twice: the last stage is dilated instead of halved.
        encoder = (*(f"encoder {i}" for i in range(1, 5)), "bottleneck")
        decoder = self.decoder
        return [
            (self.encoder, encoder),
            (decoder.aspp, ("decoder 1",)),
            (decoder.block1, ("skip",)),
            (decoder.block2, ("decoder 2",)),
        ]
