"""A rewritten graph computes what the graph computed, with the operations that were meant to go gone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from medseg_gui.runtime.rewrites import rewrite  # noqa: E402


class Enlarged(nn.Module):
    """A decoder's step: twice the size, the skip connection beside it, a convolution."""

    def __init__(self, inside: int, skip: int, outside: int, **kind: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(3, skip, 1) if skip else None
        self.below = nn.Conv2d(3, inside, 2, stride=2)
        self.conv = nn.Conv2d(inside + skip, outside, 3, padding=1, **kind)

    def forward(self, x: Tensor) -> Tensor:
        y = F.interpolate(self.below(x), scale_factor=2.0, mode="nearest")
        if self.skip is not None:
            y = torch.cat([y, self.skip(x)], dim=1)
        return self.conv(y)


class Padded(nn.Module):
    """Padding as TensorFlow has it, more at the end than at the start."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value
        self.conv = nn.Conv2d(3, 8, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1), value=self.value))


# network, operations that shall be gone, operations that shall be there
CASES = {
    "padding": (Padded(0.0), {"Pad"}, {"Conv"}),
    "padding that is not zero": (Padded(0.5), set(), {"Pad"}),
    "enlarged": (Enlarged(5, 0, 64), {"Resize"}, {"Transpose"}),
    "enlarged beside a skip connection": (Enlarged(5, 7, 64), {"Resize"}, {"Transpose", "Add"}),
    "enlarged, few channels": (Enlarged(5, 7, 8), {"Transpose"}, {"Resize"}),
    "enlarged, dilated": (Enlarged(5, 7, 64, dilation=2), {"Transpose"}, {"Resize"}),
    "transposed": (nn.ConvTranspose2d(3, 6, 4, stride=2, padding=1), {"ConvTranspose"}, {"Transpose"}),
    "transposed without bias": (
        nn.ConvTranspose2d(3, 6, 4, stride=2, padding=1, bias=False),
        {"ConvTranspose"},
        {"Transpose"},
    ),
    "transposed to one channel": (
        nn.ConvTranspose2d(3, 1, 4, stride=2, padding=1),
        {"ConvTranspose"},
        {"DepthToSpace"},
    ),
    "transposed otherwise": (nn.ConvTranspose2d(3, 6, 4, stride=4), set(), {"ConvTranspose"}),
    "head": (nn.Conv2d(3, 1, 3, padding=1), set(), {"DepthToSpace"}),
    "head of two channels": (nn.Conv2d(3, 2, 3, padding=1), {"DepthToSpace"}, {"Conv"}),
}


def export(network: nn.Module, x: Tensor, folder: Path) -> Path:
    file = folder / "network.onnx"
    torch.onnx.export(network.eval(), (x,), str(file), input_names=["x"], opset_version=17, dynamo=False)
    return file


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("size", [(16, 16), (8, 24)])
def test_the_same_numbers_in_another_way(case: str, size: tuple[int, int], tmp_path: Path) -> None:
    network, gone, there = CASES[case]
    torch.manual_seed(0)
    x = torch.randn(1, 3, *size)
    model = rewrite(export(network, x, tmp_path))
    found = {node.op_type for node in onnx.load_model_from_string(model).graph.node}
    assert not gone & found
    assert there <= found
    answer = runtime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
    np.testing.assert_allclose(answer, network(x).detach().numpy(), atol=2e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_head_of_an_odd_size_stays(tmp_path: Path) -> None:
    network, x = nn.Conv2d(3, 1, 3, padding=1), torch.randn(1, 3, 10, 10)
    nodes = onnx.load_model_from_string(rewrite(export(network, x, tmp_path))).graph.node
    assert [n.op_type for n in nodes] == ["Conv"]
