"""Checks 8 to 11 of explanations on a data set: are the maps about what was learnt, are they faithful, do they find it?

Every figure stands beside those of three maps that know nothing of the network's reasons: the predicted mask itself,
an edge map and noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.mask_file import read_mask
from medseg_gui.errors import DataError, NothingPredictedError
from medseg_gui.explain import SIGNED
from medseg_gui.explain.cost import requests
from medseg_gui.explain.faithfulness import (
    deletion_and_insertion,
    mass_accuracy,
    points_at,
    rank_accuracy,
)
from medseg_gui.explain.quality import RANDOMISED_LIMIT, STABILITY_LIMIT, rank_correlation, shares
from medseg_gui.explanation import FrameExplainer
from medseg_gui.explanation_check import BASELINES, baselines, untrained
from medseg_gui.media.image_file import read_image
from medseg_gui.networks.weights import WeightsInfo
from medseg_gui.types import BoolArray, ExplanationRequest, FloatArray, Frame

FIGURES = (
    "randomised",
    "deletion",
    "insertion",
    "mass",
    "rank",
    "pointing",
    "stability",
    "agreement",
    "outside",
    "ledger",
)


@dataclass
class ExplanationScores:
    """What was measured on a data set.

    Attributes:
        images: measured.
        nothing: left out, because nothing was predicted or the truth is empty.
        area: mean share of the picture that the truth covers.
        values: method or baseline -> figure -> one value an image; figures that do not apply are missing.
    """

    images: int = 0
    nothing: int = 0
    area: float = 0.0
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, name: str, figures: Mapping[str, float | None]) -> None:
        """Take one image's figures of one map."""
        kept = self.values.setdefault(name, {})
        for figure, value in figures.items():
            if value is not None:
                kept.setdefault(figure, []).append(float(value))

    def mean(self, name: str, figure: str) -> float | None:
        """Mean over the images, None where the figure does not apply."""
        values = self.values[name].get(figure)
        return float(np.mean(values)) if values else None


