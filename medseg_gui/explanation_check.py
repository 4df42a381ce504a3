"""Is the explanation of this one frame true to its network? On demand: it takes some seconds.

Three checks of a map, always beside three maps that know nothing of the network's reasons: deletion, insertion, and
what becomes of it when the weights are shuffled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from medseg_gui.errors import DroppedError
from medseg_gui.explain.faithfulness import Curves, deletion_and_insertion, edge_map, noise_map, shuffle_weights
from medseg_gui.explain.quality import RANDOMISED_LIMIT, rank_correlation
from medseg_gui.explanation import FrameExplainer
from medseg_gui.networks.weights import WeightsInfo
from medseg_gui.types import BoolArray, FloatArray, Frame, FrameCheck, MapCheck, Relevance

BASELINES = ("mask", "edges", "noise")
_OTHER_NOISE = 1_000_000  # another seed than any frame's index


def untrained(info: WeightsInfo, device: str = "auto") -> FrameExplainer:
    """Explains the same network with the weights of each layer in random order."""
    return FrameExplainer(info, device, alter=shuffle_weights)


def check_frame(
    explainer: FrameExplainer,
    shuffled: FrameExplainer,
    frame: Frame,
    relevance: Relevance,
    is_unwanted: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FrameCheck:
    """Check one explanation.

    Args:
        explainer: that made it, or one of the same weights.
        shuffled: `untrained` of the same weights.
        frame: that was explained.
        relevance: its explanation.
        is_unwanted: asked before each batch of pictures whether to give up.
        progress: called with (done, in all).

    Raises:
        DroppedError: it was unwanted.
        ExplanationError: as `FrameExplainer.explain`.
    """

    def go_on() -> None:
        if is_unwanted():
            raise DroppedError("This check is no longer wanted.")

    x = explainer.prepare(frame.rgb)
    request = relevance.request
    starts = explainer.starts(x, request, frame.size)
    go_on()
    plain = replace(request, smooth=False, with_stability=False)
    own = relevance.values, shuffled.relevance_from(x, plain, starts.whole)
    pairs: dict[str, tuple[FloatArray, FloatArray | None]] = {"map": own, **baselines(frame, starts.mask)}
    checked: list[tuple[Curves, float | None]] = []
    for values, other in pairs.values():
        progress(len(checked), len(pairs))
        curves = deletion_and_insertion(explainer.predict, x, values, starts.chosen, go_on)
        checked.append((curves, None if other is None else rank_correlation(values, other, starts.mask)))
    progress(len(pairs), len(pairs))
    maps = tuple(
        MapCheck(name, c.deletion, c.insertion, c.deletion_area, c.insertion_area, randomised)
        for name, (c, randomised) in zip(pairs, checked, strict=True)
    )
    found, noise = maps[0], maps[-1]
    return FrameCheck(
        relevance,
        maps,
        is_learnt=found.randomised is not None and abs(found.randomised) < RANDOMISED_LIMIT,
        is_faithful=found.deletion_area < noise.deletion_area and found.insertion_area > noise.insertion_area,
    )


def baselines(frame: Frame, mask: BoolArray) -> dict[str, tuple[FloatArray, FloatArray | None]]:
    """For each map that knows no network: it, and what it would be with other weights.

    Edges are edges with any weights; the mask, all alike in itself, has no ranks to compare.
    """
    side = len(mask)
    area, edges = mask.astype(np.float32), edge_map(frame.rgb, side)
    noise = noise_map(side, frame.index), noise_map(side, frame.index + _OTHER_NOISE)
    return dict(zip(BASELINES, ((area, None), (edges, edges), noise), strict=True))
