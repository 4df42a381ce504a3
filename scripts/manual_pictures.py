"""Makes the pictures of the user guide: the real window on the demo and on phantoms, in a home of its own.

    QT_QPA_PLATFORM=offscreen python scripts/manual_pictures.py
    python scripts/manual_pictures.py --only window,explanation -o /tmp/pictures

Run it when the window looks different from the guide. It takes some minutes, most of which is the training whose result
is shown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QEventLoop, QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from medseg_gui import paths
from medseg_gui.data.phantom import write_dataset
from medseg_gui.errors import MedsegError
from medseg_gui.qt import theme
from medseg_gui.qt.app import Window, build_application
from medseg_gui.qt.state import training as t
from medseg_gui.settings import Settings

SIZE = (1280, 800)
WEIGHTS = "polyp-unet_lite0"
POLYP_FRAME = 100
QUALITY = 80  # of JPEG: red on grey stays clear, and the whole guide small
_MARK_PX = 26
_TIMEOUT_S = 3600.0
_LEFT, _NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Photographer:
    """The window, and what a person does in it before each picture.

    Args:
        output: folder of the pictures.
        work: an empty folder for what is needed on the way.
    """

    def __init__(self, output: Path, work: Path) -> None:
        self._output, self._work = output, work
        self._window = Window(Settings(polyp_weights=WEIGHTS, instrument_weights=""))
        self._state, self._main = self._window.state, self._window.main
        self._problems: list[MedsegError] = []
        self._state.session.failed.connect(self._problems.append)
        self._main.resize(*SIZE)
        self._window.show("demo")
        self._until(lambda: self._state.analysis.overlay is not None)

    def close(self) -> None:
        """End the window and its threads."""
        self._window.close()

    # The pictures

    def window(self) -> None:
        """The demo where a polyp is marked, with numbers for the text beside it."""
        self._go_to(POLYP_FRAME - 1)
        self._go_to(POLYP_FRAME)
        main = self._main
        toolbar = main.findChild(QWidget, "toolbar")
        places = [
            (main.picture, 0.5, 0.12), (main.timeline, 0.72, 0.82), (toolbar, 0.135, 0.5),
            (main.docks[0], 0.5, 0.85), (main.palette_bar, 0.5, 0.93), (main.statusBar(), 0.75, 0.5),
        ]  # fmt: skip
        self._save("window", self._numbered(places))

    def explanation(self) -> None:
        """LRP of the whole mask, with its panel."""
        self._go_to(POLYP_FRAME)
        self._explain(True)
        self._save("explanation", self._main.grab().toImage())
        self._explain(False)

    def timeline(self) -> None:
        """The whole demo scanned, with the row to play below."""
        self._go_to(POLYP_FRAME)
        self._do("scan")
        self._until(lambda: not self._state.analysis.is_scanning)
        self._settle()
        self._save("timeline", self._main.player.grab().toImage())

    def correction(self) -> None:
        """A stroke of the brush added to the prediction."""
        self._go_to(POLYP_FRAME)
        self._do("tool_brush")
        self._state.correction.set_brush_px(28.0)
        self._main.lesions_dock.raise_()
        view = self._main.picture
        line = [QPointF(0.30 + 0.008 * i, 0.30 - 0.004 * i) for i in range(12)]
        places = [self._on_frame(p) for p in line]
        QTest.mousePress(view, _LEFT, _NO_KEY, places[0])
        for place in places[1:]:
            QTest.mouseMove(view, place)
        QTest.mouseRelease(view, _LEFT, _NO_KEY, places[-1])
        self._until(lambda: self._state.correction.undo_title != "" and not self._state.project.saving.waiting)
        self._settle()
        self._save("correction", self._main.grab().toImage())
        self._do("tool_brush")

    def review(self) -> None:
        """Frames of the demo on the list, the uncertain ones first, some decided."""
        state = self._state
        self._main.review_dock.raise_()
        self._go_to(POLYP_FRAME)
        self._do("add_frames")
        dialog = next(w for w in self._main.findChildren(QWidget) if w.windowTitle() == "Put frames on the list")
        dialog.add_button.click()
        self._until(lambda: state.review.listed.records)
        state.review.set_order("uncertainty")
        self._settle()
        state.review.compute_scores()
        self._until(lambda: state.review.scoring is None and not state.review.listed.unscored)
        state.review.go_to(0)
        for name in ("accept_frame", "next_in_queue", "accept_frame", "next_in_queue", "reject_frame"):
            self._settle(0.7)
            self._do(name)
        self._settle()
        self._save("review", self._main.grab().toImage())

    def training(self) -> None:
        """Three hospitals of phantoms with exact masks: what is learnt from, and what is held out."""
        self._open_phantoms()
        self._do("train")
        self._until(lambda: self._state.training.plan.frames)
        self._state.training.change_plan(recipe="quick")
        self._settle()
        self._save("training", self._main.grab().toImage())

    def result(self) -> None:
        """Before and after, on a held-out frame."""
        training = self._state.training
        if not training.is_shown:
            self.training()
        training.change_plan(expert={"epochs": 3})
        training.start()
        self._until(lambda: training.phase in (t.JUDGED, t.ENDED))
        self._until(lambda: training.sides is not None)
        self._settle(3.0)
        self._save("result", self._main.grab().toImage())
        training.discard()
        self._do("train")

    def relevance(self) -> None:
        """What `medseg explain` writes for a frame, beside the frame itself."""
        out = self._work / "relevance"
        words = ["explain", "demo", "--weights", WEIGHTS, "--every", str(POLYP_FRAME), "-o", str(out)]
        subprocess.run([*paths.own_program(), *words], check=True, capture_output=True)
        picture = QImage(str(out / f"frame_{POLYP_FRAME:06d}.png"))
        self._save("relevance", picture.scaledToWidth(560, Qt.TransformationMode.SmoothTransformation))

    # What a person does

    def _do(self, action: str) -> None:
        self._main.named_actions[action].trigger()

    def _go_to(self, index: int) -> None:
        self._state.playback.pause()
        self._state.playback.seek(index)
        analysis = self._state.analysis
        self._until(lambda: analysis.overlay is not None and analysis.overlay.frame_index == index)
        self._settle()

    def _explain(self, is_on: bool) -> None:
        self._main.explain_dock.raise_()
        self._state.explanation.set_method("lrp" if is_on else "off")
        self._until(lambda: (self._state.explanation.picture is not None) == is_on)
        self._settle()
        self._main.docks[0].raise_()
        if is_on:
            self._main.explain_dock.raise_()
            self._settle()

    def _on_frame(self, share: QPointF) -> QPoint:
        """A place of the frame, in shares of its size, as a place of the view."""
        rect = QRect(self._main.picture.rect())
        return QPoint(round(rect.width() * share.x()), round(rect.height() * share.y()))

    def _open_phantoms(self) -> None:
        data, project = self._work / "Phantoms", self._work / "Project"
        write_dataset(data, 48, 3, 4)
        words = ["project", "import", str(project), "--from", str(data), "--format", "png"]
        subprocess.run([*paths.own_program(), *words], check=True, capture_output=True)
        self._state.session.open(str(project))
        self._until(lambda: (info := self._state.project.info) is not None and info.name == project.name)
        self._settle()

    # The camera

    def _numbered(self, places: Sequence[tuple[QWidget, float, float]]) -> QImage:
        """The window with 1, 2, 3 … in rings at these places, each a share of a widget's size."""
        picture = self._main.grab().toImage()
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self._main.font()
        font.setBold(True)
        painter.setFont(font)
        for number, (widget, x, y) in enumerate(places, 1):
            inside = QPoint(round(widget.width() * x), round(widget.height() * y))
            ring = QRect(0, 0, _MARK_PX, _MARK_PX)
            ring.moveCenter(widget.mapTo(self._main, inside))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.WARNING))
            painter.drawEllipse(ring)
            painter.setPen(QColor(theme.ON_ACCENT))
            painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, str(number))
        painter.end()
        return picture

    def _save(self, name: str, picture: QImage) -> None:
        picture = picture.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
        rgb = rows[:, : picture.width() * 3].reshape(picture.height(), picture.width(), 3)
        path = self._output / f"{name}.jpg"
        Image.fromarray(np.ascontiguousarray(rgb)).save(path, quality=QUALITY, subsampling=0, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")

    def _settle(self, seconds: float = 1.5) -> None:
        """Let what is on its way arrive; a notice that stands above the picture goes by itself."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def _until(self, is_done: Callable[[], object]) -> None:
        began = time.monotonic()
        while not is_done():
            self._settle(0.05)
            if self._problems:
                raise self._problems[0]
            if time.monotonic() - began > _TIMEOUT_S:
                raise MedsegError("What is to be photographed does not come; open the window and look.")


PICTURES = ("timeline", "window", "explanation", "correction", "review", "training", "result", "relevance")


def main() -> None:
    """Take the pictures that are named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=paths.resources_dir() / "manual")
    parser.add_argument("--only", default=",".join(PICTURES), help=f"of {', '.join(PICTURES)}")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        os.environ["MEDSEG_HOME"] = str(Path(work) / "home")
        build_application(sys.argv[:1])
        photographer = Photographer(args.output, Path(work))
        try:
            for name in args.only.split(","):
                getattr(photographer, name)()
        finally:
            photographer.close()


if __name__ == "__main__":
    main()
