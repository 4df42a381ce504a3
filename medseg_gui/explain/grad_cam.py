"""Grad-CAM and HiResCAM for segmentation, without hooks.

The chosen block's output becomes a leaf while the network runs: only what follows it is differentiated
(`short_gradient`), which at the last decoder block costs next to nothing. The modules hold nothing of it, so that other
threads may run the same network meanwhile.

Sources: Selvaraju 2017 (Grad-CAM); Vinogradova 2020 and Asare 2025 (for segmentation: the sum of the logits in the
mask); Draelos 2020 (HiResCAM).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from medseg_gui.errors import InputError
from medseg_gui.explain.explained_network import ExplainedNetwork
from medseg_gui.explain.lrp import RelevanceMaps
from medseg_gui.explain.short_gradient import GradientsFrom


class CamPass:
    """A network's pass over some pictures, ready for class activation maps.

    Args:
        explained: the network.
        x: (B, 3, H, W) normalised pictures.
        block: one of `explained.cam_block_names`; empty for the last.
        high_resolution: HiResCAM instead of Grad-CAM.

    Attributes:
        logits: (B, 1, H, W) what the network says, detached.
        block: the block looked at.

    Raises:
        InputError: no such block.
    """

    def __init__(self, explained: ExplainedNetwork, x: Tensor, block: str = "", high_resolution: bool = True) -> None:
        names = explained.cam_block_names
        self.block = block or names[-1]
        if self.block not in names:
            raise InputError(f"There is no activation map at {block!r}; choose one of {', '.join(names)}.")
        self._high_resolution = high_resolution
        with torch.inference_mode(False), torch.enable_grad(), GradientsFrom(self.block) as watch:
            self._logits = explained.network(x.detach().clone())
        self._features = watch.leaf
        self.logits = self._logits.detach()

    def explain(self, start: Tensor) -> RelevanceMaps:
        """The map of the logits where `start` is not zero.

        Args:
            start: (B, 1, H, W).

        Returns:
            A map without negative values, stretched over the pictures, that sums to Σ abs(start).
        """
        wanted = (start != 0).to(self._logits.dtype)
        gradient = torch.autograd.grad(self._logits, self._features, wanted, retain_graph=True)[0]
        cam = (self._weigh(gradient) * self._features.detach()).sum(1, keepdim=True).relu()
        cam = F.interpolate(cam, size=start.shape[2:], mode="bilinear", align_corners=False)
        total = cam.sum((1, 2, 3), keepdim=True)
        share = start.abs().sum((1, 2, 3), keepdim=True)
        pixels = torch.where(total > 0, cam * share / total, cam)
        return RelevanceMaps(pixels.squeeze(1), {}, {}, None)

    def _weigh(self, gradient: Tensor) -> Tensor:
        """What the features are weighed with, broadcastable to (B, C, h, w)."""
        return gradient if self._high_resolution else gradient.mean((2, 3), keepdim=True)
