"""Tells which hospital a frame comes from by its edges: overlays, borders, text, the shape of the scope's picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet50

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601


class CentreClassifier(nn.Module):
    """ResNet-50 on the Sobel gradient of the grey picture.

    Not in NETWORKS, since it marks no pixels. Without ImageNet weights it starts from random ones
    (`encoder_weights.load_encoder_weights` takes a torchvision or timm ResNet-50).

    Args:
        centres: how many there are to tell apart.

    Args of `forward`:
        rgb: (B, 3, H, W) float in [0, 1], not normalised.

    Returns of `forward`:
        (B, centres) float logits.

    Source: Corbetta, Beets-Tan & Silva 2023, section 2.1.
    """

    def __init__(self, centres: int) -> None:
        super().__init__()
        self.encoder = resnet50(weights=None)
        features = self.encoder.fc.in_features
        self.encoder.fc = nn.Identity()
        self.head = nn.Linear(features, centres)

    def forward(self, rgb: Tensor) -> Tensor:
        return self.judge(self.features(rgb))

    def features(self, rgb: Tensor) -> Tensor:
        """(B, 2048, H/32, W/32) output of the last block, which class activation maps look at."""
        net = self.encoder
        x = net.maxpool(net.relu(net.bn1(net.conv1(sobel_edges(rgb)))))
        return net.layer4(net.layer3(net.layer2(net.layer1(x))))

    def judge(self, features: Tensor) -> Tensor:
        """(B, centres) logits of the last block's output."""
        return self.head(features.mean((2, 3)))


def sobel_edges(rgb: Tensor) -> Tensor:
    """Sobel gradient magnitude of the grey picture, repeated to three channels.

    Args:
        rgb: (B, 3, H, W) float in [0, 1].

    Returns:
        (B, 3, H, W) float, 0 where nothing changes; at most 4·√2.

    Source: Sobel & Feldman 1968; the border is continued, so that it is no edge itself.
    """
    grey = (rgb * rgb.new_tensor(_GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    across = rgb.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([across, across.T]).unsqueeze(1)
    gradient = F.conv2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), kernels)
    return torch.linalg.vector_norm(gradient, dim=1, keepdim=True).expand(-1, 3, -1, -1)
