"""Distances that run around what looks different: the length of the easiest path through a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medseg_gui.types import FloatArray

_ROUNDS = 2


def geodesic_distance(start: FloatArray, features: FloatArray, weight: float) -> FloatArray:
    """Length of the shortest path to a start, where each step costs its length plus how much features change.

    Four sweeps (down, up, right, left), each a row or a column at a time, repeated until long detours are found too.

    Args:
        start: (H, W) float32, 0 where paths start, infinite elsewhere.
        features: (H, W, C) float32.
        weight: what a change of 1 in the features costs, in pixels.

    Returns:
        (H, W) float32 in pixels.

    Source: Toivanen 1996; Criminisi, Sharp & Blake 2008, section 2.2.
    """
    distance = start.astype(np.float32).copy()
    steps = [_step_costs(f, weight) for f in (features, features.transpose(1, 0, 2))]
    for _ in range(_ROUNDS):
        for view, costs in ((distance, steps[0]), (distance.T, steps[1])):
            _sweep(view, *costs)
    return distance


def _step_costs(features: FloatArray, weight: float) -> tuple[NDArray[np.float32], ...]:
    """Cost of the step from each row to the next: straight, to the right and to the left."""
    above, below = features[:-1], features[1:]

    def cost(a: FloatArray, b: FloatArray, length: float) -> NDArray[np.float32]:
        return (length + weight * np.linalg.norm(a - b, axis=2)).astype(np.float32)

    diagonal = float(np.sqrt(2))
    return (
        cost(above, below, 1.0),
        cost(above[:, :-1], below[:, 1:], diagonal),
        cost(above[:, 1:], below[:, :-1], diagonal),
    )


def _sweep(
    distance: FloatArray, straight: NDArray[np.float32], right: NDArray[np.float32], left: NDArray[np.float32]
) -> None:
    """Down and up again, in place."""
    last = len(distance) - 1
    for i in range(last):
        here, there = distance[i], distance[i + 1]
        np.minimum(there, here + straight[i], out=there)
        np.minimum(there[1:], here[:-1] + right[i], out=there[1:])
        np.minimum(there[:-1], here[1:] + left[i], out=there[:-1])
    for i in range(last - 1, -1, -1):
        here, there = distance[i + 1], distance[i]
        np.minimum(there, here + straight[i], out=there)
        np.minimum(there[:-1], here[1:] + right[i], out=there[:-1])
        np.minimum(there[1:], here[:-1] + left[i], out=there[1:])
