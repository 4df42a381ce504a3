"""What was measured of a network's explanations, kept beside its weights: `<name>.explanations.json`.

Written by `medseg evaluate --explanations --keep`. A way of explaining that failed a check carries a warning wherever
it is used, with the figures that speak against it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medseg_gui.errors import OutputError
from medseg_gui.explain.quality import RANDOMISED_LIMIT, STABILITY_LIMIT
from medseg_gui.networks.weights import WeightsInfo

logger = logging.getLogger(__name__)

# Check -> what a person reads when it was failed; the figures are the measured ones.
_SENTENCES = {
    "learnt": "looks alike with shuffled weights (rank correlation {randomised:.2f}, limit " + f"{RANDOMISED_LIMIT})",
    "faithful": "finds what counts no better than noise (deletion {deletion:.2f}, insertion {insertion:.2f})",
    "finds": "lies no more on the object than its area (mass {mass:.2f})",
    "stable": "changes under slight noise (rank correlation {stability:.2f}, limit " + f"{STABILITY_LIMIT})",
}


@dataclass(frozen=True)
class ExplanationRecord:
    """What is known of the explanations of one set of weights.

    Attributes:
        images: how many pictures were measured, 0 if nothing is known.
        warnings: way of explaining (`ExplanationRequest.way`) -> one sentence; only those that failed a check.
        unstable: those of them that failed no other check than the one of stability.
    """

    images: int = 0
    warnings: Mapping[str, str] = field(default_factory=dict)
    unstable: frozenset[str] = frozenset()


def record_file(info: WeightsInfo) -> Path:
    """Where the record of some weights is, or would be."""
    return info.files[0].with_name(f"{info.name}.explanations.json")


def read_record(info: WeightsInfo) -> ExplanationRecord:
    """What was measured of exactly these weights; an empty record if nothing was, or the file is unreadable."""
    file = record_file(info)
    if not file.is_file():
        return ExplanationRecord()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["weights"] != info.weights_id:
            logger.info("The record of explanations belongs to another version of %s", info.name)
            return ExplanationRecord()
        images = int(kept["images"])
        warnings = {name: _warning(figures, images) for name, figures in kept["maps"].items()}
        unstable = {name for name, figures in kept["maps"].items() if _failed(figures) == ["stable"]}
        return ExplanationRecord(images, {n: text for n, text in warnings.items() if text}, frozenset(unstable))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as e:
        logger.warning("The record of explanations of %s cannot be read (%s); no warnings are shown", info.name, e)
        return ExplanationRecord()


def write_record(info: WeightsInfo, measured: Mapping[str, Any]) -> Path:
    """Keep what `medseg evaluate --explanations` found.

    Args:
        info: of which weights.
        measured: "weights", "images" and "maps": way of explaining -> its figures and "passes".

    Raises:
        OutputError: the folder cannot be written.
    """
    file = record_file(info)
    partial = file.with_name(f"{file.name}.part")
    try:
        partial.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(partial, file)
    except OSError as e:
        raise OutputError(f"{file.name} cannot be written beside the weights ({e.strerror}); copy them first.") from e
    return file


def _failed(figures: Mapping[str, Any]) -> list[str]:
    return [check for check in _SENTENCES if figures["passes"].get(check) is False]


def _warning(figures: Mapping[str, Any], images: int) -> str:
    if figures["randomised"] is None:
        return f"Measured on {images} pictures, this way of explaining gave empty maps."
    failed = [_SENTENCES[check].format(**figures) for check in _failed(figures)]
    return f"Measured on {images} pictures, this way of explaining {'; and it '.join(failed)}." if failed else ""
