"""Several processes that train one network together: `torchrun --nproc-per-node 2 -m medseg_gui train …`.

A batch of the recipe is dealt out among them and gradients are averaged, so that they take the steps that one process
would take. Alone, every function here gives back what it was given.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist

T = TypeVar("T")


@contextmanager
def processes_joined(wanted_device: str = "auto") -> Iterator[None]:
    """Within it, the processes that `torchrun` started know of each other; alone, nothing happens.

    Args:
        wanted_device: one of `device.DEVICES`; each process takes a GPU of its own where there are enough.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or not dist.is_available():
        yield
        return
    on_gpu = wanted_device in ("auto", "cuda") and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, from 0; the first one writes and speaks."""
    return dist.get_rank() if _together() else 0


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _together() else 1


def share(items: Sequence[T]) -> Sequence[T]:
    """Every n-th item, another one for each process."""
    return items[rank() :: count()]


def gather(items: list[T]) -> list[T]:
    """The items of all processes."""
    if not _together():
        return items
    of_all: list[list[T]] = [[] for _ in range(count())]
    dist.all_gather_object(of_all, items)
    return [item for part in of_all for item in part]


def any_of_us(flag: bool) -> bool:
    """Whether it holds in one of the processes."""
    if not _together():
        return flag
    told = torch.tensor(float(flag), device=_device())
    dist.all_reduce(told, dist.ReduceOp.MAX)
    return bool(told.item())


def mean_of(losses: dict[str, float]) -> dict[str, float]:
    """Each loss as its mean over the processes; what is no number anywhere is none everywhere."""
    if not _together():
        return losses
    values = torch.tensor(list(losses.values()), dtype=torch.float64, device=_device())
    _average([values])
    return dict(zip(losses, values.tolist(), strict=True))


def average_gradients(network: nn.Module) -> None:
    """Give each parameter the mean of its gradients over the processes."""
    _average([p.grad for p in network.parameters() if p.grad is not None])


def average_buffers(network: nn.Module) -> None:
    """The same for batch norm's statistics, which each process has of its own images."""
    _average([b for b in network.buffers() if b.is_floating_point()])


def wait_for_all() -> None:
    """Come to the same point."""
    if _together():
        dist.barrier()


def _average(tensors: Iterable[Tensor]) -> None:
    if not _together():
        return
    for tensor in tensors:
        dist.all_reduce(tensor)
        tensor /= count()


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


def _device() -> str:
    return "cuda" if dist.get_backend() == "nccl" else "cpu"
