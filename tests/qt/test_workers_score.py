"""What the review queue is ordered by, checked by hand, and the worker that computes it beside others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from medseg_gui.project.records import FrameKey
from medseg_gui.qt.workers.score import ScoreJob, ScoreWorker, flicker_at, uncertainty
from medseg_gui.types import POLYP, Frame, Segmentation
from tests.qt.fakes import FakeExplainers, FakeMedia, FakeNetworks, Heard

KEYS = tuple(FrameKey("id-clip", i, i / 25) for i in range(6))


class Corner:
    """Marks the upper left corner of whatever it is shown, with a certain probability."""

    weights_id = "corner@0"

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def segment(self, frame: Frame) -> Segmentation:
        p = np.zeros((16, 16), np.float32)
        p[:8, :8] = self._probability
        return Segmentation(frame.index, frame.source_id, frame.size, {POLYP: p}, {POLYP: "corner@0"})


class Follower:
    """Marks what is bright: the same tissue in every mirror image."""

    weights_id = "follower@0"

    def segment(self, frame: Frame) -> Segmentation:
        p = (frame.rgb[::4, ::4, 0] > 100).astype(np.float32)
        return Segmentation(frame.index, frame.source_id, frame.size, {POLYP: p}, {POLYP: "follower@0"})


def picture(x: int) -> np.ndarray:
    """(64, 96, 3) textured, with a bright square at column x."""
    rgb = np.random.default_rng(0).integers(0, 60, (64, 96, 3)).astype(np.uint8)
    rgb[20:36, x : x + 16] = 200
    return rgb


class Clip:
    """Two pictures; the square stays, or jumps away."""

    def __init__(self, x: int) -> None:
        self._pictures = (picture(16), picture(x))

    def read(self, index: int) -> Frame:
        return Frame(index, index / 25, "clip", self._pictures[index])


def test_uncertainty_is_the_entropy_over_mirror_images() -> None:
    frame = Frame(0, 0.0, "", picture(16))
    assert uncertainty([Follower()], frame) == pytest.approx(0, abs=1e-5), "sure, and the same in every mirror"
    # The corner is seen in another quarter each time: a quarter of certainty everywhere.
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert uncertainty([Corner(1.0)], frame) == pytest.approx(entropy, abs=1e-4)


def test_flicker_is_what_no_motion_explains() -> None:
    assert flicker_at([Follower()], Clip(16), 1, 0.5) == pytest.approx(0, abs=0.1)
    assert flicker_at([Follower()], Clip(70), 1, 0.5) > 0.5
    assert flicker_at([Follower()], Clip(70), 0, 0.5) == 0, "nothing comes before a first frame"


@pytest.fixture
def worker(qapp: object, media: FakeMedia, networks: FakeNetworks, explainers: FakeExplainers) -> Iterator[ScoreWorker]:
    worker = ScoreWorker(media.open, networks, explainers)
    worker.start()
    yield worker
    networks.gate.set()
    worker.stop()
    worker.wait()


def job(name: str = "uncertainty", spec: str = "clip") -> ScoreJob:
    return ScoreJob(name, KEYS, {"id-clip": spec}, ("fast",), 0.5)


def all_scores(heard: Heard) -> dict[FrameKey, float]:
    return {key: value for _, scores in heard.calls for key, value in scores.items()}


def test_every_frame_gets_a_score_off_the_main_thread(
    qtbot: QtBot, worker: ScoreWorker, media: FakeMedia, networks: FakeNetworks
) -> None:
    scored, ended = Heard(worker.scored), Heard(worker.ended)
    worker.submit(job())
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert set(all_scores(scored)) == set(KEYS)
    assert media.opened[-1].is_closed
    assert networks.named("fast").threads == {"ScoreWorker"}


def test_a_damaged_frame_has_no_score_and_stops_nobody(qtbot: QtBot, worker: ScoreWorker, media: FakeMedia) -> None:
    media.bad = {2}
    scored, ended, noticed = Heard(worker.scored), Heard(worker.ended), Heard(worker.noticed)
    worker.submit(job())
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert set(all_scores(scored)) == set(KEYS) - {KEYS[2]}
    assert noticed.last == ("1 of 6 frames got no score; they stand at the end.",)


def test_where_nothing_is_marked_no_relevance_lies_outside(qtbot: QtBot, worker: ScoreWorker) -> None:
    scored, ended = Heard(worker.scored), Heard(worker.ended)
    worker.submit(replace(job("relevance outside"), threshold=0.95))  # the fake then finds nothing
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert all_scores(scored) == dict.fromkeys(KEYS, 0.0)


def test_a_source_with_other_content_is_refused(qtbot: QtBot, worker: ScoreWorker) -> None:
    ended, failed = Heard(worker.ended), Heard(worker.failed)
    worker.submit(job(spec="other"))
    qtbot.waitUntil(lambda: len(ended) == 1 and len(failed) == 1)
    assert "was changed since it was annotated" in str(failed.last[0])


def test_stopped_it_keeps_what_it_has(qtbot: QtBot, worker: ScoreWorker, networks: FakeNetworks) -> None:
    networks.gate.clear()
    ended = Heard(worker.ended)
    worker.submit(job())
    qtbot.waitUntil(lambda: bool(networks.loaded) and bool(networks.loaded[-1].seen))
    worker.cancel()
    networks.gate.set()
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert len({*networks.loaded[-1].seen}) < len(KEYS)


def test_it_rests_while_a_video_plays(qtbot: QtBot, worker: ScoreWorker, networks: FakeNetworks) -> None:
    worker.hold(True)
    ended = Heard(worker.ended)
    worker.submit(job())
    worker.hold(False)
    qtbot.waitUntil(lambda: len(ended) == 1)
    assert networks.loaded[-1].seen
