"""Damaged files by the hundred: frames or one sentence, never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medseg_gui.errors import InputError
from medseg_gui.media import open_source
from tests.media.conftest import MakeClip

resource = pytest.importorskip("resource", reason="Windows does not tell the most memory used")

CASES_PER_KIND = 40
PICTURES = ("png", "jpg", "bmp", "tif", "webp")
CLIPS = {
    "mp4": "libx264",
    "mov": "mjpeg",
    "mkv": "libx265",
    "avi": "mpeg4",
    "webm": "libvpx-vp9",
    "ts": "libx264",
    "mpg": "mpeg2video",
    "wmv": "wmv2",
}
MOST_MEMORY_KB = 1024**2


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, double or overwrite some of it."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        place = rng.randrange(len(out))
        kind = rng.randrange(5)
        if kind == 0:
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[place : place + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
        elif kind == 2:
            out = out[: max(place, 8)]
        elif kind == 3:
            out[place:place] = out[place : place + rng.randint(1, 40)]
        else:
            del out[place : place + rng.randint(1, 40)]
            out = out or bytearray(data[:8])
    return bytes(out)


def complaints_about(path: Path) -> list[str]:
    """Read every frame in a wild order; what was told instead of a frame."""
    complaints = []
    try:
        with open_source(path) as source:
            for index in random.Random(0).sample(range(source.frame_count), source.frame_count):
                try:
                    rgb = source.read(index).rgb
                except InputError as error:
                    complaints.append(str(error))
                else:
                    assert (rgb.dtype, rgb.ndim, rgb.shape[2]) == (np.uint8, 3, 3)
    except InputError as error:
        complaints.append(str(error))
    return complaints


def assert_survives(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert complaints_about(path) == []
    data = path.read_bytes()
    rng = random.Random(path.suffix)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    complaints = []
    for _ in range(CASES_PER_KIND):
        path.write_bytes(mutate(data, rng))
        complaints += complaints_about(path)
    assert complaints, "the damage did no harm"
    assert all(len(complaint.splitlines()) == 1 for complaint in complaints)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY_KB
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # as the program does; pytest sets its own filters
@pytest.mark.parametrize("ending", PICTURES)
def test_damaged_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str], ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise).save(path)
    assert_survives(path, capfd)


@pytest.mark.parametrize("ending", list(CLIPS))
def test_damaged_clips(make_clip: MakeClip, capfd: pytest.CaptureFixture[str], ending: str) -> None:
    codec = CLIPS[ending]
    options = {"x265-params": "keyint=4:log-level=none"} if codec == "libx265" else {"g": "4"}
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = make_clip(f"a.{ending}", codec, count=12, options=options, pixel_format=pixel_format)
    capfd.readouterr()  # the encoder's own words
    assert_survives(path, capfd)