def score_explanations(
    examples: Sequence[Example],
    info: WeightsInfo,
    threshold: float,
    device: str = "auto",
    limit: int = 20,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ExplanationScores:
    """Explain the whole mask of some examples in every way and measure each map.

    Args:
        examples: with masks.
        info: which weights.
        threshold: probability from which a pixel is marked.
        device: one of `device.DEVICES`.
        limit: take at most so many, drawn at random; 0 takes all.
        seed: of that draw.
        progress: called with (done, in all).

    Raises:
        DataError: nothing could be explained in any of them.
    """
    explainer = FrameExplainer(info, device)
    shuffled = untrained(info, device)
    scores = ExplanationScores()
    chosen = _drawn(examples, limit, seed)
    areas = []
    for number, example in enumerate(chosen, start=1):
        frame, truth = _load(example, info.input_size)
        try:
            _score(scores, explainer, shuffled, frame, truth, threshold)
            areas.append(truth.mean())
            scores.images += 1
        except NothingPredictedError:
            scores.nothing += 1
        progress(number, len(chosen))
    if not scores.images:
        raise DataError("Nothing is predicted or marked in any of these pictures; take others or lower the threshold.")
    scores.area = float(np.mean(areas))
    return scores


def as_dict(scores: ExplanationScores) -> dict[str, Any]:
    """For `--json`."""
    rows = {n: {f: scores.mean(n, f) for f in FIGURES} | {"passes": checks(scores, n)} for n in scores.values}
    return {"images": scores.images, "nothing_predicted": scores.nothing, "area": scores.area, "maps": rows}


def checks(scores: ExplanationScores, name: str) -> dict[str, bool]:
    """Which of the checks a map passes; a figure that does not apply passes none.

    "learnt" (8): a network with shuffled weights gives another map; "faithful" (9): better than noise at deletion and
    insertion; "finds" (10): more relevance on the truth than its area; "stable" (11).
    """

    def figure(of: str, what: str) -> float:
        value = scores.mean(of, what)
        return np.nan if value is None else value

    return {
        "learnt": figure(name, "randomised") < RANDOMISED_LIMIT,
        "faithful": figure(name, "deletion") < figure("noise", "deletion")
        and figure(name, "insertion") > figure("noise", "insertion"),
        "finds": figure(name, "mass") > scores.area,
        "stable": figure(name, "stability") >= STABILITY_LIMIT,
    }


def table(scores: ExplanationScores) -> str:
    """Markdown table, methods first, then baselines."""
    lines = [
        "| map | " + " | ".join(FIGURES) + " | passes |",
        "| --- |" + " --- |" * (len(FIGURES) + 1),
    ]
    for name in sorted(scores.values, key=lambda n: n in BASELINES):
        cells = [_cell(scores.mean(name, f), f) for f in FIGURES]
        passed = [check for check, ok in checks(scores, name).items() if ok]
        label = f"*{name}*" if name in BASELINES else name
        lines.append(f"| {label} | " + " | ".join(cells) + f" | {', '.join(passed) or 'none'} |")
    return "\n".join(lines)


def report(scores: ExplanationScores, weights_id: str, command: str) -> str:
    """A page in Markdown that says what the figures mean.

    Args:
        scores: what was measured.
        weights_id: of which weights.
        command: that measures it again.
    """
    return f"""# Explanations of {weights_id}

    {command}

{scores.images} pictures; {scores.nothing} more without a prediction or without an object. The object covers
{scores.area:.1%}.
Baselines, in italics, know nothing of the network's reasons: the predicted mask taken as a map, an edge map, noise.
A method's figures mean something only beside theirs.

{table(scores)}

- **randomised**: rank correlation, inside the mask, with the map of the same network with shuffled weights, without its
  sign; below {RANDOMISED_LIMIT} the map is about what was learnt (Adebayo 2018).
- **deletion**, **insertion**: area under the mean probability in the mask while 16×16 patches are blurred or
  restored, most relevant first; small and large are good, and better than noise is asked for.
- **mass**, **rank**, **pointing**: share of the positive relevance, of the most relevant pixels and of the maxima
  that lie on the true object; the mass must exceed the area.
- **stability**: rank correlation around the mask with maps of noisy copies (σ 0.05); from {STABILITY_LIMIT} on stable.
- **agreement**: with a second method (LRP z⁺ for activation maps, HiResCAM for LRP). **outside**: share of the absolute
  relevance beyond the mask and its rim. **ledger**: relevance unaccounted for.

For research use; not a medical device.
"""


def _score(
    scores: ExplanationScores,
    explainer: FrameExplainer,
    shuffled: FrameExplainer,
    frame: Frame,
    truth: BoolArray,
    threshold: float,
) -> None:
    if not truth.any():
        raise NothingPredictedError("There is no object in this picture.")
    x = explainer.prepare(frame.rgb)
    wanted = replace(ExplanationRequest(), class_id=explainer.info.class_id, threshold=threshold)
    starts = explainer.starts(x, wanted, frame.size)
    maps: dict[str, FloatArray] = {}
    own: dict[str, dict[str, float | None]] = {}
    for name, (values, other) in baselines(frame, starts.mask).items():
        maps[name] = values
        own[name] = {} if other is None else {"randomised": abs(rank_correlation(values, other, starts.mask))}
    for name, request in ways(explainer).items():
        found = explainer.explain(frame, replace(request, threshold=threshold, with_stability=True))
        other = shuffled.relevance_from(x, request, starts.whole)
        maps[name] = found.values
        own[name] = {
            # A map that is all alike has no ranks: it proves nothing, and passes nothing.
            "randomised": abs(rank_correlation(found.values, other, starts.mask)) if varies(found.values) else None,
            "stability": found.trust.stability,
            "agreement": found.trust.agreement,
            "ledger": found.trust.ledger_error,
        }
    for name, values in maps.items():
        curves = deletion_and_insertion(explainer.predict, x, values, starts.chosen)
        figures = {
            "deletion": curves.deletion_area,
            "insertion": curves.insertion_area,
            "mass": mass_accuracy(values, truth),
            "rank": rank_accuracy(values, truth),
            "pointing": float(points_at(values, truth)),
            "outside": shares(values, starts.mask).outside,
        }
        scores.add(name, figures | own[name])


def varies(values: FloatArray) -> bool:
    """Whether a map says anything."""
    return bool(values.max() > values.min())


def ways(explainer: FrameExplainer) -> dict[str, ExplanationRequest]:
    """Every way of explaining that is measured: each rule, and both activation maps at the last block and the first."""
    found = requests(explainer.info.class_id)
    first, last = explainer.cam_layer_names[0], explainer.cam_layer_names[-1]
    deep = [replace(request, layer=first) for request in found.values() if request.method not in SIGNED]
    return found | {request.way(last): request for request in deep}


def _load(example: Example, side: int) -> tuple[Frame, BoolArray]:
    """The picture as a frame and its truth at the network's resolution."""
    rgb = read_image(example.image)
    truth = np.zeros(rgb.shape[:2], np.uint8) if example.mask is None else read_mask(example.mask)
    small = cv2.resize(truth, (side, side), interpolation=cv2.INTER_NEAREST)
    return Frame(0, 0.0, example.image.name, rgb, example.image.name), small > 0


def _drawn(examples: Sequence[Example], limit: int, seed: int) -> list[Example]:
    if limit <= 0 or limit >= len(examples):
        return list(examples)
    return [examples[i] for i in sorted(np.random.default_rng(seed).choice(len(examples), limit, replace=False))]


def _cell(value: float | None, figure: str) -> str:
    if value is None:
        return "–"
    return f"{value:.0e}" if figure == "ledger" else f"{value:.2f}"
