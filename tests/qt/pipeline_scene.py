"""What tests of the pipeline do first: open a source, wait for its overlay, go elsewhere."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from medseg_gui.qt.pipeline import Pipeline


def open_and_wait(pipeline: Pipeline, qtbot: QtBot, spec: str = "clip") -> None:
    """Open a source and wait until its first frame is drawn with an overlay."""
    pipeline.state.session.open(spec)
    qtbot.waitUntil(lambda: source_title(pipeline) == spec)
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 0)


def source_title(pipeline: Pipeline) -> str:
    source = pipeline.state.session.source
    return source.title if source else ""


def overlay_index(pipeline: Pipeline) -> int | None:
    overlay = pipeline.state.analysis.overlay
    return overlay.frame_index if overlay else None


def go_to(pipeline: Pipeline, qtbot: QtBot, index: int) -> None:
    pipeline.state.playback.seek(index)
    qtbot.waitUntil(lambda: pipeline.state.playback.index == index)
