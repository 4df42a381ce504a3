"""U-Net on a ResNet-34 encoder, as in Asare 2025 (PolypSeg-GradCAM)."""

from __future__ import annotations

import segmentation_models_pytorch as smp


class UNetResNet34(smp.Unet):
    """ResNet-34 encoder, five-level decoder (256-128-64-32-16 channels), 24.4 M parameters.

    Args of `forward`:
        x: (B, 3, H, W) float, ImageNet normalisation, H and W multiples of 32.

    Returns of `forward`:
        (B, 1, H, W) float logits.

    Source: Asare, Nguyen & Bagci 2025, arXiv 2509.18159.
    """

    input_size = 256
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)

    def __init__(self) -> None:
        # Weights come from files that the user has, never from the network.
        super().__init__("resnet34", encoder_weights=None, classes=1)
