"""The case report and the overlay video are read back: pages, words, pictures, times and masks."""

from __future__ import annotations

import json
import re
import zlib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from medseg_gui.case_report import Explanation, measurements, write_case_report
from medseg_gui.cli import run
from medseg_gui.errors import DataError, OutputError
from medseg_gui.media import open_source
from medseg_gui.overlay_video import describe_frame, write_overlay_video
from medseg_gui.project.records import FrameKey, FrameRecord, lesions_from_labels
from medseg_gui.project.store import Project
from medseg_gui.types import POLYP

SIZE = (120, 160)
TICKS = (0, 1, 2, 7, 8, 30)  # of 1/25 s: the rate varies
AREA = (slice(40, 80), slice(60, 110))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project on a short clip named after a patient, one frame of which is corrected."""
    path = tmp_path / "A. Meyer.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "1"})
        video.width, video.height, video.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        for ticks in TICKS:
            picture = np.full((*SIZE, 3), (120, 60, 50), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = ticks, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    labels = np.zeros(SIZE, np.uint8)
    labels[AREA] = 1
    opened = Project.create(tmp_path / "project", "Dr Weiß")
    with open_source(path) as source:
        opened.add_source(source, "C1")
        key = FrameKey(source.source_id, 2, float(source.frame_times[2]))
    lesions = lesions_from_labels(labels, {1: POLYP})
    opened.write_mask(key, lesions, SIZE, weights="polyp-unet_lite0@0123")
    opened.set_notes(key, "Costs 5$ and $6: small lesion")
    return opened


def words_of(path: Path) -> str:
    """All text of a PDF, letters of one or two bytes each; those beyond Latin-1 are lost."""
    text = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL):
        with suppress(zlib.error):  # pictures and fonts
            for shown in re.findall(rb"BT\n(.*?)ET\n", zlib.decompress(stream), re.DOTALL):
                parts = re.findall(rb"\(((?:\\.|[^\\)])*)\)", shown, re.DOTALL)
                text += b"".join(parts).replace(b"\0", b"").replace(b"\\", b"") + b"\n"
    return text.decode("latin-1")


def pages_of(path: Path) -> int:
    return len(re.findall(rb"/Type /Page\b", path.read_bytes()))


def test_a_report_tells_what_is_known_of_a_frame(project: Project, tmp_path: Path) -> None:
    records = project.frames()
    assert write_case_report(project, records, tmp_path / "case.pdf") == 1
    words = words_of(tmp_path / "case.pdf")
    facts = ("Case report", "For research use", "corrected", "polyp-unet_lite0@0123", "Centre: C1", "Dr Wei")
    measured = ("2000", "60, 40", "50 × 40", "10.42%")
    for wanted in (*facts, *measured, "Costs 5$ and $6: small lesion", records[0].key.source_hash[:12]):
        assert wanted in words, wanted
    assert pages_of(tmp_path / "case.pdf") == 1
    assert not list(tmp_path.glob("*.part"))


def test_a_clean_report_names_nobody(project: Project, tmp_path: Path) -> None:
    write_case_report(project, project.frames(), tmp_path / "case.pdf", deidentify=True)
    words = words_of(tmp_path / "case.pdf")
    assert "corrected" in words
    for hidden in ("Wei", "Meyer", "small lesion"):
        assert hidden not in words
    assert b"Meyer" not in (tmp_path / "case.pdf").read_bytes()


def test_an_explanation_stands_beside_the_frame(project: Project, tmp_path: Path) -> None:
    seen: list[FrameRecord] = []

    def explain(record: FrameRecord, rgb: np.ndarray) -> Explanation:
        seen.append(record)
        return Explanation(rgb, "lrp: sound; 80 inside")

    write_case_report(project, project.frames(), tmp_path / "with.pdf", explain)
    write_case_report(project, project.frames(), tmp_path / "without.pdf")
    assert [r.key.index for r in seen] == [2]
    assert "lrp: sound; 80 inside" in words_of(tmp_path / "with.pdf")
    images = [len(re.findall(rb"/Subtype /Image", (tmp_path / n).read_bytes())) for n in ("with.pdf", "without.pdf")]
    assert images == [2, 1]


def test_a_report_of_nothing_or_to_nowhere_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No frame was chosen"):
        write_case_report(project, [], tmp_path / "case.pdf")
    with pytest.raises(OutputError, match="cannot be written"):
        write_case_report(project, project.frames(), tmp_path / "nowhere" / "case.pdf")


def test_measurements_are_those_of_the_mask() -> None:
    labels = np.zeros((10, 20), np.uint8)
    labels[2:5, 3:9] = 1
    labels[3, 4] = 0
    rows = measurements(lesions_from_labels(labels, {1: POLYP}), (10, 20))
    assert rows == [("1", "polyp", "17", "8.50%", "3, 2", "6 × 3")]


def test_the_video_keeps_the_times_and_shows_the_mask(project: Project, tmp_path: Path) -> None:
    source_hash = project.sources()[0].hash
    assert write_overlay_video(project, source_hash, tmp_path / "out.mp4") == len(TICKS)
    with open_source(tmp_path / "out.mp4") as shown:
        np.testing.assert_allclose(shown.frame_times - shown.frame_times[0], np.array(TICKS) / 25, atol=1e-4)
        plain, marked = shown.read(1).rgb.astype(int), shown.read(2).rgb.astype(int)
    middle = slice(50, 70), slice(75, 95)
    tint = (marked - plain)[middle].mean(axis=(0, 1))
    assert tint[0] < -10 < 10 < tint[2]
    rim = np.abs(marked - plain)[38:42, 70:100].max(axis=(0, 2))
    assert (rim > 80).all()
    assert np.abs(marked - plain)[:30, :50].max() < 12


def test_a_video_of_some_frames_names_nobody(project: Project, tmp_path: Path) -> None:
    source_hash = project.sources()[0].hash
    assert write_overlay_video(project, source_hash, tmp_path / "out.mp4", [2, 3], deidentify=True) == 2
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.type for s in container.streams] == ["video"]
        assert "Meyer" not in str(container.metadata)
    for frames, name in (([], "a.mp4"), ([99], "b.mp4"), ([1], "out.mp4")):
        with pytest.raises(DataError):
            write_overlay_video(project, source_hash, tmp_path / name, frames)


def test_the_burnt_in_line_tells_number_time_state_and_weights() -> None:
    record = FrameRecord(FrameKey("ab", 3, 0.12), "", SIZE, "to_do", "", "", "pölyp@1", "", "")
    assert describe_frame(3, 0.12, record) == "frame 3  0.120 s  to do  p?lyp@1"
    assert describe_frame(3, 0.12, None) == "frame 3  0.120 s"


def test_the_command_line_writes_both(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.close()
    for words, told in (
        (["report", "-o", "case.pdf"], {"pages": 1}),
        (["report", "-o", "again.pdf", "--frame", "2", "--deidentify"], {"pages": 1}),
        (["video", "-o", "out.mp4"], {"frames": len(TICKS)}),
        (["video", "-o", "two.mp4", "--frame", "2", "--frame", "1", "--source", "A. Meyer.mp4"], {"frames": 2}),
    ):
        name = tmp_path / words[2]
        assert run(["project", words[0], str(project.folder), "-o", str(name), *words[3:], "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {**told, "output": str(name)}
        assert name.is_file()
    for wrong in (["report"], ["video", "-o", "x.mp4", "--source", "B"], ["report", "-o", "x.pdf", "--explain", "why"]):
        assert run(["project", wrong[0], str(project.folder), *wrong[1:]]) == 2
