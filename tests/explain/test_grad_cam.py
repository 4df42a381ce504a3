"""Grad-CAM and HiResCAM: the maps of pytorch-grad-cam, at less cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM, HiResCAM
from pytorch_grad_cam.utils.model_targets import SemanticSegmentationTarget
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from medseg_gui.errors import InputError
from medseg_gui.explain import EXPLAINERS
from medseg_gui.explain.blocks import mark, named_tensors
from medseg_gui.explain.cost import flops, flops_of, flops_of_pixels_alone
from medseg_gui.explain.grad_cam import CamPass
from medseg_gui.explain.lrp import LrpPass
from medseg_gui.explain.rules import RULES
from medseg_gui.explain.short_gradient import GradientsFrom
from medseg_gui.types import ExplanationRequest
from tests.explain.as_modules import blocks_of
from tests.explain.conftest import Case, random_network


class PlainCut(TorchFunctionMode):
    """Makes a block's output a leaf and leaves the rest to autograd."""

    def __init__(self, block: str) -> None:
        super().__init__()
        self.block = block

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is not mark or self.block not in (named := dict(named_tensors(*args))):
            return result
        found = named[self.block]
        self.leaf = found.detach().requires_grad_()
        return self.leaf if isinstance(result, torch.Tensor) else [self.leaf if r is found else r for r in result]


def module_of(network: Any, block: str) -> torch.nn.Module:
    """The module whose output is the block; the last stage of an encoder that gives a list."""
    if block in (alone := blocks_of(network)):
        return alone[block]
    return network.encoder.model["blocks"][-1] if hasattr(network.encoder, "model") else network.encoder.layer4


@pytest.mark.parametrize("high_resolution", [False, True])
def test_equals_pytorch_grad_cam_at_each_layer(case: Case, high_resolution: bool) -> None:
    other = random_network(case.name).requires_grad_(True)
    target = [SemanticSegmentationTarget(0, (case.start[0, 0] > 0).numpy())]
    for block in case.explained.cam_block_names:
        with (HiResCAM if high_resolution else GradCAM)(
            model=other, target_layers=[module_of(other, block)]
        ) as library:
            theirs = library(case.x, target)[0]
        ours = CamPass(case.explained, case.x, block, high_resolution).explain(case.start).pixels[0].numpy()
        # The library stretches to [0, 1]; ours has a sum, and zero stays zero.
        if not ours.any():
            assert not theirs.any()
            continue
        stretched = (ours - ours.min()) / (ours.max() - ours.min())
        assert np.corrcoef(theirs.ravel(), stretched.ravel())[0, 1] > 0.999
        np.testing.assert_allclose(theirs, stretched, atol=0.05)  # it stretches before it enlarges, we after


def test_the_gradient_at_each_layer_is_autograds(case: Case) -> None:
    """Skips left out, enlargements gone around: the numbers are the same to the last digits."""
    for block in case.explained.cam_block_names:
        run = CamPass(case.explained, case.x, block)
        with PlainCut(block) as plain, torch.enable_grad():
            logits = case.explained.network(case.x)
        ours = torch.autograd.grad(run._logits, run._features, torch.ones_like(logits))[0]
        wanted = torch.autograd.grad(logits, plain.leaf, torch.ones_like(logits))[0]
        torch.testing.assert_close(ours, wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("settings", [{"padding": 1}, {"padding": 2, "stride": 2}, {"padding": 2, "dilation": 2}])
def test_the_gradient_through_an_enlargement(scale: int, settings: dict) -> None:
    """Doubling before a plain 3×3 convolution goes the short way, all else the long one."""
    torch.manual_seed(0)
    below, skip = torch.randn(1, 4, 5, 6), torch.randn(1, 2, 5 * scale, 6 * scale)
    weight = torch.randn(3, 6, 3, 3)

    def network(x: torch.Tensor) -> torch.Tensor:
        x = mark(x, ("bottleneck",))
        both = torch.cat([F.interpolate(x, scale_factor=scale), skip], dim=1)
        return F.conv2d(F.relu(both), weight, **settings)

    with GradientsFrom("bottleneck") as watch:
        ours = torch.autograd.grad(network(below).square().sum(), watch.leaf)[0]
    leaf = below.clone().requires_grad_()
    torch.testing.assert_close(ours, torch.autograd.grad(network(leaf).square().sum(), leaf)[0], rtol=1e-4, atol=1e-3)


def test_each_block_from_the_bottleneck_on_can_be_looked_at(case: Case) -> None:
    names = case.explained.cam_block_names
    assert names[0] == "bottleneck"
    assert names[-1].startswith(("decoder", "segmentor"))
    for name in names:
        run = CamPass(case.explained, case.x, name)
        torch.testing.assert_close(run.logits, case.network(case.x))
        cam = run.explain(case.start).pixels
        assert float(cam.min()) >= 0
        assert float(cam.sum()) in (0, pytest.approx(1))
    with pytest.raises(InputError, match="bottleneck"):
        CamPass(case.explained, case.x, "encoder 1")


def test_costs_stay_within_their_limits(case: Case) -> None:
    """Operations of the whole explanation as multiples of one forward pass, which they include."""
    explained, x = case.explained, case.x
    forward = flops(lambda: case.network(x))
    limits = {"epsilon": 2.2, "zplus": 4.0}
    costs = {r: flops_of(explained, x, ExplanationRequest("layers", r)) / forward for r in limits}
    assert all(costs[r] <= limits[r] for r in limits)
    alone = [flops(lambda rule=r: LrpPass(explained, x, rule)) / forward for r in RULES]
    assert max(alone) <= 1.0  # where nothing is predicted it ends there
    assert flops_of_pixels_alone(explained, x, "epsilon") / forward == costs["epsilon"]  # blocks come for nothing
    most = 2.0 if case.name == "sdnet" else 1.5  # its bottleneck lies near the start, at the picture's full size
    for method in ("gradcam", "hirescam"):
        for block in explained.cam_block_names:
            assert flops_of(explained, x, ExplanationRequest(method, layer=block)) / forward <= most


def test_every_method_is_one_function(case: Case) -> None:
    for explain in EXPLAINERS.values():
        run = explain(case.explained, case.x, ExplanationRequest())
        assert run.logits.shape == case.start.shape
        assert run.explain(case.start).pixels.shape == case.start.shape[1:]
