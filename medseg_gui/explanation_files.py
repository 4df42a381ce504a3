"""Explain a whole source and write what was found: relevance as numbers, as pictures and with its trust figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from medseg_gui.errors import NothingPredictedError, OutputError
from medseg_gui.explanation import FrameExplainer
from medseg_gui.media import Source
from medseg_gui.overlay import blend
from medseg_gui.prediction import FrameNames, make_folder
from medseg_gui.relevance_picture import colour_relevance, is_signed
from medseg_gui.types import ExplanationRequest, FloatArray, Frame, FrameCheck, Relevance, UInt8Array


def explain_source(
    source: Source,
    explainer: FrameExplainer,
    request: ExplanationRequest,
    folder: Path,
    every: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[Frame, Relevance], FrameCheck] | None = None,
) -> list[dict[str, Any]]:
    """Write each frame's relevance as float32 `.npy` and as a picture; of "layers", one array a block.

    The array of a frame has the frame's size and the sum of the relevance; that of a block has the block's own size.

    Args:
        source: an open source.
        explainer: what looks at it.
        request: how.
        folder: where to, made when missing.
        every: take each so many frames.
        progress: called with (done, in all).
        check: what also looks whether each map is true to the network (`explanation_check.check_frame`).

    Returns:
        For each frame taken its trust figures, or why there is no explanation.

    Raises:
        NothingPredictedError: there was nothing to explain in any frame.
        OutputError: the results cannot be written.
        ExplanationError, InputError, SourceError: as `FrameExplainer.explain` and the source.
    """
    make_folder(folder)
    rows: list[dict[str, Any]] = []
    indices = range(0, source.frame_count, every)
    names = FrameNames()
    nothing: NothingPredictedError | None = None
    for frame in map(source.read, indices):
        row: dict[str, Any] = {"frame": frame.index, "time_s": frame.time_s, "name": frame.name}
        try:
            relevance = explainer.explain(frame, request)
            row |= describe(relevance) | {"files": _write(folder, names.stem_for(frame), frame, relevance)}
            rows.append(row if check is None else row | {"check": describe_check(check(frame, relevance))})
        except NothingPredictedError as e:
            nothing = e
            rows.append(row | {"nothing": str(e)})
        progress(len(rows), len(indices))
    if nothing is not None and all("nothing" in row for row in rows):
        raise nothing
    return rows


def describe(relevance: Relevance) -> dict[str, Any]:
    """Figures of one explanation, for `--json`."""
    return {
        **asdict(relevance.trust),
        "total": float(relevance.values.sum(dtype=np.float64)),
        "lesions": [float(m.sum(dtype=np.float64)) for m in relevance.lesions],
        "layers": {layer.name: layer.total for layer in relevance.layers},
        "latency_ms": round(relevance.latency_ms, 1),
    }


def describe_check(check: FrameCheck) -> dict[str, Any]:
    """Curves and figures of a checked explanation, for `--json`."""
    return {
        "is_learnt": check.is_learnt,
        "is_faithful": check.is_faithful,
        "maps": [asdict(m) for m in check.maps],
    }


def picture(frame: Frame, relevance: Relevance) -> UInt8Array:
    """The frame in grey with the relevance in colours over it; (H, W, 3) uint8 RGB."""
    height, width = frame.size
    coloured = colour_relevance(relevance.values, is_signed(relevance.request.method)).rgba
    grey = cv2.cvtColor(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)
    rgba = cv2.resize(coloured, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return blend(grey, rgba)


def _write(folder: Path, stem: str, frame: Frame, relevance: Relevance) -> list[str]:
    arrays: Mapping[str, FloatArray] = {stem: _at_frame_size(relevance)}
    if relevance.request.method == "layers":
        arrays = {f"{stem}-{i:02d}-{a.name.replace(' ', '-')}": a.values for i, a in enumerate(relevance.layers, 1)}
    try:
        for name, values in arrays.items():
            partial = folder / f"{name}.npy.part"
            with partial.open("wb") as file:
                np.save(file, values)
            os.replace(partial, folder / f"{name}.npy")
        _, png = cv2.imencode(".png", picture(frame, relevance)[..., ::-1])
        partial = folder / f"{stem}.png.part"
        partial.write_bytes(png.tobytes())
        os.replace(partial, folder / f"{stem}.png")
    except OSError as e:
        # numpy tells a full disk as an OSError without a number or a reason.
        reason = e.strerror or "the disk may be full"
        raise OutputError(f"The explanations cannot be written to {folder} ({reason}); choose another folder.") from e
    return [*(f"{name}.npy" for name in arrays), f"{stem}.png"]


def _at_frame_size(relevance: Relevance) -> FloatArray:
    height, width = relevance.size
    stretched = cv2.resize(relevance.values, (width, height), interpolation=cv2.INTER_LINEAR)
    # What one pixel of the network held is now spread over several (or gathered in one): the sum stays.
    return (stretched * (relevance.values.size / stretched.size)).astype(np.float32)
