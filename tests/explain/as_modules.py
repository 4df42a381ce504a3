"""The registry's networks in the form that zennit needs: BatchNorm merged, residual sums as modules.

A second derivation, by the names of modules: it shares no code with the engine, which follows the data.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from segmentation_models_pytorch.decoders.deeplabv3.decoder import ASPPPooling
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.models.resnet import BasicBlock, Bottleneck
from zennit.composites import LayerMapComposite, NameLayerMapComposite
from zennit.core import Hook
from zennit.layer import Sum
from zennit.rules import Epsilon, Gamma, Norm, Pass, ZBox, ZPlus
from zennit.types import Activation, Convolution

from medseg_gui.explain.blocks import find_blocks
from medseg_gui.explain.rules import GAMMA
from medseg_gui.networks import sdnet
from medseg_gui.networks.efficientnet_lite0 import InvertedResidual, SeparableBlock

_PAIRS = {
    InvertedResidual: (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3")),
    SeparableBlock: (("conv_dw", "bn1"), ("conv_pw", "bn2")),
    BasicBlock: (("conv1", "bn1"), ("conv2", "bn2")),
    Bottleneck: (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3")),
}
_OTHER_PAIRS = (("conv", "norm"), ("conv_stem", "bn1"), ("conv1", "bn1"), ("0", "1"), ("3", "4"), ("1", "2"),
                ("6", "7"), ("9", "10"))  # fmt: skip


class Bilinear(nn.Upsample):
    """An `nn.Upsample` that blends: zennit looks at types, and one that copies needs no rule."""


def as_modules(network: nn.Module) -> nn.Module:
    """Change a network in place; it computes what it computed."""
    for parent in list(network.modules()):
        for conv, norm in _PAIRS.get(type(parent), _OTHER_PAIRS):
            children = dict(parent.named_children())
            if conv in children and isinstance(children.get(norm), nn.BatchNorm2d):
                _fuse(children[conv], children[norm])
                act = getattr(children[norm], "act", None)
                setattr(parent, norm, act if isinstance(act, nn.Module) else nn.Identity())
        _name_sum(parent)
    for module in network.modules():
        if isinstance(module, nn.Upsample) and module.mode == "bilinear":
            module.__class__ = Bilinear
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    return network


def blocks_of(network: nn.Module) -> dict[str, nn.Module]:
    """Modules of the blocks that are one module each."""
    return {names[0]: module for module, names in find_blocks(network) if len(names) == 1}


def one_hot(scores: Tensor, draw: bool) -> Tensor:
    """SDNet's assignment with a gradient that gives the winner what it got, as zennit's Pass would."""
    winners = torch.zeros_like(scores).scatter_(1, scores.argmax(1, keepdim=True), 1.0)
    return winners + (scores - scores.detach())


def _fuse(conv: Any, norm: Any) -> None:
    conv = conv[-1] if isinstance(conv, nn.Sequential) else conv  # depthwise, then pointwise
    turned = isinstance(conv, nn.ConvTranspose2d)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias, transpose=turned
    )


def _name_sum(block: Any) -> None:
    if isinstance(block, BasicBlock):
        block.sum = Sum()
        block.relu2 = nn.ReLU()
        block.forward = types.MethodType(_basic_block, block)
    elif isinstance(block, Bottleneck):
        block.sum, block.relu2, block.relu3 = Sum(), nn.ReLU(), nn.ReLU()
        block.forward = types.MethodType(_bottleneck, block)
    elif isinstance(block, sdnet._Residual):
        block.sum = Sum()
        block.forward = lambda x: block.sum(torch.stack([block.convolutions(x), x], dim=-1))
    elif isinstance(block, ASPPPooling):
        block.stretch = nn.Upsample(mode="bilinear")
        block.forward = types.MethodType(_pooling, block)
    elif isinstance(block, InvertedResidual) and block.is_residual:
        block.sum = Sum()
        block.is_residual = False
        inner = block.forward
        block.forward = lambda x: block.sum(torch.stack([inner(x), x], dim=-1))


def _basic_block(self: Any, x: Tensor) -> Tensor:
    out = self.conv2(self.relu(self.conv1(x)))
    identity = x if self.downsample is None else self.downsample(x)
    return self.relu2(self.sum(torch.stack([out, identity], dim=-1)))


def _bottleneck(self: Any, x: Tensor) -> Tensor:
    out = self.conv3(self.relu2(self.conv2(self.relu(self.conv1(x)))))
    identity = x if self.downsample is None else self.downsample(x)
    return self.relu3(self.sum(torch.stack([out, identity], dim=-1)))


def _pooling(self: Any, x: Tensor) -> Tensor:
    self.stretch.size = x.shape[-2:]
    for module in list(self)[:-1]:
        x = module(x)
    return self.stretch(x)


def composite(rule: str, network: nn.Module, low: Tensor, high: Tensor) -> Any:
    """zennit's composite for one of our rules."""
    convolutions = [n for n, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    head = next(n for n in reversed(convolutions) if n in ("up.7.conv", "segmentation_head.0", "head"))
    body: dict[str, Hook] = {"epsilon": Epsilon(1e-6), "zplus": ZPlus(1e-6), "gamma": Gamma(GAMMA, 1e-6)}
    # Nearest ×2 copies: its relevance is gathered, which is its gradient.
    blends = [(nn.AdaptiveAvgPool2d, Norm(1e-6)), (Bilinear, Norm(1e-6))]
    by_layer = [(Activation, Pass()), (Sum, Norm(1e-6)), *blends, (Convolution, body.get(rule, body["gamma"]))]
    if rule != "composite":
        return LayerMapComposite(by_layer)
    by_name = [([convolutions[0]], ZBox(low, high, 1e-6)), ([head], Epsilon(1e-6))]
    return NameLayerMapComposite(name_map=by_name, layer_map=by_layer)
