"""The corrected lesions over the picture: areas and solid rims, and in the middle of a stroke what it has changed."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from medseg_gui.editing import Box
from medseg_gui.overlay import Colour
from medseg_gui.qt.images import clear_image, outline_path, pixels_of
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.qt.views.pens import DASHES, RIM_PX, SHADE_PX, shade_pen, zoomless_pen
from medseg_gui.qt.views.zoom import Zoom

_CHOSEN_RIM_PX = 3.0
_LEAST_OPACITY = 0.25  # of what a brush paints, though areas be shown fainter or not at all


class CorrectionLayer(QObject):
    """Keeps two pictures of the size of the view, areas and rims, so that a cursor that moves repaints no path.

    Outlines take a worker some time. Until they come, what differs from them is patched, pixel by pixel of the view,
    from the lesion ids themselves: that costs what the brush covers, whatever the size of frame and lesion.

    Signals:
        changed: this rectangle of the view looks different now; an empty one stands for all.
    """

    changed = Signal(QRect)

    def __init__(self, correction: CorrectionState, display: DisplayState, zoom: Zoom, view: QWidget) -> None:
        super().__init__(view)
        self._correction, self._display, self._zoom, self._view = correction, display, zoom, view
        self._areas, self._rims = QImage(), QImage()
        self._drawn: LesionPicture | None = None
        self._look: tuple[Any, ...] = ()
        self._is_patched = self._was_shown = False
        self._paths: dict[int, QPainterPath] = {}
        self._paths_of: LesionPicture | None = None
        correction.shown_changed.connect(self.on_shown_changed)
        correction.chosen_changed.connect(self.on_shown_changed)
        correction.patched.connect(self.on_patched)

    @property
    def picture(self) -> LesionPicture | None:
        """What is painted: the corrected lesions, or those that were carried here to be looked at."""
        correction = self._correction
        if correction.picture is None and self._is_carried:
            return correction.proposal.picture if correction.proposal is not None else None
        return correction.picture

    @property
    def _is_carried(self) -> bool:
        correction = self._correction
        is_untouched = correction.picture is None
        return is_untouched and correction.proposal is not None and correction.proposal.confidence is not None

    def on_shown_changed(self) -> None:
        """Another picture, or none; a stroke that has just been patched in looks as it did."""
        is_shown = self.picture is not None
        if is_shown != self._was_shown or (is_shown and self._needs_drawing()):
            self.changed.emit(QRect())
        self._was_shown = is_shown

    def on_patched(self, box: Box) -> None:
        """Some pixels belong to another lesion now."""
        if self.picture is None or self._needs_drawing():
            self.changed.emit(QRect())
        elif not (rect := self._patch(box)).isEmpty():
            self.changed.emit(rect)

    def paint(self, painter: QPainter, exposed: QRect, with_areas: bool = True) -> None:
        """Paint what lies in a rectangle of the view.

        Args:
            painter: on the view.
            exposed: in view pixels.
            with_areas: whether areas may cover what lies below; in the middle of a stroke they do anyway.
        """
        style = self._display.mask_style
        is_live = self._correction.stroke is not None or self._correction.preview is not None
        if self.picture is None or (style == "off" and not is_live):
            return
        if self._needs_drawing():
            self._draw()
        ratio = self._areas.devicePixelRatio()
        part = QRect(exposed.topLeft() * ratio, exposed.size() * ratio)
        if (style == "filled" and with_areas) or is_live:
            painter.drawImage(exposed, self._areas, part)
        painter.drawImage(exposed, self._rims, part)

    # Drawing anew, from outlines

    def _needs_drawing(self) -> bool:
        if self._look != self._wanted_look():
            return True
        if self._correction.stroke is not None and self._drawn is not None:
            return False  # what is patched is right; newer outlines can wait until the stroke ends
        return self._drawn is not self.picture or (self._is_patched and not self._is_ahead())

    def _wanted_look(self) -> tuple[Any, ...]:
        zoom, display, correction = self._zoom, self._display, self._correction
        place = zoom.scale, zoom.offset.x(), zoom.offset.y()
        size = self._view.width(), self._view.height(), self._view.devicePixelRatioF()
        return (
            place,
            size,
            display.palette,
            display.mask_opacity,
            correction.hidden,
            correction.chosen,
            self._is_carried,
        )

    def _is_ahead(self) -> bool:
        """Whether the lesions have changed since their outlines were drawn."""
        labels, picture = self._correction.labels, self.picture
        return labels is not None and picture is not None and labels is not picture.lesions.labels

    def _draw(self) -> None:
        picture, ratio = self.picture, self._view.devicePixelRatioF()
        if picture is None:
            return
        width, height = math.ceil(self._view.width() * ratio), math.ceil(self._view.height() * ratio)
        self._areas, self._rims = clear_image(width, height), clear_image(width, height)
        for image in (self._areas, self._rims):
            image.setDevicePixelRatio(ratio)
        self._draw_paths(picture, ratio)
        self._drawn, self._look, self._is_patched = picture, self._wanted_look(), False
        if self._is_ahead():
            self._patch(Box.whole(picture.lesions.shape))

    def _draw_paths(self, picture: LesionPicture, ratio: float) -> None:
        if self._paths_of is not picture:
            self._paths = {i: outline_path(outline) for i, outline in picture.outlines.items()}
            self._paths_of = picture
        areas, rims = QPainter(self._areas), QPainter(self._rims)
        for painter in (areas, rims):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setTransform(self._zoom.transform, True)
        for lesion_id, path in self._paths.items():
            if lesion_id in self._correction.hidden:
                continue
            colour = self._colour(lesion_id, picture.lesions.classes[lesion_id])
            areas.fillPath(path, QColor(*colour, round(self._opacity * 255)))
            rims.strokePath(path, shade_pen(SHADE_PX * ratio))
            width = _CHOSEN_RIM_PX if lesion_id == self._correction.chosen else RIM_PX
            rim = zoomless_pen(QColor(*colour), width * ratio)
            if self._is_carried:
                rim.setDashPattern(DASHES)
            rims.strokePath(path, rim)
        areas.end()
        rims.end()

    @property
    def _opacity(self) -> float:
        return max(self._display.mask_opacity, _LEAST_OPACITY)

    def _colour(self, lesion_id: int, class_id: int) -> Colour:
        return self._display.colours[class_id]

    # Patching, from lesion ids

    def _patch(self, box: Box) -> QRect:
        """Write a box of the frame into the pictures; gives the rectangle of the view that it covers."""
        labels, picture = self._correction.labels, self.picture
        if labels is None or picture is None:
            return QRect()
        self._is_patched = True
        ratio = self._areas.devicePixelRatio()
        scale, offset = self._zoom.scale * ratio, self._zoom.offset * ratio
        columns, left = _sampled(box.x0, box.x1, labels.shape[1], scale, offset.x(), self._areas.width())
        rows, top = _sampled(box.y0, box.y1, labels.shape[0], scale, offset.y(), self._areas.height())
        if not (len(columns) and len(rows)):
            return QRect()
        place = slice(top, top + len(rows)), slice(left, left + len(columns))
        grid = np.ix_(rows, columns)
        now = labels[grid]
        pixels_of(self._areas)[place] = np.take(self._table(), now)
        self._clear_rims(now != picture.lesions.labels[grid], place, ratio)
        rect = QRect(left, top, len(columns), len(rows))
        return QRect(
            math.floor(rect.x() / ratio),
            math.floor(rect.y() / ratio),
            math.ceil(rect.width() / ratio) + 1,
            math.ceil(rect.height() / ratio) + 1,
        )

    def _clear_rims(self, changed: NDArray[np.bool_], place: tuple[slice, slice], ratio: float) -> None:
        """An old rim in the middle of what was just painted would be a line that means nothing."""
        if changed.any():
            reach = 2 * math.ceil(SHADE_PX * ratio / 2) + 1
            near = cv2.dilate(changed.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
            pixels_of(self._rims)[place][near] = 0

    def _table(self) -> NDArray[np.uint32]:
        """(N,) uint32 premultiplied colour of the area of each lesion id."""
        classes = self._correction.classes
        table = np.zeros(max(classes, default=0) + 1, np.uint32)
        for lesion_id, class_id in classes.items():
            if lesion_id not in self._correction.hidden:
                r, g, b = (round(v * self._opacity) for v in self._colour(lesion_id, class_id))
                table[lesion_id] = round(self._opacity * 255) << 24 | r << 16 | g << 8 | b
        return table


def _sampled(
    first: int, last: int, length: int, scale: float, offset: float, room: int
) -> tuple[NDArray[np.intp], int]:
    """Which pixel of the frame lies under the middle of each pixel of the view, along one axis.

    Args:
        first, last: pixels of the frame that are wanted, the last not included.
        length: of the frame.
        scale, offset: view pixels for one of the frame, and where the frame begins.
        room: view pixels there are.

    Returns:
        (N,) indices into the frame, and the view pixel of the first of them.
    """
    begin = max(math.floor(first * scale + offset), 0)
    end = min(math.ceil(last * scale + offset), room)
    places = np.floor((np.arange(begin, end) + 0.5 - offset) / scale).astype(np.intp)
    inside = (places >= 0) & (places < length)
    skipped = int(np.argmax(inside)) if inside.any() else 0
    return places[inside], begin + skipped
