"""A scan fills the timeline in the background, rests in motion, and is refused in words where it makes no sense."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.qt.pipeline import Pipeline
from medseg_gui.types import INSTRUMENT, POLYP
from tests.qt.fakes import FakeMedia, FakeNetworks
from tests.qt.pipeline_scene import open_and_wait, overlay_index


def test_the_timeline_is_filled_in_the_background(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    progress: list[tuple[int, int]] = []
    pipeline.state.analysis.scan_progressed.connect(lambda *p: progress.append(p))
    with qtbot.waitSignals([pipeline.state.analysis.scanning_changed] * 2):
        pipeline.state.analysis.request_scan()
    assert not pipeline.state.analysis.is_scanning
    assert pipeline.state.analysis.lanes[POLYP] == pytest.approx(np.full(40, 0.6))
    assert np.isnan(pipeline.state.analysis.lanes[INSTRUMENT]).all()
    assert progress[-1] == (39, 39)  # the first frame had been seen already
    assert media.opened[1].threads == {"ScanWorker"}
    assert media.opened[1].is_closed


def test_what_a_scan_finds_for_other_weights_is_thrown_away(
    pipeline: Pipeline, qtbot: QtBot, networks: FakeNetworks
) -> None:
    open_and_wait(pipeline, qtbot)
    networks.gate.clear()
    pipeline.state.analysis.request_scan()
    qtbot.waitUntil(lambda: len(networks.loaded) == 2 and bool(networks.loaded[1].seen))
    pipeline.state.session.choose_weights(POLYP, "slow")
    assert not pipeline.state.analysis.is_scanning
    networks.gate.set()
    qtbot.waitUntil(lambda: overlay_index(pipeline) == 0)
    pipeline.close()
    assert np.isnan(pipeline.state.analysis.lanes[POLYP][1:]).all()


def test_a_scan_rests_while_the_video_plays(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    playback, analysis = pipeline.state.playback, pipeline.state.analysis
    playback.set_loop((0, 1))
    playback.play()
    with qtbot.waitSignal(pipeline.state.session.noticed):
        analysis.request_scan()
    qtbot.waitUntil(lambda: len(media.opened) == 2)
    assert media.opened[1].read_indices == []
    playback.pause()
    qtbot.waitUntil(lambda: not analysis.is_scanning)
    assert not np.isnan(analysis.lanes[POLYP]).any()


@pytest.mark.parametrize("what", ["nothing open", "no weights", "camera", "all seen"])
def test_a_scan_without_sense_is_refused_in_words(pipeline: Pipeline, qtbot: QtBot, what: str) -> None:
    if what != "nothing open":
        pipeline.state.session.open("camera:0" if what == "camera" else "clip")
        qtbot.waitUntil(lambda: pipeline.state.playback.frame is not None)
    if what == "no weights":
        pipeline.state.session.choose_weights(POLYP, "")
    if what == "all seen":
        qtbot.waitUntil(lambda: overlay_index(pipeline) == 0)
        pipeline.state.analysis.lanes[POLYP][:] = 0.1
    with qtbot.waitSignal(pipeline.state.session.noticed):
        pipeline.state.analysis.request_scan()
    assert not pipeline.state.analysis.is_scanning


def test_closing_ends_a_scan_at_once(pipeline: Pipeline, qtbot: QtBot, media: FakeMedia) -> None:
    open_and_wait(pipeline, qtbot)
    pipeline.scanning.on_playing_changed(True)  # held: it would rest for ever
    pipeline.state.analysis.request_scan()
    qtbot.waitUntil(lambda: len(media.opened) == 2)
    pipeline.close()
    assert media.opened[1].is_closed
    assert not pipeline.is_running
