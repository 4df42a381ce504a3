"""Files made to harm: nothing in them runs, fills the memory, or leads elsewhere; each is refused in one sentence."""

from __future__ import annotations

import base64
import json
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from medseg_gui import paths
from medseg_gui.data.mask_file import read_mask
from medseg_gui.errors import DataError, InputError, MedsegError, WeightsError
from medseg_gui.explanation_record import read_record, record_file
from medseg_gui.media import open_source
from medseg_gui.networks import build_network
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.networks.weights import read_info, save_weights
from medseg_gui.project.exchange import FORMATS
from medseg_gui.project.exchange.transfer import import_folder
from medseg_gui.project.records import FrameKey
from medseg_gui.project.store import Project
from medseg_gui.settings import Settings, load_settings
from medseg_gui.training.recipe import Recipe, default_recipe
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.training.versions import Versions
from medseg_gui.types import MAX_PIXELS, POLYP

HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5"}
DEEP = "[" * 100_000
HUGE_NUMBER = 10**400


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self._trace), "w"))


def png_of(width: int, height: int) -> bytes:
    """A black PNG of one bit a pixel: a megabyte for eight thousand millions."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# Code ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["pt", "pth", "safetensors"])
def test_pickles_never_run(tmp_path: Path, ending: str) -> None:
    trace = tmp_path / "it ran"
    file = tmp_path / f"resume.{ending}"
    for write in (lambda: file.write_bytes(pickle.dumps(Bomb(trace))), lambda: torch.save({"a": Bomb(trace)}, file)):
        write()
        with pytest.raises(InputError):
            RunFolder(tmp_path).load_state()
        with pytest.raises(WeightsError):
            load_encoder_weights(build_network("unet_lite0"), file)
        with pytest.raises(MedsegError):
            read_info(file)
        with pytest.raises(MedsegError):
            open_source(file)
    assert not trace.exists()


# Memory -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bomb() -> bytes:
    """A small picture of more pixels than may be."""
    content = png_of(MAX_PIXELS // 1000 + 1, 1000)
    assert len(content) < 100_000
    return content


def test_a_mask_of_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, bomb: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(bomb)
    with pytest.raises(DataError, match="100 megapixels"):
        read_mask(tmp_path / "masks" / "a.png")
    with pytest.raises(DataError, match="100 megapixels"):
        FORMATS["png"].read(tmp_path)


def test_a_part_of_a_mask_that_claims_gigabytes_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenCV sets aside what a chunk of a PNG claims to hold, before it looks whether that is there."""
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    content = bytearray(png_of(9, 9))
    place = content.index(b"IDAT") - 4
    content[place : place + 4] = struct.pack(">I", 2**31 - 1)
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_mask(tmp_path / "a.png")


def test_a_mask_within_a_text_is_refused_before_it_is_decoded(
    tmp_path: Path, bomb: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    shape = {"label": "polyp", "shape_type": "mask", "points": [[0, 0], [1, 1]]}
    shape["mask"] = base64.b64encode(bomb).decode()
    content = {"imagePath": "a.png", "imageHeight": 9, "imageWidth": 9, "shapes": [shape]}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError):
        FORMATS["labelme"].read(tmp_path)


def test_a_zip_bomb_is_no_state_of_a_run(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(8)}, tmp_path / "sound.pt")
    with zipfile.ZipFile(tmp_path / "sound.pt") as sound:
        contents = {name: sound.read(name) for name in sound.namelist()}
    with zipfile.ZipFile(tmp_path / "resume.pt", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(name, bytes(50 * 1024**2) if name.endswith("/data/0") else content)
    assert (tmp_path / "resume.pt").stat().st_size < 1024**2
    with pytest.raises(InputError, match="damaged"):
        RunFolder(tmp_path).load_state()


def test_a_header_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    for size in (2**63, 2**40, 99 * 1024**2, 100):
        (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", size) + b"{}")
        with pytest.raises(WeightsError, match="not a readable safetensors file"):
            read_info(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        {"input_size": "1000000000"},
        {"input_size": "-256"},
        {"input_size": "0"},
        {"input_size": "9" * 5000},
        {"threshold": "nan"},
        {"threshold": "inf"},
        {"threshold": "0"},
        {"class": "kidney"},
    ],
)
def test_weights_that_tell_what_cannot_be_are_refused(tmp_path: Path, change: dict[str, str]) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", {**HEADER, **change})
    with pytest.raises(WeightsError, match="export it with this program"):
        read_info(tmp_path / "a.safetensors")


def test_weights_in_more_parts_than_can_be_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a-1-of-99999999999.safetensors"
    save_file({"a": torch.zeros(1)}, file, HEADER)
    with pytest.raises(WeightsError, match="99999999999"):
        read_info(file)


# Text that leads astray -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [DEEP, "1", '{"polyp": 1}', '{"polyp": [1, null]}', '{"polyp": {"a": 1}}'])
def test_a_damaged_list_of_active_weights_means_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "active.json").write_text(text, encoding="utf-8")
    assert Versions(tmp_path).active(POLYP) is None
    with pytest.raises(InputError, match="nothing to go back to"):
        Versions(tmp_path).roll_back(POLYP)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", HUGE_NUMBER),
        ("threshold", float("nan")),
        ("threshold", 7.0),
        ("mask_opacity", -1.0),
        ("brush_px", float("inf")),
        ("speed", 0.0),
        ("recent", [1, None]),
        ("window", [["a"]]),
        ("new_class", HUGE_NUMBER),
    ],
)
def test_a_setting_that_cannot_be_gets_its_default(name: str, value: object, caplog: pytest.LogCaptureFixture) -> None:
    stored = {name: value, "palette": "Colour-blind safe"}
    paths.settings_file().write_text(json.dumps(stored), encoding="utf-8")
    assert load_settings() == Settings(palette="Colour-blind safe")
    assert f"setting {name}" in caplog.text


