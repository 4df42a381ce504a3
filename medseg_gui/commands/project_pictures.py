"""What a project shows to others: a case report and a video with its masks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from medseg_gui.case_report import Explanation
    from medseg_gui.explanation import FrameExplainer
    from medseg_gui.project.records import FrameRecord
    from medseg_gui.project.store import Project
    from medseg_gui.types import UInt8Array

METHODS = ("lrp", "gradcam", "hirescam")


def report(args: argparse.Namespace, project: Project) -> dict[str, Any]:
    """Write a case report of the chosen frames."""
    from medseg_gui.case_report import write_case_report
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.commands.project import wanted_states
    from medseg_gui.errors import InputError
    from medseg_gui.project.records import STATES, FrameFilter

    if args.explain not in (None, *METHODS):
        raise InputError(f"There is no explanation {args.explain} for reports; use one of {', '.join(METHODS)}.")
    with project, progress_bar("frames") as progress:
        # Who names frames means these, whatever their state.
        states = STATES if args.frame and not args.state else wanted_states(args.state)
        source = _source_hash(project, args.only) if args.only else None
        records = project.frames(FrameFilter(states, source, args.centre))
        chosen = [r for r in records if not args.frame or r.key.index in args.frame]
        explain = _explainer(args.explain, args.weights) if args.explain else lambda record, rgb: None
        pages = write_case_report(project, chosen, args.output, explain, args.deidentify, args.margin, progress)
    return {"pages": pages, "output": str(args.output)}


def video(args: argparse.Namespace, project: Project) -> dict[str, Any]:
    """Write the frames of a source with their masks as a video."""
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.overlay_video import write_overlay_video

    with project, progress_bar("frames") as progress:
        source, frames = _source_hash(project, args.only), sorted(set(args.frame)) if args.frame else None
        count = write_overlay_video(project, source, args.output, frames, args.deidentify, args.margin, progress)
    return {"frames": count, "output": str(args.output)}


def _source_hash(project: Project, name: str | None) -> str:
    """The one source that is meant.

    Raises:
        InputError: none or several are.
    """
    from medseg_gui.errors import InputError

    sources = project.sources()
    found = [s.hash for s in sources if name is None or s.name == name or s.hash.startswith(name)]
    if len(found) != 1:
        known = ", ".join(f"{s.name} ({s.hash[:8]})" for s in sources) or "none"
        raise InputError(f"Say with --source which one is meant; the project has {known}.")
    return found[0]


def _explainer(method: str, weights: str | None) -> Callable[[FrameRecord, UInt8Array], Explanation | None]:
    """What explains frames by the weights given, or by those that first proposed their masks."""
    loaded: dict[str, FrameExplainer] = {}

    def explain(record: FrameRecord, rgb: UInt8Array) -> Explanation | None:
        from medseg_gui.explanation import FrameExplainer

        # The id of weights is their name and a sum of their content.
        name = weights or record.weights.split("@")[0]
        if not name:
            return None
        if name not in loaded:
            loaded[name] = FrameExplainer.load(name)
        return _explanation(loaded[name], method, record, rgb)

    return explain


def _explanation(explainer: FrameExplainer, method: str, record: FrameRecord, rgb: UInt8Array) -> Explanation | None:
    from medseg_gui.case_report import Explanation
    from medseg_gui.errors import NothingPredictedError
    from medseg_gui.explanation_files import picture
    from medseg_gui.types import ExplanationRequest, Frame

    frame = Frame(record.key.index, record.key.time_s, record.key.source_hash, rgb)
    request = ExplanationRequest(method, class_id=explainer.info.class_id, threshold=explainer.info.threshold)
    try:
        relevance = explainer.explain(frame, request)
    except NothingPredictedError:
        return None
    trust = relevance.trust
    shares = f"{trust.inside:.0%} inside the mask, {trust.rim:.0%} at its rim, {trust.outside:.0%} outside"
    return Explanation(picture(frame, relevance), f"{method}, {explainer.weights_id}: {trust.verdict}; {shares}.")
