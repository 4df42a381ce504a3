"""What the training process says, made into how far it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medseg_gui.qt.state.training import Progress


def progressed(progress: Progress, event: dict[str, Any]) -> Progress:
    """How far it is after one more event of the process; see `training.protocol`."""
    kind = event["event"]
    if kind == "step":
        at = event["epoch"] + (event["step"] + 1) / event["steps"]
        return replace(
            progress,
            epoch=event["epoch"],
            step=event["step"],
            steps=event["steps"],
            losses=(*progress.losses, (at, event["loss"])),
            left_s=event["left_s"],
            doing="",
        )
    if kind == "epoch":
        begun_at = event["epoch"] - 1
        is_known = bool(progress.losses) and progress.losses[-1][0] > begun_at
        # Of a run of an earlier day only the mean of each pass was kept.
        mean = ((float(event["epoch"]), event["loss"]),) if "loss" in event and not is_known else ()
        return replace(
            progress,
            losses=(*progress.losses, *mean),
            epoch=event["epoch"],
            step=-1,
            dices=(*progress.dices, (float(event["epoch"]), event["dice"])),
            left_s=event["left_s"],
            samples=tuple(event["samples"]),
        )
    if kind == "classifier":
        doing = f"A classifier learns to tell the centres apart: {event['epoch']} of {event['epochs']} passes"
        return replace(progress, doing=doing)
    if kind == "centre_masks":
        return replace(progress, doing=f"{event['taken_away']:.0%} of the pixels give a centre away")
    if kind in ("done", "stopped"):
        return replace(progress, doing="Everything is saved; the process ends…", left_s=None)
    return progress
