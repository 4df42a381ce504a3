"""A progress bar on standard error, for work that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress_bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function to call with (done, in all); the bar shows rate and time left."""
    with tqdm(unit=unit, dynamic_ncols=True, disable=None) as bar:  # None: only where a person looks on

        def update(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield update
