"""How methods, rules, targets, figures and verdicts are called on screen and in a saved figure."""

from __future__ import annotations

import math

from medseg_gui.types import CLASS_NAMES, ExplanationRequest, Target

METHOD_NAMES = {"off": "Off", "lrp": "LRP", "layers": "LRP", "gradcam": "Grad-CAM", "hirescam": "HiResCAM"}
RULE_NAMES = {"composite": "composite", "epsilon": "ε", "gamma": "γ", "zplus": "z⁺"}
TARGET_NAMES = {
    "mask": "whole mask",
    "lesion": "one lesion",
    "pixel": "one pixel",
    "rim": "rim of the mask",
    "nearest_miss": "nearest miss",
}
VERDICT_SIGNS = {"sound": "✓", "unstable": "≈", "suspect": "!"}  # colour alone would not be seen by everybody


def method_text(request: ExplanationRequest) -> str:
    """ "LRP, rule ε" or "HiResCAM at decoder 4"."""
    name = METHOD_NAMES[request.method]
    if request.method in ("lrp", "layers"):
        return f"{name}, rule {RULE_NAMES[request.rule]}"
    return f"{name} at {request.layer or 'the last decoder block'}"


def target_text(target: Target, class_id: int) -> str:
    """ "whole mask (polyp)", "one pixel at 120, 80 (polyp)"."""
    place = f" {target.number}" if target.number is not None else ""
    if target.x is not None and target.y is not None:
        place = f" at {target.x}, {target.y}"
    return f"{TARGET_NAMES[target.kind]}{place} ({CLASS_NAMES[class_id]})"


def outside_text(share: float, target: Target) -> str:
    """ "12 % outside the mask"; where nothing is marked, there is no mask to be outside of."""
    return f"{percent_text(share)} outside {'these pixels' if target.kind == 'nearest_miss' else 'the mask'}"


def percent_text(share: float) -> str:
    """ "12 %", with one decimal below 10; "0.0 %" has no sign."""
    number = f"{share * 100:z.0f}" if abs(share) >= 0.0995 else f"{share * 100:z.1f}"
    return f"{number} %".replace("-", "\N{MINUS SIGN}")


def fine_percent_text(share: float) -> str:
    """ "0.012 %": for shares so small that only their size counts."""
    return f"{_short(share * 100)} %"


def ledger_text(error: float) -> str:
    """ "0.020 %", and no long row of zeros for what only rounding leaves."""
    return fine_percent_text(error) if error >= 1e-5 else "below 0.001 %"


def _short(value: float) -> str:
    """Two digits that count, never with an exponent."""
    if value >= 10 or value == 0:
        return f"{value:.0f}"
    return f"{value:.{1 - math.floor(math.log10(value))}f}"
