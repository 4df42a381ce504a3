"""Examples as tensors: decoded once, kept small in memory, augmented reproducibly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from torchvision.transforms import v2

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.mask_file import read_mask
from medseg_gui.data.transforms import as_tensors
from medseg_gui.errors import DataError
from medseg_gui.media.image_file import read_image
from medseg_gui.types import UInt8Array

# Decoded pictures stay in memory up to this many bytes; a larger set is read again in each epoch.
_CACHE_BYTES = 4 * 1024**3


class ExampleTensors(Dataset[tuple[Tensor, Tensor]]):
    """Image and mask of each example, resized and augmented.

    An item is (image (3, S, S) float32 in [0, 1], mask (1, S, S) float32 0 or 1). Augmentation draws from a
    generator seeded by (seed, key), so a resumed run sees what an uninterrupted one would have seen, with any
    number of loader processes.

    Args:
        examples: what to give.
        transform: one of `data.transforms`.
        side: pictures are kept at this side length, pixels, before the transform.
        seed: of the augmentation.
    """

    def __init__(self, examples: Sequence[Example], transform: v2.Transform, side: int, seed: int = 0) -> None:
        self.examples = list(examples)
        self.transform = transform
        self.side = side
        self.seed = seed
        self._kept: list[tuple[UInt8Array, UInt8Array]] | None = None
        if len(self.examples) * side * side * 4 <= _CACHE_BYTES:
            with ThreadPoolExecutor() as pool:
                self._kept = list(pool.map(self._read, self.examples))

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Args: key: index, or (epoch, index) for augmentation that differs by epoch."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        rgb, mask = self._kept[index] if self._kept is not None else self._read(self.examples[index])
        image_tensor, mask_tensor = as_tensors(
            torch.from_numpy(rgb).permute(2, 0, 1), torch.from_numpy(mask).unsqueeze(0)
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self.seed, epoch, index)) & 0x7FFFFFFF)
            image, label = self.transform(image_tensor, mask_tensor)
        return v2.functional.to_dtype(image, torch.float32, scale=True), label.float()

    def _read(self, example: Example) -> tuple[UInt8Array, UInt8Array]:
        rgb = read_image(example.image)
        mask = np.zeros(rgb.shape[:2], np.uint8) if example.mask is None else read_mask(example.mask)
        if mask.shape != rgb.shape[:2]:
            raise DataError(f"{example.image.name} and its mask differ in size; export the mask again.")
        size = (self.side, self.side)
        return (
            cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False),
            cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False),
        )


class EpochSampler(Sampler[tuple[int, int]]):
    """Keys (epoch, index) in an order drawn from (seed, epoch); set `epoch` before each pass."""

    def __init__(self, length: int, seed: int) -> None:
        self.length = length
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.length)
        return ((self.epoch, int(i)) for i in order)
