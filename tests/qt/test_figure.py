"""A saved figure: its caption, its colours, and that it is written whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from medseg_gui.errors import OutputError
from medseg_gui.qt.figure import FigureRequest, caption, draw_figure, save_figure
from medseg_gui.qt.workers.picture import ColourRequest, colour
from medseg_gui.types import ExplanationRequest, Frame, Target
from tests.qt.fakes import make_relevance


def figure(
    path: Path, request: ExplanationRequest, shown_layer: str = "", hidden: frozenset[int] = frozenset()
) -> FigureRequest:
    frame = Frame(312, 12.48, "id", np.full((90, 160, 3), 100, np.uint8))
    relevance = make_relevance(frame, request)
    square = np.array([[60, 20], [120, 20], [120, 70], [60, 70]], np.float32)
    return FigureRequest(
        path=str(path),
        frame=frame,
        explanation=colour(ColourRequest(relevance, 0.99, hidden, shown_layer)),
        source_title="Klinik ü.mp4",
        opacity=1.0,
        is_grey=True,
        outlines=(square,),
        colour=(0, 229, 255),
        max_probability=0.93,
    )


def test_caption_says_everything_that_is_needed_to_repeat_it(qapp: object, tmp_path: Path) -> None:
    request = ExplanationRequest(
        rule="zplus", target=Target("pixel", 5, 6), threshold=0.4, smooth=True, with_stability=True
    )
    text = "\n".join(caption(figure(tmp_path / "f.png", request, hidden=frozenset({2}))))
    for words in (
        *("Klinik ü.mp4", "frame 312", "12.480 s", "fast@00000000", "threshold 0.40", "0.93"),
        *("LRP, rule z⁺", "one pixel at 5, 6 (polyp)", "without lesion 2", "smoothed"),
        *("✓ sound", "60 % inside", "25 % outside", "ledger error 0.020 %", "stability 0.91", "agreement 0.70"),
        "For research use; not a medical device.",
    ):
        assert words in text


def test_caption_names_the_block_or_the_layer(qapp: object, tmp_path: Path) -> None:
    lrp = caption(figure(tmp_path / "f.png", ExplanationRequest(), "bottleneck"))
    assert "arriving at bottleneck" in "\n".join(lrp)
    cam = caption(figure(tmp_path / "f.png", ExplanationRequest(method="gradcam", layer="decoder 1")))
    assert "Grad-CAM at decoder 1" in "\n".join(cam)
    assert "ledger" not in "\n".join(cam)


def test_frame_stands_at_the_left_and_the_map_at_the_right(qapp: object, tmp_path: Path) -> None:
    image = draw_figure(figure(tmp_path / "f.png", ExplanationRequest()))
    left, right = image.pixelColor(24 + 180, 24 + 200), image.pixelColor(24 + 720 + 24 + 180, 24 + 200)
    assert left.getRgb()[:3] == (100, 100, 100)
    assert right.red() > right.blue() + 40
    assert image.pixelColor(3, image.height() - 3).getRgb()[:3] == (255, 255, 255)


def test_figure_is_written_over_an_older_one(qapp: object, tmp_path: Path) -> None:
    file = tmp_path / "f.png"
    file.write_text("old")
    save_figure(figure(file, ExplanationRequest()))
    assert not QImage(str(file)).isNull()
    assert [p.name for p in tmp_path.iterdir()] == ["f.png"]


def test_failed_save_leaves_the_older_one(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "f.png"
    file.write_text("old")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"f\.png cannot be saved \(No space left on device\)"):
        save_figure(figure(file, ExplanationRequest()))
    assert file.read_text() == "old"


def test_what_was_not_measured_is_left_out(qapp: object, tmp_path: Path) -> None:
    plain = replace(figure(tmp_path / "f.png", ExplanationRequest()), max_probability=None)
    assert "probability" not in "\n".join(caption(plain))
    assert "stability" not in "\n".join(caption(plain))
