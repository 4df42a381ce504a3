"""The readers that `fuzz.py` feeds: for each, sound files, where they lie, and how they are read."""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import cv2
import numpy as np
import torch
from PIL import Image
from PySide6.QtCore import QEvent

from medseg_gui.data.mask_file import read_mask
from medseg_gui.data.patients import read_patients
from medseg_gui.explanation_record import read_record, record_file
from medseg_gui.media import open_source
from medseg_gui.networks import build_network
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.networks.weights import WeightsInfo, load_network, read_info, save_weights
from medseg_gui.project.database import DATABASE_NAME
from medseg_gui.project.exchange import FORMATS
from medseg_gui.project.exchange.format import Annotation
from medseg_gui.project.exchange.transfer import import_folder
from medseg_gui.project.records import FrameKey, lesions_from_labels
from medseg_gui.project.rle import from_text
from medseg_gui.project.store import Project
from medseg_gui.qt.app import Window, build_application
from medseg_gui.settings import Settings, load_settings, save_settings
from medseg_gui.training.recipe import Recipe, default_recipe
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.training.versions import Versions
from medseg_gui.types import INSTRUMENT, POLYP

SIZE = (24, 32)
HEADER = {"network": "unet_lite0", "class": "polyp", "input_size": "64", "threshold": "0.5", "parent": "mine@1"}


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        make: fills an empty folder with what the reader needs beside the file; gives the contents of sound files.
        place: puts a content where the reader looks for it.
        read: reads it.
    """

    make: Callable[[Path], list[bytes]]
    place: Callable[[Path, bytes], None]
    read: Callable[[Path], object]


def in_file(name: str) -> Callable[[Path, bytes], None]:
    """Puts the content into one file of the folder."""

    def place(folder: Path, content: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return place


# Annotations of other programs ------------------------------------------------------------------------------------


def annotation() -> Annotation:
    """A picture with a polyp that has a hole, and an instrument."""
    labels = np.zeros(SIZE, np.uint16)
    labels[3:15, 4:18] = 1
    labels[6:8, 7:9] = 0
    labels[18:, 20:] = 2
    return Annotation("a.png", SIZE, lesions_from_labels(labels, {1: POLYP, 2: INSTRUMENT}))


def exported(name: str, file: str) -> Callable[[Path], list[bytes]]:
    """Writes in a format; gives the content of one of its files."""

    def make(folder: Path) -> list[bytes]:
        (folder / "images").mkdir()
        (folder / "images" / "a.png").write_bytes(picture("PNG"))
        FORMATS[name].write([annotation()], folder)
        return [(folder / file).read_bytes(), *OTHERS_WRITE.get(name, [])]

    return make


OTHERS_WRITE = {
    "coco": [
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "images/a.png", "width": 32, "height": 24}],
                "categories": [{"id": 7, "name": "Polyp"}],
                "annotations": [
                    {"image_id": 1, "category_id": 7, "segmentation": [[1, 1, 9, 1, 9, 9.5]]},
                    {"image_id": 1, "category_id": 7, "segmentation": {"size": [24, 32], "counts": [0, 2, 766]}},
                ],
            }
        ).encode()
    ],
    "labelme": [
        json.dumps(
            {
                "imagePath": "..\\images\\a.png",
                "imageHeight": 24,
                "imageWidth": 32,
                "shapes": [
                    {"label": "polyp", "points": [[1, 1], [9, 9]], "shape_type": "rectangle", "group_id": 3},
                    {"label": "polyp", "points": [[9, 9], [12, 9]], "shape_type": "circle", "group_id": None},
                ],
            }
        ).encode()
    ],
}


def exchange(name: str, file: str) -> Target:
    """A format, of which one file is damaged."""
    return Target(exported(name, file), in_file(file), FORMATS[name].read)


def import_into_project(folder: Path) -> object:
    """The whole way of a COCO file into a project of its own."""
    number = sum(1 for _ in folder.parent.glob(f"{folder.name}-project*"))
    with Project.create(folder.with_name(f"{folder.name}-project{number}")) as project:
        return import_folder(project, "coco", folder)


# Pictures and recordings --------------------------------------------------------------------------------------------


def picture(kind: str) -> bytes:
    """A picture of one kind."""
    file = io.BytesIO()
    rgb = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side
    Image.fromarray(rgb).save(file, kind, **({} if kind == "BMP" else {"exif": exif}))
    return file.getvalue()


def clip(folder: Path, ending: str, codec: str) -> bytes:
    """Twelve frames of one kind."""
    path = folder / f"made.{ending}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"g": "4"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for i in range(12):
            rgb = np.full((48, 64, 3), 20 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    return path.read_bytes()


def read_source(name: str) -> Callable[[Path], None]:
    """Opens a file and reads frames from its end to its beginning."""

    def read(folder: Path) -> None:
        with open_source(folder / name) as source:
            for index in reversed(range(min(source.frame_count, 12))):
                source.read(index)

    return read


def recording(ending: str, codec: str) -> Target:
    """Clips of one kind."""
    return Target(lambda folder: [clip(folder, ending, codec)], in_file(f"a.{ending}"), read_source(f"a.{ending}"))


def mask_png(folder: Path) -> list[bytes]:
    """A mask as PNG, and as JPEG."""
    mask = np.zeros(SIZE, np.uint8)
    mask[4:9, 5:20] = 255
    return [cv2.imencode(ending, mask)[1].tobytes() for ending in (".png", ".jpg")]


# Weights and what lies beside them ------------------------------------------------------------------------------------


def header_of(folder: Path) -> list[bytes]:
    """The JSON that a safetensors file begins with."""
    tensor = {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]}
    return [json.dumps({"__metadata__": HEADER, "a.weight": tensor}).encode()]


def with_header(folder: Path, header: bytes) -> None:
    """A safetensors file with this header."""
    (folder / "mine.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)


def read_weights(folder: Path) -> object:
    """Everything between the list of weights and a loaded network."""
    info = read_info(folder / "mine.safetensors")
    return info.weights_id, read_record(info), load_network(info) if info.network != "unet_lite0" else None


def saved_weights(folder: Path) -> WeightsInfo:
    """Weights with a card, small enough to be read again and again."""
    return save_weights(folder, "mine", torch.nn.Conv2d(3, 4, 3), HEADER, "# mine\n\nFor research use.")


def card_of(folder: Path) -> list[bytes]:
    """A model card."""
    saved_weights(folder)
    return [(folder / "mine.md").read_bytes()]


def record_of(folder: Path) -> list[bytes]:
    """What `medseg evaluate --explanations` leaves."""
    info = saved_weights(folder)
    passes = {"learnt": False, "faithful": False, "finds": False, "stable": True}
    figures = {"randomised": 0.7, "deletion": 0.1, "insertion": 0.2, "mass": 0.3, "stability": 0.4, "passes": passes}
    return [json.dumps({"weights": info.weights_id, "images": 5, "maps": {"lrp gamma": figures}}).encode()]


def place_record(folder: Path, content: bytes) -> None:
    """Beside its weights."""
    record_file(read_info(folder / "mine.safetensors")).write_bytes(content)


def read_card(folder: Path) -> object:
    """Header, card and record."""
    info = read_info(folder / "mine.safetensors")
    return info.weights_id, read_record(info)


def saved_by_torch(content: Any) -> bytes:
    """A file of torch."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def encoder_file(folder: Path) -> list[bytes]:
    """An encoder's weights, with only a few of its tensors."""
    return [saved_by_torch({"state_dict": {"conv1.weight": torch.zeros(2, 2)}, "epoch": 3})]


