"""The script that measures fine-tuning never measures on a recording that it learnt from, and draws what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from medseg_gui.data.dataset_folder import Example, read_dataset
from medseg_gui.errors import InputError
from medseg_gui.networks.weights import WeightsInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from fine_tuning_gains import copy_frames, draw, plan_of

EXAMPLES = [
    Example(Path(f"C5/images/{g}-{i}.jpg"), Path(f"C5/masks/{g}-{i}.png"), "C5", f"C5/p{g}")
    for g in range(8)
    for i in range(6)
]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_measured_on_shares_no_recording_with_what_is_corrected(seed: int) -> None:
    corrected, others = draw(EXAMPLES, 20, seed)
    assert [sum(e.group == g for e in corrected) for g in dict.fromkeys(e.group for e in corrected)] == [4] * 5
    assert len(set(corrected)) == 20
    assert len(others) == 18  # what was not corrected of the five recordings belongs to neither
    assert not {e.group for e in corrected} & {e.group for e in others}
    assert draw(EXAMPLES, 20, seed) == (corrected, others)
    assert draw(EXAMPLES, 20, seed + 1) != (corrected, others)


def test_too_few_recordings_are_told() -> None:
    with pytest.raises(InputError, match="too few recordings"):
        draw(EXAMPLES, 35, 0)


def test_the_window_would_plan_the_same(tmp_path: Path) -> None:
    base = WeightsInfo("base", "unet_lite0", 1, 128, 0.5, (tmp_path / "base.safetensors",))
    plan = plan_of(draw(EXAMPLES, 30, 0)[0], base, "quick", 128)
    assert plan.counts == (24, 6)
    assert plan.refusal == ""
    assert plan.settings == {"epochs": 33, "batch-size": 4, "lr": 2e-4, "seed": 0, "size": 128}


def test_copied_frames_keep_their_recordings(tmp_path: Path) -> None:
    for e in EXAMPLES[:12]:
        for file in (e.image, e.mask):
            assert file is not None
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
    here = [Example(tmp_path / e.image, tmp_path / str(e.mask), e.centre, e.group) for e in EXAMPLES[:12]]
    copy_frames(here, tmp_path / "data")
    found = read_dataset(tmp_path / "data")
    assert {(e.image.stem, e.group) for e in found} == {(e.image.stem, e.group) for e in here}
