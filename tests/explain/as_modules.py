"""The registry's networks in the form that zennit needs: BatchNorm merged, residual sums as modules.

A second derivation, by the names of modules: it shares no code with the engine, which follows the data.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from timm.models._efficientnet_blocks import DepthwiseSeparableConv, InvertedResidual
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.models.resnet import BasicBlock
from zennit.composites import LayerMapComposite, NameLayerMapComposite
from zennit.core import Hook
from zennit.layer import Sum
from zennit.rules import Epsilon, Gamma, Norm, Pass, ZBox, ZPlus
from zennit.types import Activation, Convolution

from medseg_gui.explain.rules import GAMMA

_PAIRS = {
    InvertedResidual: (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3")),
    DepthwiseSeparableConv: (("conv_dw", "bn1"), ("conv_pw", "bn2")),
    BasicBlock: (("conv1", "bn1"), ("conv2", "bn2")),
}
_OTHER_PAIRS = (("conv", "norm"), ("conv_stem", "bn1"), ("conv1", "bn1"), ("0", "1"))


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
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    return network


def _fuse(conv: Any, norm: Any) -> None:
    turned = isinstance(conv, nn.ConvTranspose2d)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias, transpose=turned
    )


def _name_sum(block: Any) -> None:
    if isinstance(block, BasicBlock):
        block.sum = Sum()
        block.relu2 = nn.ReLU()
        block.forward = types.MethodType(_basic_block, block)
    elif isinstance(block, InvertedResidual | DepthwiseSeparableConv) and block.has_skip:
        block.sum = Sum()
        block.has_skip = False
        inner = block.forward
        block.forward = lambda x: block.sum(torch.stack([inner(x), x], dim=-1))


def _basic_block(self: Any, x: Tensor) -> Tensor:
    out = self.conv2(self.relu(self.conv1(x)))
    identity = x if self.downsample is None else self.downsample(x)
    return self.relu2(self.sum(torch.stack([out, identity], dim=-1)))


def composite(rule: str, network: nn.Module, low: Tensor, high: Tensor) -> Any:
    """zennit's composite for one of our rules."""
    convolutions = [n for n, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    head = next(n for n in reversed(convolutions) if n in ("up.7.conv", "segmentation_head.0"))
    body: dict[str, Hook] = {"epsilon": Epsilon(1e-6), "zplus": ZPlus(1e-6), "gamma": Gamma(GAMMA, 1e-6)}
    by_layer = [(Activation, Pass()), (Sum, Norm(1e-6)), (Convolution, body.get(rule, body["gamma"]))]
    if rule != "composite":
        return LayerMapComposite(by_layer)
    by_name = [([convolutions[0]], ZBox(low, high, 1e-6)), ([head], Epsilon(1e-6))]
    return NameLayerMapComposite(name_map=by_name, layer_map=by_layer)
