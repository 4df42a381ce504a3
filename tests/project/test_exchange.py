"""Annotations to other programs and back: exact where that is promised, and a sentence about what is lost where not."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools.coco import COCO

from medseg_gui.data.dataset_folder import read_dataset
from medseg_gui.data.mask_file import read_mask
from medseg_gui.errors import DataError, MedsegError, OutputError
from medseg_gui.media.image_file import read_image
from medseg_gui.project.exchange import FORMATS
from medseg_gui.project.exchange.format import Annotation, safe_name
from medseg_gui.project.exchange.polygons import count_holes, fill_polygons, outline_polygons
from medseg_gui.project.exchange.transfer import Import, export_project, import_folder
from medseg_gui.project.records import ACCEPTED, PREDICTED, FrameFilter, class_mask, lesions_from_labels
from medseg_gui.project.rle import encode, from_counts
from medseg_gui.project.store import Project
from medseg_gui.types import INSTRUMENT, POLYP
from tests.project.conftest import FRAMES, SIZE, key_of, lesions_of

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=17)
LABELS = arrays(np.uint16, SHAPES, elements=st.sampled_from([0, 0, 1, 2, 200]))
CLASSES = {1: POLYP, 2: INSTRUMENT, 200: POLYP}
BORDER = np.pad(np.zeros((5, 6), np.uint16), 1, constant_values=2)
READABLE = [name for name, f in FORMATS.items() if f.can_read]
EXACT_LESIONS = ["coco", "png-indexed", "labelme"]


def annotation_of(labels: np.ndarray) -> Annotation:
    return Annotation("picture.png", labels.shape, lesions_from_labels(labels, CLASSES))


def through(name: str, a: Annotation, folder: Path) -> Annotation:
    """Write one annotation, beside its picture, and read it again."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    picture = np.zeros((*a.size, 3), np.uint8)
    (folder / "images" / a.image).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    FORMATS[name].write([a], folder)
    (back,) = FORMATS[name].read(folder)
    return back


