"""What to do when a batch does not fit in memory: learn from half of it at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from medseg_gui.errors import TrainingError
from medseg_gui.training import processes

Losses = dict[str, float]


class FittingBatches:
    """Calls a step on a batch, or on its halves, quarters … once memory has run out; it does not grow again.

    Args:
        smallest: images that a step needs at least.

    Attributes:
        parts: into how many a batch is cut.
    """

    def __init__(self, smallest: int = 1) -> None:
        self.parts = 1
        self._smallest = smallest

    def learn(self, step: Callable[..., Losses], images: Tensor, *rest: Tensor) -> Losses:
        """Mean losses of the steps that one batch took.

        Raises:
            TrainingError: not even the smallest batch fits, or it happened to one of several processes.
        """
        while True:
            try:
                found = [step(*part) for part in self._cut(images, *rest)]
                return {name: sum(losses.get(name, 0.0) for losses in found) / len(found) for name in found[0]}
            except (RuntimeError, MemoryError) as e:
                if not is_out_of_memory(e):
                    raise
                self._halve(len(images), e)
            # Outside `except`, because the error holds the tensors of the failed step.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _cut(self, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
        return zip(*(t.tensor_split(self.parts) for t in tensors), strict=True)

    def _halve(self, batch_size: int, error: BaseException) -> None:
        if processes.count() > 1:
            # The others wait in the middle of their step for gradients that will not come.
            raise TrainingError(
                "Memory ran out in one of the processes; resume with a smaller --batch-size.", str(error)
            ) from error
        if batch_size // (2 * self.parts) < self._smallest:
            raise TrainingError("Not even the smallest batch fits in memory; choose a smaller --size.") from error
        self.parts *= 2


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a GPU or (as torch tells it) on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
