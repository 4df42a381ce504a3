"""A trained network teaches another what to look for: hints at equal resolutions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medseg_gui.networks import normalisation
from medseg_gui.networks.gan import GanGenerator

# Part of the network and side of its square feature map -> the newest map.
_Features = dict[tuple[str, int], Tensor]


class Hints(nn.Module):
    """Asks a student's feature maps to foretell a teacher's, encoder by encoder and decoder by decoder.

    A network without ImageNet weights needs most of its time to find features at all; a teacher of another
    architecture has them. Each student map that a teacher map matches in resolution is taken through a 1×1
    convolution of its own and compared with the teacher's, standardised over the batch.

    Args:
        student: the network that learns; its maps are noted whenever it runs.
        teacher: a trained network, left as it is.
        size: side of the pictures, pixels.

    Source: Romero et al. 2015 (FitNets), eq. 3, with hints at all resolutions and a smooth L1 distance.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module, size: int) -> None:
        super().__init__()
        device = next(student.parameters()).device
        # Kept out of the registered modules: neither is trained nor saved with the projections.
        self._teacher = (teacher.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last),)
        self._normalisations = normalisation(student), normalisation(teacher)
        self._student_features, self._teacher_features = _watch(student), _watch(teacher)
        self._keys = self._matching(student, size)
        self.projections = nn.ModuleList(
            nn.Conv2d(self._student_features[key].shape[1], self._teacher_features[key].shape[1], 1)
            for key in self._keys
        ).to(device)

    def forward(self, images: Tensor) -> Tensor:
        """How far the student's newest maps are from the teacher's.

        Args:
            images: (B, 3, S, S) float, normalised for the student: what it has just looked at.

        Returns:
            Scalar, mean over the matched resolutions.
        """
        self._ask_teacher(images)
        distances = [
            F.smooth_l1_loss(
                projection(self._student_features[key]).float(), _standardised(self._teacher_features[key])
            )
            for key, projection in zip(self._keys, self.projections, strict=True)
        ]
        return torch.stack(distances).mean()

    @torch.no_grad()
    def _ask_teacher(self, images: Tensor) -> None:
        of_student, of_teacher = (
            [torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in n] for n in self._normalisations
        )
        picture = images * of_student[1] + of_student[0]
        self._teacher[0]((picture - of_teacher[0]) / of_teacher[1])

    @torch.no_grad()
    def _matching(self, student: nn.Module, size: int) -> list[tuple[str, int]]:
        """Parts and resolutions that both have, below the resolution of the picture."""
        blank = torch.zeros(1, 3, size, size, device=next(student.parameters()).device)
        was_training = student.training
        student.eval()(blank)
        student.train(was_training)
        self._ask_teacher(blank)
        both = self._student_features.keys() & self._teacher_features.keys()
        return sorted(key for key in both if key[1] < size)


def _watch(network: nn.Module) -> _Features:
    """A dict that always holds the newest feature maps of each stage of a network."""
    features: _Features = {}

    def note(part: str, output: Tensor | Iterable[Tensor]) -> None:
        for feature in [output] if isinstance(output, Tensor) else output:
            features[part, feature.shape[-1]] = feature

    for part, stages in _parts(network).items():
        for stage in stages:
            stage.register_forward_hook(lambda module, args, output, part=part: note(part, output))
    return features


def _parts(network: nn.Module) -> dict[str, Iterable[nn.Module]]:
    """The stages of encoder and decoder, as the network itself, the GAN and segmentation_models_pytorch name them."""
    described = cast(Any, network)
    if hasattr(network, "named_blocks"):
        blocks = described.named_blocks()
        encoder = [module for module, names in blocks if names[0].startswith(("encoder", "bottleneck"))]
        return {"encoder": encoder, "decoder": [m for m, names in blocks if names[0].startswith("decoder")]}
    if isinstance(network, GanGenerator):
        return {"encoder": described.down, "decoder": described.up}
    return {"encoder": [described.encoder], "decoder": described.decoder.blocks}


def _standardised(feature: Tensor) -> Tensor:
    """Each channel with mean 0 and deviation 1 over batch and picture."""
    deviation, mean = torch.std_mean(feature.float(), dim=(0, 2, 3), keepdim=True)
    return (feature.float() - mean) / (deviation + 1e-5)