@pytest.mark.parametrize("name", EXACT_LESIONS)
def test_lesions_come_back_bit_by_bit(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("exchange") / "out"

    @settings(deadline=None, max_examples=40)
    @given(LABELS)
    @example(BORDER)
    @example(np.zeros((1, 1), np.uint16))
    @example(np.ones((3, 1), np.uint16))
    def check(labels: np.ndarray) -> None:
        a = annotation_of(labels)
        back = through(name, a, folder)
        assert (back.image, back.size, back.lesions) == (a.image, a.size, a.lesions)

    check()


def test_binary_masks_come_back_bit_by_bit(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("exchange") / "out"

    @settings(deadline=None, max_examples=40)
    @given(LABELS)
    @example(BORDER)
    def check(labels: np.ndarray) -> None:
        a = annotation_of(labels)
        back = through("png", a, folder)
        np.testing.assert_array_equal(class_mask(back.lesions, a.size), class_mask(a.lesions, a.size))
        assert len({x.lesion_id for x in back.lesions}) == len(back.lesions)

    check()


def test_yolo_loses_holes_and_nothing_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("exchange") / "out"

    @settings(deadline=None, max_examples=40)
    @given(arrays(np.bool_, SHAPES))
    def check(mask: np.ndarray) -> None:
        polygons = outline_polygons(mask)
        filled = fill_polygons(polygons, mask.shape)
        a = annotation_of(mask.astype(np.uint16))
        back = through("yolo", a, folder)
        np.testing.assert_array_equal(class_mask(back.lesions, a.size) > 0, filled)
        assert (filled >= mask).all()
        assert len(back.lesions) == len(polygons)

    check()


def test_what_yolo_loses_is_counted(tmp_path: Path) -> None:
    ring = np.zeros((9, 9), np.uint16)
    ring[1:6, 1:6] = 1
    ring[3, 3] = 0
    ring[8, 8] = 1
    told = FORMATS["yolo"].write([annotation_of(ring)], tmp_path)
    assert told == "1 holes were filled (1 px), 1 lesions of several parts were split."
    assert count_holes(ring > 0) == 1
    assert FORMATS["yolo"].write([annotation_of(ring * 0)], tmp_path) == ""


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_says_what_it_loses_or_loses_nothing(name: str, tmp_path: Path) -> None:
    """A polyp of two crossing parts with a hole, under an instrument, numbered 7."""
    polyp = np.zeros((20, 30), bool)
    polyp[2:12, 2:20] = True
    polyp[5:7, 5:7] = False
    polyp[18, 3] = True
    instrument = np.zeros_like(polyp)
    instrument[8:16, 10:30] = True
    lesions = tuple(
        type(lesions_of(0)[0])(i, c, encode(m)) for i, c, m in ((7, POLYP, polyp), (9, INSTRUMENT, instrument))
    )
    a = Annotation("picture.png", polyp.shape, lesions)
    told = FORMATS[name].write([a], tmp_path)
    if name == "csv":
        with pytest.raises(DataError, match="holds no masks"):
            FORMATS[name].read(tmp_path)
        return
    back = through(name, a, tmp_path / "again")
    assert (back.lesions == a.lesions) == (not told)
    assert not told or FORMATS[name].loses


def test_pycocotools_reads_what_we_write(tmp_path: Path) -> None:
    annotations = [Annotation(f"{i}.png", SIZE, lesions_of(i)) for i in range(3)]
    FORMATS["coco"].write(annotations, tmp_path)
    theirs = COCO(str(tmp_path / "annotations.json"))
    assert len(theirs.imgs) == 3
    for entry in theirs.loadAnns(theirs.getAnnIds()):
        a = annotations[entry["image_id"] - 1]
        (lesion,) = [x for x in a.lesions if x.class_id == entry["category_id"]]
        np.testing.assert_array_equal(theirs.annToMask(entry), lesion.mask.to_mask())
        assert entry["bbox"] == list(lesion.mask.box)


def test_polygons_and_uncompressed_counts_of_others_are_read(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 5, "file_name": "a.jpg", "width": 10, "height": 8}],
        "categories": [{"id": 3, "name": "Polyp"}],
        "annotations": [
            {"image_id": 5, "category_id": 3, "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]]},
            {"image_id": 5, "category_id": 3, "segmentation": {"size": [8, 10], "counts": [0, 2, 78]}},
        ],
    }
    (tmp_path / "instances.json").write_text(json.dumps(content), encoding="utf-8")
    (a,) = FORMATS["coco"].read(tmp_path)
    assert [(x.lesion_id, x.class_id, x.mask.area_px, x.mask.box) for x in a.lesions] == [
        (1, POLYP, 12, (1, 1, 4, 3)),
        (2, POLYP, 2, (0, 0, 1, 2)),
    ]
    assert a.lesions[1].mask == from_counts([0, 2, 78], 8, 10)


@pytest.mark.parametrize(
    "name",
    ["../a.png", "/etc/a.png", "a/../../b.png", "..\\a.png", "C:\\a.png", "C:a.png", "\\\\host\\a.png", "", "a\0b"],
)
def test_a_picture_outside_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    content = {"images": [{"id": 1, "file_name": name, "width": 4, "height": 4}], "categories": [], "annotations": []}
    (tmp_path / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match="picture"):
        FORMATS["coco"].read(tmp_path)
    assert safe_name("images/a.png", "x") == "a.png"


HARMLESS = {
    "images": [{"id": 1, "file_name": "a.png", "width": 4, "height": 4}],
    "categories": [{"id": 1, "name": "polyp"}],
}
BROKEN_COCO = [
    [],
    {},
    {"images": [{"id": 1, "file_name": "a.png", "width": 10**9, "height": 10**9}], "categories": [], "annotations": []},
    {"images": [], "categories": [{"id": 1, "name": "kidney"}], "annotations": []},
    *(
        {**HARMLESS, "annotations": [{"image_id": i, "category_id": c, "segmentation": s}]}
        for i, c, s in [
            (1, 1, {"size": [4, 4], "counts": "~~"}),
            (1, 1, {"size": [5, 4], "counts": [20]}),
            (1, 1, {"size": [4, 4], "counts": [10**30]}),
            (1, 1, {"size": [4, 4], "counts": 3}),
            (1, 1, [["x", 1]]),
            (1, 1, [[1, 2, 3]]),
            (1, 1, [[1e999, 2, 3, 4]]),
            (1, 1, None),
            (2, 1, []),
            (1, 2, []),
        ]
    ),
]


@pytest.mark.parametrize("content", BROKEN_COCO)
def test_a_broken_coco_file_is_told(content: object, tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError):
        FORMATS["coco"].read(tmp_path)


ANY_FILES = [f"{folder}/a.png" for folder in ("masks", "indexed_masks")]
ANY_FILES += ["annotations.json", "images/a.json", "lesions.csv", "labels/a.txt", "data.yaml"]


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("content", [b"", b"{", b"\x89PNG", b"\xff\xfe\x00", b"[" * 100_000, b"null", b"0 a b"])
def test_any_bytes_are_read_or_told(name: str, content: bytes, tmp_path: Path) -> None:
    for file in ANY_FILES:
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "images" / "a.png").write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    try:
        found = FORMATS[name].read(tmp_path)
    except DataError:
        return
    assert all(not a.lesions for a in found)


