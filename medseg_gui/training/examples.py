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
from medseg_gui.training import processes
from medseg_gui.types import UInt8Array

# Decoded pictures stay in memory up to this many bytes; a larger set is read again in each epoch.
_CACHE_BYTES = 4 * 1024**3


# Image, mask, and which pixels stay under interpretability-guided augmentation.
Item = tuple[Tensor, Tensor, Tensor]


class ExampleTensors(Dataset[Item]):
    """Image, mask and centre mask of each example, resized and augmented.

    An item is (image (3, S, S) float32 in [0, 1], mask (1, S, S) float32 0 or 1, keep (1, S, S) float32 0 or 1).
    `keep` is 1 everywhere but where a centre mask was drawn for this image; nothing is multiplied here. Augmentation
    draws from a generator seeded by (seed, key), so a resumed run sees what an uninterrupted one would have seen, with
    any number of loader processes.

    Args:
        examples: what to give.
        transform: one of `data.transforms`.
        side: pictures are kept at this side length, pixels, before the transform.
        seed: of the augmentation.
        relied: for each example (h, w) uint8, 1 where a centre classifier relied on the pixel; empty for none.
        guided: share of the items that lose these pixels, in [0, 1].
    """

    def __init__(
        self,
        examples: Sequence[Example],
        transform: v2.Transform,
        side: int,
        seed: int = 0,
        relied: Sequence[UInt8Array] = (),
        guided: float = 0.0,
    ) -> None:
        self.examples = list(examples)
        self.transform = transform
        self.side = side
        self.seed = seed
        self.guided = guided if relied else 0.0
        self._relied = relied
        self._kept: list[tuple[UInt8Array, UInt8Array]] | None = None
        if len(self.examples) * side * side * 4 <= _CACHE_BYTES:
            with ThreadPoolExecutor() as pool:
                self._kept = list(pool.map(self._read, self.examples))

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, key: int | tuple[int, int]) -> Item:
        """Args: key: index, or (epoch, index) for augmentation that differs by epoch."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        rgb, mask = self._kept[index] if self._kept is not None else self._read(self.examples[index])
        # What was relied on goes with the mask as its second channel, so that both turn with the image; what a
        # rotation brings in from outside is 0 there and thus stays.
        labels = np.stack([mask, self._relied_on(index, mask.shape)])
        image_tensor, labels_tensor = as_tensors(torch.from_numpy(rgb).permute(2, 0, 1), torch.from_numpy(labels))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self.seed, epoch, index)) & 0x7FFFFFFF)
            image, label = self.transform(image_tensor, labels_tensor)
            drawn = self.guided > 0 and float(torch.rand(())) < self.guided
        truth, relied = label.float().split(1)
        keep = 1 - relied if drawn else torch.ones_like(relied)
        return v2.functional.to_dtype(image, torch.float32, scale=True), truth.as_subclass(Tensor), keep

    @property
    def show_an_object(self) -> bool:
        """Whether at least one mask marks something (unknown, and taken for so, when the set is not in memory)."""
        return self._kept is None or any(mask.any() for _, mask in self._kept)

    def _relied_on(self, index: int, shape: tuple[int, ...]) -> UInt8Array:
        if not self.guided:
            return np.zeros(shape, np.uint8)
        size = (shape[1], shape[0])
        return cv2.resize(self._relied[index], size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)

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
    """Keys (epoch, index) in an order drawn from (seed, epoch), as whole batches; of each batch this process's share.

    Set `epoch` before each pass, and `start` to the batches that have been seen of it.
    """

    def __init__(self, length: int, seed: int, batch_size: int) -> None:
        self.seed = seed
        self.epoch = 0
        self.start = 0
        self.batches = length // batch_size
        self._length = length
        self._batch_size = batch_size

    def __len__(self) -> int:
        return (self.batches - self.start) * (self._batch_size // processes.count())

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self._length)
        batches = order[: self.batches * self._batch_size].reshape(-1, self._batch_size)
        ours = batches[self.start :, processes.rank() :: processes.count()]
        return ((self.epoch, int(i)) for i in ours.ravel())
