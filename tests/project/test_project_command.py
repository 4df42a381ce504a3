"""`medseg project`: a data set comes in, is shown, and goes out in another format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medseg_gui.cli import run
from medseg_gui.commands.project import _FORMATS
from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.data.mask_file import read_mask
from medseg_gui.data.phantom import write_dataset
from medseg_gui.project.exchange import FORMATS


def told(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    """What a command prints with --json."""
    assert run(["project", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    write_dataset(tmp_path / "data", count=3, centres=1, seed=4)
    return tmp_path / "data" / "C1"


def test_a_data_set_comes_in_and_goes_out(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, out = tmp_path / "project", tmp_path / "out"
    words = ("import", project, "--from", dataset, "--format", "png", "--centre", "C1", "--author", "Ada")
    assert told(capsys, *words) == {"frames": 3, "kept": 0, "unknown": 0}
    assert told(capsys, *words) == {"frames": 0, "kept": 3, "unknown": 0}
    shown = told(capsys, "show", project)
    assert shown["frames"]["corrected"] == 3
    assert [(s["centre"], s["frames"], s["missing"]) for s in shown["sources"]] == [("C1", 3, False)]
    done = told(capsys, "export", project, "--format", "png", "-o", out)
    assert (done["frames"], done["frames_without_picture"]) == (3, 0)
    for before, after in zip(read_dataset(dataset), read_dataset(out), strict=True):
        assert before.image.stem == after.image.stem
        assert (read_mask(before.mask) == read_mask(after.mask)).all()


def test_all_centres_of_a_data_set_come_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_dataset(tmp_path / "data", count=4, centres=2, seed=1)
    words = ("import", tmp_path / "project", "--from", tmp_path / "data", "--format", "png")
    assert told(capsys, *words) == {"frames": 4, "kept": 0, "unknown": 0}
    assert [s["centre"] for s in told(capsys, "show", tmp_path / "project")["sources"]] == ["C1", "C2"]
    assert told(capsys, "show", tmp_path / "project", "--centre", "C2")["frames"]["corrected"] == 2


def test_a_project_is_moved_backed_up_and_restored(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    told(capsys, "import", project, "--from", dataset, "--format", "png")
    dataset.rename(tmp_path / "moved")
    assert told(capsys, "show", project)["sources"][0]["missing"]
    found = told(capsys, "relocate", project, "--from", tmp_path / "moved")
    assert (len(found["found"]), found["still_missing"]) == (1, [])
    assert Path(told(capsys, "backup", project)["backup"]).is_file()
    (project / "project.sqlite").write_bytes(b"broken")
    assert run(["project", "show", str(project)]) == 2
    assert "medseg project restore" in capsys.readouterr().err
    told(capsys, "restore", project)
    assert told(capsys, "show", project)["frames"]["corrected"] == 3
    assert told(capsys, "agreement", project)["polyp"]["frames"] == 0


def test_words_for_people(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = str(tmp_path / "project")
    assert run(["project", "import", project, "--from", str(dataset), "--format", "png"]) == 0
    assert run(["project", "show", project]) == 0
    assert "corrected: 3" in capsys.readouterr().out
    assert run(["project", "export", project, "--format", "yolo", "-o", str(tmp_path / "y"), "--deidentify"]) == 0
    assert "the format cannot hold: holes" in capsys.readouterr().out
    assert run(["project", "export", project, "--format", "coco", "-o", str(tmp_path / "x"), "--state", "good"]) == 2
    assert "There is no state good" in capsys.readouterr().err


def test_the_choices_are_the_formats() -> None:
    assert list(FORMATS) == list(_FORMATS), "commands list formats without loading heavy libraries"