def read_encoder(folder: Path) -> None:
    """Into a network that is built anew: one that was refused half-way is not used either."""
    load_encoder_weights(ENCODER, folder / "a.pth")


def use_versions(folder: Path) -> object:
    """Which weights are active, and back."""
    versions = Versions(folder)
    return versions.active(POLYP), versions.roll_back(POLYP)


# Projects and settings ------------------------------------------------------------------------------------------------


def project_file(folder: Path) -> list[bytes]:
    """A project's database with a mask, notes and undo."""
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(picture("PNG"))
    with Project.create(folder / "made", "Ada") as project, open_source(pictures) as source:
        key = FrameKey(project.add_source(source, "C1").hash, 0, 0.0)
        project.write_mask(key, annotation().lesions, SIZE, title="brush", name="a.png")
        project.set_notes(key, "flat")
        project.copy_database(folder / "copy")
    return [(folder / "copy").read_bytes()]


def place_project(folder: Path, content: bytes) -> None:
    """Without what SQLite left of the one before."""
    for old in folder.glob(f"project/{DATABASE_NAME}*"):
        old.unlink()
    in_file(f"project/{DATABASE_NAME}")(folder, content)


def use_project(folder: Path) -> None:
    """All that opening a project and going back a step asks for."""
    with Project(folder / "project") as project:
        for record in project.frames():
            project.read_mask(record.key)
        for source in project.sources():
            project.path_of(source)
        project.undo()
        project.audit()
        project._changed = False  # a backup costs more than all the rest


