"""Damaged files by the hundred: frames or one sentence, never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medseg_gui.errors import SourceError
from medseg_gui.media import open_source
from tests.media.conftest import MakeClip

CASES_PER_KIND = 40
PICTURES = ("png", "jpg", "bmp", "tif", "webp")
CLIPS = {"mp4": "libx264", "mkv": "libx264", "avi": "mpeg4", "webm": "libvpx-vp9", "ts": "libx264"}


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


def complaint_about(path: Path) -> str:
    """Read some frames; the sentence that says why they cannot be read, or nothing."""
    try:
        with open_source(path) as source:
            for index in {0, source.frame_count // 2, source.frame_count - 1}:
                frame = source.read(index)
                assert frame.rgb.dtype == np.uint8
                assert frame.rgb.shape[2] == 3
    except SourceError as error:
        return str(error)
    return "fine"


@pytest.mark.parametrize("ending", PICTURES)
def test_damaged_pictures(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    rng = random.Random(ending)
    for _ in range(CASES_PER_KIND):
        path.write_bytes(mutate(data, rng))
        assert len(complaint_about(path).splitlines()) == 1


@pytest.mark.parametrize("ending", list(CLIPS))
def test_damaged_clips(make_clip: MakeClip, ending: str) -> None:
    path = make_clip(f"a.{ending}", CLIPS[ending], count=12, options={"g": "4"})
    data = path.read_bytes()
    rng = random.Random(ending)
    for _ in range(CASES_PER_KIND):
        path.write_bytes(mutate(data, rng))
        assert len(complaint_about(path).splitlines()) == 1
