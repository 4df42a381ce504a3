"""How good a network is on the held-out part while it learns, and pictures of what it marks there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.transforms import evaluation_transform
from medseg_gui.errors import OutputError
from medseg_gui.evaluation.metrics import count
from medseg_gui.media.image_file import read_size
from medseg_gui.networks import normalisation
from medseg_gui.training import processes
from medseg_gui.training.examples import ExampleTensors
from medseg_gui.types import UInt8Array

_SAMPLES = 4
_SAMPLE_SIDE = 160  # height, pixels
_TRUTH, _FOUND = (90, 220, 90), (255, 220, 0)


class Validation:
    """The held-out part, ready to be measured on; several processes share the work.

    Args:
        examples: the part.
        size: side of the pictures, pixels.
        batch_size: pictures at once.
        device: of the network.
    """

    def __init__(self, examples: Sequence[Example], size: int, batch_size: int, device: torch.device) -> None:
        transform = evaluation_transform(size)
        self._device = device
        self._batches = DataLoader(ExampleTensors(processes.share(examples), transform, size), batch_size)
        self._samples = ExampleTensors(examples[:_SAMPLES], transform, size)

    @torch.inference_mode()
    def measure(self, network: nn.Module) -> dict[str, float]:
        """Mean Dice; of images without the object, the share falsely marked."""
        network.eval()
        seen: list[tuple[float, bool | None]] = []
        for images, masks, _ in self._batches:
            marked = (network(prepare(images, network, self._device)) > 0).cpu().numpy().astype(np.uint8)
            for mask, truth in zip(marked, masks.numpy(), strict=True):
                seen.append((count(mask, truth).dice, None if truth.any() else bool(mask.any())))
        seen = processes.gather(seen)
        falsely = [f for _, f in seen if f is not None]
        scores = {"dice": float(np.mean([dice for dice, _ in seen]))}
        return {**scores, "falsely_marked": float(np.mean(falsely))} if falsely else scores

    @torch.inference_mode()
    def write_samples(self, network: nn.Module, folder: Path) -> list[str]:
        """A small PNG for each of the first pictures: truth in green, what the network marks in yellow.

        Returns:
            The files; each is replaced in one step, so that a reader sees the old one or the new one.

        Raises:
            OutputError: the folder cannot be written.
        """
        files = []
        for i in range(len(self._samples)):
            image, mask, _ = self._samples[i]
            marked = network.eval()(prepare(image[None], network, self._device))[0, 0] > 0
            size = _sample_size(self._samples.examples[i].image)
            picture = _outlined(image, mask[0].numpy() > 0, marked.cpu().numpy(), size)
            files.append(_write(folder / f"sample-{i}.png", picture))
        return files


def prepare(images: Tensor, network: nn.Module, device: torch.device) -> Tensor:
    """(B, 3, S, S) in [0, 1] as the network wants them, on its device, channels last."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in normalisation(network))
    return ((images - mean) / std).to(device, memory_format=torch.channels_last)


def _sample_size(image: Path) -> tuple[int, int]:
    """(width, height) of a small picture that is shaped as the frame, not squeezed into a square."""
    height, width = read_size(image)
    return max(round(_SAMPLE_SIDE * width / height), 1), _SAMPLE_SIDE


def _outlined(image: Tensor, truth: np.ndarray, found: np.ndarray, size: tuple[int, int]) -> UInt8Array:
    rgb = (image.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    picture = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    for mask, colour in ((truth, _TRUTH), (found, _FOUND)):
        small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(picture, outlines, -1, colour, 1)
    return np.asarray(picture, np.uint8)


def _write(path: Path, rgb: UInt8Array) -> str:
    _, png = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(exist_ok=True)
        partial.write_bytes(png.tobytes())
        os.replace(partial, path)
    except OSError as e:
        raise OutputError(f"{path.parent} cannot be written ({e.strerror}); free some space and resume.") from e
    return str(path)
