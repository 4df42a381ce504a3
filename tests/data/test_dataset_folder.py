"""Data set folders as people have them, quirks included."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from medseg_gui.data.dataset_folder import read_dataset, read_negatives
from medseg_gui.errors import DataError


def put_picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())


def test_pairs_by_stem_and_by_mask_ending(tmp_path: Path) -> None:
    put_picture(tmp_path / "images" / "a.jpg", 1)
    put_picture(tmp_path / "masks" / "a.png", 1)
    put_picture(tmp_path / "images" / "b.jpg", 2)
    put_picture(tmp_path / "masks" / "b_mask.png", 2)
    put_picture(tmp_path / "images" / "C3_EndoCV2021_00489_.jpg", 3)
    put_picture(tmp_path / "masks" / "C3_EndoCV2021_00489_mask.png", 3)
    masks = {e.image.stem: e.mask.name for e in read_dataset(tmp_path) if e.mask}
    assert masks == {"a": "a.png", "b": "b_mask.png", "C3_EndoCV2021_00489_": "C3_EndoCV2021_00489_mask.png"}


def test_an_image_without_mask_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a", "b"):
        put_picture(tmp_path / "images" / f"{name}.jpg", ord(name))
    put_picture(tmp_path / "masks" / "a.png")
    assert [e.image.stem for e in read_dataset(tmp_path)] == ["a"]
    assert "1 of 2 images have no mask" in caplog.text


def test_centres_and_patients_come_from_folders_and_table(tmp_path: Path) -> None:
    for centre in ("C1", "C2"):
        put_picture(tmp_path / centre / "images" / "ä 1.png", 1)
        put_picture(tmp_path / centre / "masks" / "ä 1.png", 1)
    (tmp_path / "C1" / "patients.csv").write_text("image,patient\nä 1.png,Müller\n", encoding="utf-8")
    first, second = read_dataset(tmp_path)
    assert (first.centre, first.group) == ("C1", "C1/Müller")
    assert second.centre == "C2"


def test_near_duplicates_share_a_group(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        put_picture(tmp_path / "images" / f"{name}.png", seed)
        put_picture(tmp_path / "masks" / f"{name}.png", seed)
    a, b, c = (e.group for e in read_dataset(tmp_path))
    assert a == b != c


def test_negatives_have_no_mask(tmp_path: Path) -> None:
    put_picture(tmp_path / "C1" / "images" / "a.jpg")
    put_picture(tmp_path / "C1" / "masks" / "a.png")
    assert [e.mask for e in read_negatives(tmp_path)] == [None]


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("x")])
def test_no_data_is_told_in_a_sentence(tmp_path: Path, make) -> None:
    make(tmp_path / "data")
    with pytest.raises(DataError):
        read_dataset(tmp_path / "data")


def test_a_table_without_its_columns_is_told(tmp_path: Path) -> None:
    put_picture(tmp_path / "images" / "a.jpg")
    put_picture(tmp_path / "masks" / "a.png")
    (tmp_path / "patients.csv").write_text("file;who\na.jpg;1\n", encoding="utf-8")
    with pytest.raises(DataError, match="columns image and patient"):
        read_dataset(tmp_path)


@pytest.mark.shared_data
def test_the_published_sets_are_read_whole(shared_data: Path) -> None:
    examples = read_dataset(shared_data / "polyp")
    assert len(examples) == 2467
    sequences = {e.group for e in examples if e.centre == "CVC-ClinicDB"}
    assert len(sequences) == 25
    assert {e.group.split("/")[1] for e in read_dataset(shared_data / "instrument" / "EndoVis2015-Rigid")} == {
        "OP1",
        "OP2",
        "OP4",
    }