@pytest.fixture
def filled(folder: Path) -> Path:
    """A project with a mask on every picture but one that is empty, and one that nobody looked at."""
    with Project(folder, "Ada") as project:
        for i in range(FRAMES):
            lesions = () if i == 3 else lesions_of(i)
            state = PREDICTED if i == 4 else ACCEPTED
            project.write_mask(key_of(project, i), lesions, SIZE, state, weights="w@1", name=f"frame{i}.png")
    return folder


@pytest.mark.parametrize("name", READABLE)
def test_a_project_goes_out_and_comes_in_again(name: str, filled: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Project(filled) as project:
        result = export_project(project, name, out)
        assert (result.frames, result.without_picture) == (4, 0)
        expected = {f"frame{i}": class_mask(project.read_mask(key_of(project, i)), SIZE) for i in range(4)}
    with Project.create(tmp_path / "new") as project:
        assert import_folder(project, name, out, "C9") == Import(4, 0, 0)
        frames = project.frames(FrameFilter(centre="C9"))
        assert [f.name for f in frames] == [f"{stem}.png" for stem in expected]
        for frame in frames:
            mask = class_mask(project.read_mask(frame.key), SIZE)
            difference = mask != expected[Path(frame.name).stem]
            assert difference.sum() <= (4 if name == "yolo" else 0)
        with project.open_source(frames[0].key.source_hash) as source:
            np.testing.assert_array_equal(source.read(0).rgb, read_image(tmp_path / "Kölner Bilder" / "frame0.png"))
        assert import_folder(project, name, out) == Import(0, 4, 0)
        assert import_folder(project, name, out, replace_masks=True) == Import(4, 0, 0)
        assert len(project.sources()) == 1


def test_training_reads_an_export(filled: Path, tmp_path: Path) -> None:
    with Project(filled) as project:
        export_project(project, "png", tmp_path / "out", FrameFilter())
    for class_id in (POLYP, INSTRUMENT):
        examples = read_dataset(tmp_path / "out", class_id)
        assert len(examples) == FRAMES
        expected = class_mask(lesions_of(0), SIZE) == class_id
        np.testing.assert_array_equal(read_mask(examples[0].mask), expected)


def test_what_is_corrected_elsewhere_comes_back_to_its_frame(filled: Path, tmp_path: Path) -> None:
    with Project(filled) as project:
        export_project(project, "coco", tmp_path / "out", deidentify=True)
        content = (tmp_path / "out" / "annotations.json").read_text(encoding="utf-8")
        assert "frame0" not in content
        assert "Köln" not in content
        assert import_folder(project, "coco", tmp_path / "out", replace_masks=True).frames == 4
        assert len(project.sources()) == 1
        assert project.frame(key_of(project, 0)).name == "frame0.png"


def test_a_deidentified_export_is_black_outside(filled: Path, tmp_path: Path) -> None:
    with Project(filled) as project:
        export_project(project, "png", tmp_path / "out", deidentify=True, margin_px=3)
    pictures = [read_image(p) for p in sorted((tmp_path / "out" / "images").iterdir())]
    assert all(not p[:6].any() and not p[:, -6:].any() and p[10:-10, 10:-10].any() for p in pictures)


def test_an_import_can_keep_clean_copies_only(filled: Path, tmp_path: Path) -> None:
    with Project(filled) as project:
        export_project(project, "labelme", tmp_path / "out")
    with Project.create(tmp_path / "new") as project:
        assert import_folder(project, "labelme", tmp_path / "out", deidentify=True, margin_px=3) == Import(4, 0, 0)
        shutil.rmtree(tmp_path / "out")
        assert project.missing_sources() == []
        frames = project.frames()
        assert not any("frame" in f.name for f in frames)
        assert [project.read_mask(f.key) for f in frames] == [lesions_of(0), lesions_of(1), lesions_of(2), ()]
        with project.open_source(frames[0].key.source_hash) as source:
            assert not source.read(0).rgb[:6].any()
            assert source.read(0).rgb[10:-10, 10:-10].any()


def test_the_table_holds_each_lesion(filled: Path, tmp_path: Path) -> None:
    with Project(filled, "Ada") as project:
        project.set_notes(key_of(project, 0), "=cmd()")
        export_project(project, "csv", tmp_path / "out")
    with (tmp_path / "out" / "measurements.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["image"], r["lesions_in_frame"], r["class"]) for r in rows[:2]] == [
        ("frame0.png", "2", "polyp"),
        ("frame0.png", "2", "instrument"),
    ]
    assert int(rows[1]["area_px"]) == lesions_of(0)[1].mask.area_px == 8 * 15
    assert [rows[1][c] for c in ("x_px", "y_px", "width_px", "height_px")] == ["50", "40", "15", "8"]
    assert rows[0]["notes"] == "'=cmd()"
    assert rows[-1]["lesions_in_frame"] == "0"
    assert rows[-1]["class"] == ""


def test_frames_without_their_source_go_out_as_annotations(filled: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "Kölner Bilder")
    with Project(filled) as project:
        result = export_project(project, "coco", tmp_path / "out")
        assert (result.frames, result.without_picture) == (4, 4)
        assert import_folder(project, "coco", tmp_path / "out", replace_masks=True).frames == 4


def test_an_import_that_cannot_be_changes_nothing(filled: Path, tmp_path: Path) -> None:
    with Project(filled) as project:
        export_project(project, "coco", tmp_path / "out")
        path = tmp_path / "out" / "annotations.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        content["images"][-1]["width"] += 1
        content["annotations"] = []
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DataError, match="another frame"):
            import_folder(project, "coco", tmp_path / "out", replace_masks=True)
        assert project.read_mask(key_of(project, 0)) == lesions_of(0)


@pytest.mark.parametrize(
    ("name", "match"), [("dicom", "no format"), ("coco", "already holds"), ("png", "already holds")]
)
def test_an_export_that_cannot_be_is_told(filled: Path, pictures: Path, name: str, match: str) -> None:
    with Project(filled) as project, pytest.raises(MedsegError, match=match):
        export_project(project, name, pictures)
    with Project(filled) as project, pytest.raises(DataError, match="No frame"):
        export_project(project, "coco", filled / "x", FrameFilter(states=("rejected",)))
    with Project(filled) as project, pytest.raises(OutputError):
        export_project(project, "coco", pictures / "frame0.png" / "x")
