"""Annotations to and from other programs. To add a format: a file with a child of `Format`, and a line in FORMATS."""

from __future__ import annotations

from medseg_gui.project.exchange.coco import Coco
from medseg_gui.project.exchange.csv_table import CsvTable
from medseg_gui.project.exchange.format import Format
from medseg_gui.project.exchange.labelme import LabelMe
from medseg_gui.project.exchange.png import IndexedPng, Png
from medseg_gui.project.exchange.yolo import Yolo

__all__ = ["FORMATS", "Format"]

FORMATS: dict[str, Format] = {
    "coco": Coco(),
    "png": Png(),
    "png-indexed": IndexedPng(),
    "yolo": Yolo(),
    "labelme": LabelMe(),
    "csv": CsvTable(),
}
