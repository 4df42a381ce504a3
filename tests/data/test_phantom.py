"""Phantom frames: deterministic, exact, and written as a data set that can be trained on."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.data.phantom import render_clip, render_sample, write_clip, write_dataset
from medseg_gui.data.phantom.centres import CENTRES, field_of_view
from medseg_gui.errors import InputError, OutputError
from medseg_gui.types import INSTRUMENT, POLYP

SIZE = (96, 128)


def test_one_seed_one_frame() -> None:
    first, again, other = (render_sample(seed, size=SIZE) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.mask, again.mask)
    assert not np.array_equal(first.rgb, other.rgb)


@pytest.mark.parametrize("seed", range(4))
def test_the_mask_is_where_the_polyp_changes_the_picture(seed: int) -> None:
    with_polyp = render_sample(seed, size=SIZE, polyps=1, instruments=0)
    without = render_sample(seed, size=SIZE, polyps=0, instruments=0)
    assert not without.mask.any()
    marked = with_polyp.mask == POLYP
    changed = np.abs(with_polyp.rgb.astype(int) - without.rgb.astype(int)).sum(-1)
    if marked.sum() > 50:
        assert np.median(changed[marked]) > 2 * np.median(changed[~marked])


def test_an_instrument_is_marked_exactly() -> None:
    bare = render_sample(5, size=SIZE, polyps=0, instruments=0)
    tool = render_sample(5, size=SIZE, polyps=0, instruments=1)
    marked = tool.mask == INSTRUMENT
    assert marked.sum() > 30
    changed = np.abs(tool.rgb.astype(int) - bare.rgb.astype(int)).sum(-1) > 40
    assert (changed & marked).sum() > 0.6 * marked.sum()


@pytest.mark.parametrize("number", range(len(CENTRES)))
def test_each_centre_has_its_look(number: int) -> None:
    centre = CENTRES[number]
    sample = render_sample(1, centre=number, size=(120, 160), polyps=2, instruments=1)
    inside = field_of_view(centre, (120, 160))
    assert sample.centre == centre.name
    assert not sample.mask[~inside].any()
    corner = sample.rgb[-30:, :30].astype(int)
    if centre.scope_guide:
        assert (corner[..., 1] - corner[..., 0]).max() > 80
    if centre.shape != "full":
        assert sample.rgb[0, 0].max() < 40
    else:
        assert sample.rgb[60, 2].max() > 40


def test_the_centres_differ_in_colour() -> None:
    means = [render_sample(1, centre=i, size=SIZE).rgb[40:56, 55:75].mean((0, 1)) for i in range(len(CENTRES))]
    assert len({tuple(m.round().astype(int)) for m in means}) == len(CENTRES)


def test_a_clip_moves_smoothly_and_shows_everything() -> None:
    frames = list(render_clip(4, seconds=8, frame_rate=4, size=SIZE))
    assert len(frames) == 32
    shown = [np.unique(f.mask) for f in frames]
    assert any(POLYP in s for s in shown)
    assert any(INSTRUMENT in s for s in shown)
    assert any(POLYP not in s for s in shown)


def test_neighbours_in_a_clip_look_alike() -> None:
    clip = render_clip(4, seconds=2, frame_rate=25, size=SIZE)
    first, second = next(clip), next(clip)
    assert np.abs(first.rgb.astype(int) - second.rgb.astype(int)).mean() < 12


def test_a_data_set_can_be_read_back(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    write_dataset(tmp_path / "phantom ß", 4, 2, 0, lambda done, total: progress.append((done, total)))
    examples = read_dataset(tmp_path / "phantom ß")
    assert {e.centre for e in examples} == {"C1", "C2"}
    assert len(examples) == 4
    assert progress[-1] == (4, 4)
    assert len(read_dataset(tmp_path / "phantom ß", INSTRUMENT)) == 4
    assert {e.mask.parent.name for e in read_dataset(tmp_path / "phantom ß", INSTRUMENT) if e.mask} == {
        "instrument_masks"
    }
    write_dataset(tmp_path / "phantom ß", 2, 2, 0)


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="already holds other files"):
        write_dataset(tmp_path, 1, 1, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        write_dataset(tmp_path / "file" / "sub", 1, 1, 0)
    with pytest.raises(OutputError):
        write_clip(tmp_path / "file" / "clip.mp4", seconds=0.1, size=SIZE)


def test_a_clip_file_has_every_frame(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=0.4, size=SIZE)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10
