"""U-Net on an EfficientNet-Lite0 encoder: the network for computers without a GPU."""

from __future__ import annotations

from torch import Tensor, nn

from medseg_gui.networks.efficientnet_lite0 import EfficientNetLite0
from medseg_gui.networks.unet_decoder import UNetDecoder, segmentation_head


class UNetLite0(nn.Module):
    """The decoder of `unet_resnet34` on EfficientNet-Lite0, 5.2 M parameters.

    Args of `forward`:
        x: (B, 3, H, W) float, each channel normalised with mean 0.5 and deviation 0.5, H and W multiples of 32.

    Returns of `forward`:
        (B, 1, H, W) float logits.
    """

    input_size = 256
    mean = (0.5, 0.5, 0.5)
    std = (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.decoder = UNetDecoder(self.encoder.out_channels)
        self.segmentation_head = segmentation_head()

    def forward(self, x: Tensor) -> Tensor:
        return self.segmentation_head(self.decoder(self.encoder(x)))
