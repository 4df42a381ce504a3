"""Cut examples into parts so that no patient stands on both sides."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from medseg_gui.data.dataset_folder import Example
from medseg_gui.errors import DataError


def split_by_group(
    examples: Sequence[Example], fraction: float, seed: int, hold_out: Sequence[str] = ()
) -> tuple[list[Example], list[Example]]:
    """Training and validation parts, by whole groups, from every centre its share.

    Args:
        examples: what to cut.
        fraction: share of each centre's examples for validation, in (0, 1).
        seed: the same seed cuts in the same way, whatever other centres are present.
        hold_out: groups ("EndoVis2015-Rigid/OP4") or centres that make up the validation part alone;
            `fraction` is then not used.

    Returns:
        (training, validation), each in the order given.

    Raises:
        DataError: one of the parts would be empty.
    """
    chosen = _named_groups(examples, hold_out) if hold_out else _drawn_groups(examples, fraction, seed)
    training = [e for e in examples if e.group not in chosen]
    validation = [e for e in examples if e.group in chosen]
    if not training or not validation:
        raise DataError("There are too few patients to keep some for validation; add frames of other patients.")
    return training, validation


def folds_by_group(examples: Sequence[Example], count: int, seed: int) -> list[list[Example]]:
    """Cut examples into parts of about equal size by whole groups, for cross-validation.

    Args:
        examples: what to cut.
        count: how many parts, 2 or more.
        seed: the same seed cuts in the same way.

    Raises:
        DataError: there are fewer groups than parts.
    """
    sizes: dict[str, int] = defaultdict(int)
    for e in examples:
        sizes[e.group] += 1
    if len(sizes) < count:
        raise DataError(f"{len(sizes)} patients cannot be cut into {count} folds; ask for fewer folds.")
    order = sorted(sizes)
    random.Random(seed).shuffle(order)
    filled = [0] * count
    fold_of: dict[str, int] = {}
    # Large groups first, each into the emptiest fold; `sorted` keeps the shuffled order among equals.
    for group in sorted(order, key=lambda g: -sizes[g]):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += sizes[group]
    return [[e for e in examples if fold_of[e.group] == fold] for fold in range(count)]


def _named_groups(examples: Sequence[Example], names: Sequence[str]) -> set[str]:
    known = {e.group for e in examples} | {e.centre for e in examples}
    if unknown := [n for n in names if n not in known]:
        raise DataError(f"No group or centre is called {unknown[0]!r}; there are {', '.join(sorted(known)[:12])}.")
    return {e.group for e in examples if e.group in names or e.centre in names}


def _drawn_groups(examples: Sequence[Example], fraction: float, seed: int) -> set[str]:
    by_centre: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for e in examples:
        by_centre[e.centre][e.group] += 1
    chosen: set[str] = set()
    for centre, sizes in by_centre.items():
        chosen |= _draw(sizes, fraction * sum(sizes.values()), random.Random(f"{seed}/{centre}"))
    return chosen


def _draw(sizes: dict[str, int], wanted: float, rng: random.Random) -> set[str]:
    """Groups at random until their examples come as near to `wanted` as whole groups allow."""
    order = sorted(sizes)
    rng.shuffle(order)
    drawn: set[str] = set()
    total = 0
    for group in order:
        if abs(total + sizes[group] - wanted) < abs(total - wanted):
            drawn.add(group)
            total += sizes[group]
    return drawn