def test_settings_that_are_nested_too_deep_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    paths.settings_file().write_text(DEEP, encoding="utf-8")
    assert load_settings() == Settings()
    assert "unusable" in caplog.text


def test_a_recipe_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(InputError, match="recipe cannot be read"):
        Recipe.from_json(DEEP)


def test_a_recipe_is_refused_in_one_line_whatever_it_tells() -> None:
    recipe = json.loads(default_recipe("unet_lite0").to_json())
    with pytest.raises(InputError, match="There is no class") as caught:
        Recipe.from_json(json.dumps({**recipe, "class_id": "\r\n\n"}))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("images", ["1e999", DEEP])
def test_a_record_of_explanations_that_cannot_be_gives_no_warnings(
    tmp_path: Path, images: str, caplog: pytest.LogCaptureFixture
) -> None:
    info = save_weights(tmp_path, "mine", torch.nn.Conv2d(3, 4, 3), HEADER, "")
    text = f'{{"weights": "{info.weights_id}", "maps": {{}}, "images": {images}}}'
    record_file(info).write_text(text, encoding="utf-8")
    assert read_record(info).images == 0
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("line", ["-1 0.1 0.1 0.5 0.1 0.5 0.5", "2 0.1 0.1 0.5 0.1 0.5 0.5"])
def test_a_class_that_is_not_there_is_not_taken_for_another(tmp_path: Path, line: str) -> None:
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((9, 9), np.uint8))
    (tmp_path / "labels" / "a.txt").write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt"):
        FORMATS["yolo"].read(tmp_path)


@pytest.mark.parametrize("shape_type", ["polygon", "rectangle", "circle", "mask"])
@pytest.mark.parametrize("number", [HUGE_NUMBER, float("inf"), float("nan")])
def test_a_corner_beyond_all_numbers_is_told(tmp_path: Path, shape_type: str, number: float) -> None:
    mask = base64.b64encode(cv2.imencode(".png", np.ones((1, 1), np.uint8))[1].tobytes()).decode()
    shape = {"label": "polyp", "shape_type": shape_type, "points": [[number, 1], [2, 2]], "mask": mask}
    content = {"imagePath": "a.png", "imageHeight": 9, "imageWidth": 9, "shapes": [shape]}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError):
        FORMATS["labelme"].read(tmp_path)


# Names ----------------------------------------------------------------------------------------------------------------

ODD_NAMES = ["Robert'); DROP TABLE frame;--.png", "%s{0}$HOME`id`.png", "日本語 ünï.png", "-rf.png", "a\nb.png"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_are_only_names(tmp_path: Path, name: str) -> None:
    """A picture with an odd name goes into a project with its mask, and both come out again."""
    if os.name == "nt" and not set('\n<>:"|?*').isdisjoint(name):
        pytest.skip("Windows has no such names")
    data = tmp_path / "data"
    for folder in ("images", "masks"):
        (data / folder).mkdir(parents=True)
        png = cv2.imencode(".png", np.full((9, 9), 255, np.uint8))[1].tobytes()
        (data / folder / name).write_bytes(png)
    with Project.create(tmp_path / "project", author=name) as project:
        assert import_folder(project, "png", data).frames == 1
        (frame,) = project.frames()
        assert frame.name == name
        project.set_notes(frame.key, name)
        project.set_scores(name, {frame.key: 1.0})
        assert project.scores(name) == {frame.key: 1.0}
        assert len(project.read_mask(frame.key)) == 1
    with Project(tmp_path / "project") as project:
        assert project.frames()[0].notes == name


def test_a_name_that_is_no_text_is_told_or_kept(tmp_path: Path) -> None:
    """Linux takes any bytes for a file name; a database takes text."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    try:
        path = pictures / os.fsdecode(b"caf\xe9.png")
        path.write_bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1].tobytes())
    except (OSError, UnicodeError):
        pytest.skip("this system takes only text")
    with Project.create(tmp_path / "project") as project, open_source(pictures) as source:
        key = FrameKey(project.add_source(source).hash, 0, 0.0)
        project.add_frames([key], (9, 9), [source.read(0).name])
        project.write_mask(key, (), (9, 9), name=source.read(0).name)
        assert project.frames()[0].key == key
    folder = pictures.rename(tmp_path / os.fsdecode(b"\xe9"))
    told = pytest.raises(DataError, match="is no text; rename it")
    with Project(tmp_path / "project") as project, open_source(folder) as source, told:
        project.add_source(source)