def settings_text(folder: Path) -> list[bytes]:
    """The settings file as it is written, with recent sources."""
    with _home(folder):
        save_settings(Settings(recent=("a.mp4",), window=("AAAA", "BBBB")))
    return [(folder / "settings.json").read_bytes()]


def use_settings(folder: Path) -> None:
    """Load them, build the window with them, and keep what it makes of them."""
    with _home(folder):
        window = Window(load_settings())
        window.main.grab()
        save_settings(window.pipeline.settings.now)
        window.main.deleteLater()
        window.pipeline.deleteLater()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _home(folder: Path) -> Any:
    return patch.dict("os.environ", {"MEDSEG_HOME": str(folder)})


def ones(content: bytes) -> Callable[[Path], list[bytes]]:
    """Needs nothing beside the one file."""
    return lambda folder: [content]


def read_text_mask(folder: Path) -> object:
    """A run-length mask."""
    return from_text((folder / "a.txt").read_text(encoding="utf-8", errors="replace"), *SIZE).to_mask()


os.environ["QT_QPA_PLATFORM"] = "offscreen"
application = build_application(["fuzz"])
ENCODER = build_network("unet_lite0")
STATE = {"recipe": default_recipe("unet_lite0").to_json(), "epoch": 1, "network": {"a": torch.zeros(2)}}

TARGETS: dict[str, Target] = {
    "coco": exchange("coco", "annotations.json"),
    "coco-project": Target(exported("coco", "annotations.json"), in_file("annotations.json"), import_into_project),
    "labelme": exchange("labelme", "images/a.json"),
    "yolo": exchange("yolo", "labels/a.txt"),
    "yolo-names": exchange("yolo", "data.yaml"),
    "png": exchange("png", "masks/a.png"),
    "indexed-png": exchange("png-indexed", "indexed_masks/a.png"),
    "lesion-table": exchange("png-indexed", "lesions.csv"),
    "run-length": Target(ones(annotation().lesions[0].mask.text.encode()), in_file("a.txt"), read_text_mask),
    "mask": Target(mask_png, in_file("a.png"), lambda folder: read_mask(folder / "a.png")),
    "patients": Target(
        ones(b"image,patient\na.png,1\nb.png,2\n"), in_file("p.csv"), lambda folder: read_patients(folder / "p.csv")
    ),
    "picture": Target(
        lambda folder: [picture(kind) for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP")],
        in_file("a.png"),
        read_source("a.png"),
    ),
    "mp4": recording("mp4", "libx264"),
    "mkv": recording("mkv", "libx264"),
    "avi": recording("avi", "mjpeg"),
    "weights": Target(header_of, with_header, read_weights),
    "card": Target(card_of, in_file("mine.md"), read_card),
    "record": Target(record_of, place_record, read_card),
    "encoder": Target(encoder_file, in_file("a.pth"), read_encoder),
    "run-state": Target(
        ones(saved_by_torch(STATE)), in_file("resume.pt"), lambda folder: RunFolder(folder).load_state()
    ),
    "recipe": Target(
        ones(default_recipe("gan").to_json().encode()),
        in_file("recipe.json"),
        lambda folder: Recipe.from_json((folder / "recipe.json").read_text(encoding="utf-8", errors="replace")),
    ),
    "versions": Target(ones(b'{"polyp": ["a-v2", "a-v3"]}'), in_file("active.json"), use_versions),
    "settings": Target(settings_text, in_file("settings.json"), use_settings),
    "project": Target(project_file, place_project, use_project),
}
