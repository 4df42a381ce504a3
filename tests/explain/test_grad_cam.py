"""Grad-CAM and HiResCAM: the maps of pytorch-grad-cam, at less cost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM, HiResCAM
from pytorch_grad_cam.utils.model_targets import SemanticSegmentationTarget

from medseg_gui.errors import InputError
from medseg_gui.explain import EXPLAINERS
from medseg_gui.explain.cost import flops, flops_of, flops_of_pixels_alone
from medseg_gui.explain.grad_cam import CamPass
from medseg_gui.types import ExplanationRequest
from tests.explain.as_modules import blocks_of
from tests.explain.conftest import Case, random_network


@pytest.mark.parametrize("high_resolution", [False, True])
@pytest.mark.parametrize("place", [-1, -3])
def test_equals_pytorch_grad_cam(case: Case, place: int, high_resolution: bool) -> None:
    block = case.explained.cam_block_names[place]
    other = random_network(case.name).requires_grad_(True)
    mask = (case.start[0, 0] > 0).numpy()
    library = (HiResCAM if high_resolution else GradCAM)(model=other, target_layers=[blocks_of(other)[block]])
    with library:
        theirs = library(case.x, [SemanticSegmentationTarget(0, mask)])[0]
    ours = CamPass(case.explained, case.x, block, high_resolution).explain(case.start).pixels[0].numpy()
    # The library stretches to [0, 1]; ours has a sum, and zero stays zero.
    if not ours.any():
        assert not theirs.any()
        return
    stretched = (ours - ours.min()) / (ours.max() - ours.min())
    assert np.corrcoef(theirs.ravel(), stretched.ravel())[0, 1] > 0.999
    np.testing.assert_allclose(theirs, stretched, atol=0.05)  # it stretches before it enlarges, we after


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
    assert flops_of_pixels_alone(explained, x, "epsilon") / forward == costs["epsilon"]  # blocks come for nothing
    for method in ("gradcam", "hirescam"):
        assert flops_of(explained, x, ExplanationRequest(method)) / forward <= 1.5


def test_every_method_is_one_function(case: Case) -> None:
    for explain in EXPLAINERS.values():
        run = explain(case.explained, case.x, ExplanationRequest())
        assert run.logits.shape == case.start.shape
        assert run.explain(case.start).pixels.shape == case.start.shape[1:]
