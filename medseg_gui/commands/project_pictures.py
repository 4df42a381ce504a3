"""What a project shows to others: a case report and a video with its masks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_gui.case_explanations import CaseExplainer
    from medseg_gui.project.store import Project


def report(args: argparse.Namespace, project: Project) -> dict[str, Any]:
    """Write a case report of the chosen frames."""
    from medseg_gui.case_report import no_explanation, write_case_report
    from medseg_gui.commands.progress import progress_bar
    from medseg_gui.commands.project import wanted_states
    from medseg_gui.project.records import STATES, FrameFilter

    explain = _explainer(args.explain, args.weights) if args.explain else no_explanation
    with project, progress_bar("frames") as progress:
        # Who names frames means these, whatever their state.
        states = STATES if args.frame and not args.state else wanted_states(args.state)
        source = _source_hash(project, args.only) if args.only else None
        records = project.frames(FrameFilter(states, source, args.centre))
        chosen = [r for r in records if not args.frame or r.key.index in args.frame]
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


def _explainer(method: str, weights: str | None) -> CaseExplainer:
    from medseg_gui.case_explanations import CaseExplainer

    return CaseExplainer(method, weights)
