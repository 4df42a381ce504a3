"""U-Net on an EfficientNet-Lite0 encoder: the network for computers without a GPU."""

from __future__ import annotations

import segmentation_models_pytorch as smp


class UNetLite0(smp.Unet):
    """The decoder of `unet_resnet34` on timm's `tf_efficientnet_lite0`, 5.2 M parameters.

    Args of `forward`:
        x: (B, 3, H, W) float, each channel normalised with mean 0.5 and deviation 0.5, H and W multiples of 32.

    Returns of `forward`:
        (B, 1, H, W) float logits.
    """

    input_size = 256
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__("tu-tf_efficientnet_lite0", encoder_weights=None, classes=1)
