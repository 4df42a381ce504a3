"""Hints: a student's maps come to foretell a teacher's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from medseg_gui.networks import NETWORKS, build_network
from medseg_gui.training.distillation import Hints
from medseg_gui.training.recipe import default_recipe
from medseg_gui.training.steps import build_step
from tests.small_networks import size_of, small_networks


@pytest.mark.parametrize("role", ["student", "teacher"])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_network_can_teach_and_be_taught(name: str, role: str) -> None:
    with small_networks():
        other = build_network(name)
    lite = build_network("unet_lite0")
    learner, teacher = (other, lite) if role == "student" else (lite, other)
    hints = Hints(learner, teacher, size_of(name))
    images = torch.randn(2, 3, size_of(name), size_of(name))
    learner(images)
    distance = hints(images)
    distance.backward()
    assert distance > 0
    # Four sizes in the encoder and four in the decoder at least; the pyramid's decoder has two.
    assert len(hints.projections) >= (5 if name == "deeplabv3plus_resnet101" else 7)
    assert all(p.grad is not None for p in hints.projections.parameters())


def test_the_student_learns_from_hints_and_the_teacher_stays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    student, teacher = build_network("unet_lite0"), build_network("unet_lite0")
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    step = build_step(student, default_recipe("unet_lite0", size=64, batch_size=4, lr=3e-3), 12, teacher)
    images, masks = torch.randn(4, 3, 64, 64), torch.zeros(4, 1, 64, 64)
    distances = []
    for _ in range(12):
        distances.append(step(images, masks)["hint"])
        step.next_rate()
    assert distances[-1] < 0.8 * distances[0]
    torch.testing.assert_close(teacher.state_dict(), before)


def test_a_teacher_that_normalises_otherwise_sees_the_same_picture() -> None:
    student, teacher = build_network("unet_lite0"), build_network("unet_resnet34").eval()
    hints = Hints(student, teacher, 64)
    picture = torch.rand(1, 3, 64, 64)
    student((picture - 0.5) / 0.5)
    seen: list[torch.Tensor] = []
    teacher.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    hints((picture - 0.5) / 0.5)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (teacher.mean, teacher.std))
    torch.testing.assert_close(seen[0], (picture - mean) / std)


def test_a_run_with_hints_is_resumed_with_them(tmp_path: Path) -> None:
    recipe = default_recipe("unet_lite0", size=64)
    first = build_step(build_network("unet_lite0"), recipe, 4, build_network("unet_lite0"))
    second = build_step(build_network("unet_lite0"), recipe, 4, build_network("unet_lite0"))
    first(torch.randn(2, 3, 64, 64), torch.zeros(2, 1, 64, 64))
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second.state_dict()["hints"], first.state_dict()["hints"])
