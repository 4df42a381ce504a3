"""Sends masks through the newest LabelMe, which gets an environment of its own, and compares pixel by pixel.

    python scripts/labelme_check.py                          # makes the environment; needs a package index
    python scripts/labelme_check.py --python VENV/bin/python # uses one that is there

Rendered frames and hand-made hard cases (holes, parts, single pixels, borders) are exported. LabelMe's own code reads
them, makes its label map, and writes them again; that is imported. Ends with 1 when a pixel differs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import cv2
import numpy as np

from medseg_gui.data.phantom import render_sample
from medseg_gui.media import open_source
from medseg_gui.project.exchange.transfer import export_project, import_folder
from medseg_gui.project.records import FrameKey, class_mask, lesions_from_class_mask
from medseg_gui.project.store import Project
from medseg_gui.types import CLASS_NAMES, UInt8Array

SIZE = (256, 320)
# Runs in LabelMe's environment. Arguments: a folder with its files.
THEIR_PART = """
import sys, pathlib, numpy, labelme
from labelme import utils
from labelme._label_file import LabelFile, write_label_file
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    file = LabelFile(str(path))
    height, width = utils.img_data_to_arr(file.image_data).shape[:2]
    classes, _ = utils.shapes_to_label((height, width), file.shapes, {names})
    numpy.save(path.with_suffix(".npy"), classes)
    for shape in file.shapes:
        shape.pop("other_data")
        if shape["mask"] is not None:
            shape["mask"] = utils.img_arr_to_b64(shape["mask"].astype(numpy.uint8))
    write_label_file(str(path), shapes=file.shapes, image_path=file.image_path, image_height=height, image_width=width)
print(labelme.__version__)
"""


def hard_cases() -> list[UInt8Array]:
    """Class masks that polygons find hard, and rendered ones."""
    ring, dots, border, slope = (np.zeros(SIZE, np.uint8) for _ in range(4))
    cv2.circle(ring, (100, 100), 60, 1, 9)
    dots[::17, ::13] = 1
    border[0], border[-1], border[:, 0], border[:, -1] = 1, 1, 2, 2
    cv2.line(slope, (5, 9), (300, 200), 2, 1)
    chance = np.random.default_rng(0)
    rough = cv2.blur(chance.random(SIZE), (15, 15)) > 0.51
    return [ring, dots, border, slope, rough.astype(np.uint8), *(render_sample(i, i, SIZE).mask for i in range(20))]


def make_project(folder: Path, masks: list[UInt8Array]) -> None:
    """A project with a frame for each mask."""
    pictures = folder.with_name("pictures")
    pictures.mkdir()
    for i in range(len(masks)):
        cv2.imwrite(str(pictures / f"{i:03d}.png"), np.zeros((*SIZE, 3), np.uint8))
    with Project.create(folder) as project, open_source(pictures) as source:
        project.add_source(source)
        for i, mask in enumerate(masks):
            key = FrameKey(source.source_id, i, float(source.frame_times[i]))
            project.write_mask(key, lesions_from_class_mask(mask), SIZE, name=f"{i:03d}.png")


def make_environment(folder: Path) -> Path:
    """A fresh environment with LabelMe; gives its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "labelme"], check=True)
    return python


def main() -> int:
    """Parse the arguments and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="Python of an environment with LabelMe")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        python = args.python or make_environment(base / "environment")
        masks = hard_cases()
        make_project(base / "project", masks)
        with Project(base / "project") as project:
            export_project(project, "labelme", base / "out")
            names = {label: class_id for class_id, label in CLASS_NAMES.items()}
            theirs = THEIR_PART.replace("{names}", repr(names))
            words = [python, "-c", theirs, base / "out" / "images"]
            version = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
            import_folder(project, "labelme", base / "out", replace_masks=True)
            back = [class_mask(project.read_mask(f.key), SIZE) for f in project.frames()]
        painted = [np.load(p) for p in sorted((base / "out" / "images").glob("*.npy"))]
        by_them, by_us = (sum(int((a != b).sum()) for a, b in zip(masks, x, strict=True)) for x in (painted, back))
    print(f"LabelMe {version}: {len(masks)} masks, {by_them} pixels differ in its label maps, {by_us} after its saving")
    return int(by_them + by_us > 0)


if __name__ == "__main__":
    sys.exit(main())
