"""The picture: a frame, and over it what the networks saw. Paints and zooms; decides nothing."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from medseg_gui.overlay import Overlay
from medseg_gui.qt import theme
from medseg_gui.qt.frame_pixels import frame_pixels
from medseg_gui.qt.images import outline_path, rgba_image, screen_image
from medseg_gui.qt.relevance_painting import grey_image
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.correction import CorrectionState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.review import ReviewState
from medseg_gui.qt.views.badge import badge_size, paint_badge
from medseg_gui.qt.views.comparison_layer import ComparisonLayer
from medseg_gui.qt.views.correction_layer import CorrectionLayer
from medseg_gui.qt.views.pens import DASHES, RIM_PX, SHADE_PX, shade_pen, zoomless_pen
from medseg_gui.qt.views.relevance_overlay import RelevanceOverlay
from medseg_gui.qt.views.tools.hand import Hand
from medseg_gui.qt.views.zoom import Zoom
from medseg_gui.types import Frame, UInt8Array

_LATE_WORTH_SAYING = 2
_STEPS_TO_DOUBLE = 4
_EDGE_PX = 12.0


class VideoView(QWidget):
    """The frame of `playback` with the overlay of `analysis`, drawn as `display` says, and the explanation on top.

    The mask is drawn as vectors: it stays sharp at any zoom and costs little beside the picture. Its rim is
    dashed because it is a prediction; where a person corrected it, `corrections` paints instead. Over an explanation
    only the rim is drawn and the probability rests: two maps on one another cannot be read.

    Signals:
        painted: a new frame has just been painted.
    """

    painted = Signal()

    def __init__(
        self,
        playback: PlaybackState,
        analysis: AnalysisState,
        display: DisplayState,
        explanation: ExplanationState,
        correction: CorrectionState,
        review: ReviewState | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.comparison = ComparisonLayer(review or ReviewState(self), self)
        self._playback, self._analysis, self._display = playback, analysis, display
        self._explanation = explanation
        self.relevance = RelevanceOverlay(explanation, playback, self)
        self._frame: Frame | None = None
        self._picture = QImage()
        self._pixels: UInt8Array | None = None  # the memory of the picture
        self._grey: QImage | None = None
        self._paths: dict[int, QPainterPath] = {}
        self._probability: QImage | None = None
        self._is_unpainted = self._tells_late = False
        self._space_held = self._space_dragged = False
        self._drag_from: QPointF | None = None
        self.zoom = Zoom()
        self.corrections = CorrectionLayer(correction, display, self.zoom, self)
        self.hand = Hand(correction, self.zoom, self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 180)
        self.setAccessibleName("Frame")
        self._watch()

    def _watch(self) -> None:
        self._playback.frame_changed.connect(self.on_frame_changed)
        self._playback.pixels_changed.connect(self.on_pixels_changed)
        self._playback.playing_changed.connect(self.update)
        self._analysis.overlay_changed.connect(self.on_overlay_changed)
        self._analysis.late_changed.connect(self.on_late_changed)
        self.relevance.changed.connect(self.update)
        self.comparison.changed.connect(self.update)
        self._explanation.picking_changed.connect(self.on_picking_changed)
        self.corrections.changed.connect(self.on_part_changed)
        self.hand.changed.connect(self.on_part_changed)
        self.hand.cursor_changed.connect(self._rest_cursor)
        display = self._display
        for signal in (
            display.mask_style_changed,
            display.mask_opacity_changed,
            display.probability_shown_changed,
            display.probability_opacity_changed,
            display.palette_changed,
        ):
            signal.connect(self.update)

    def on_frame_changed(self, frame: Frame) -> None:
        """Show another frame."""
        self._frame = frame
        self._is_unpainted = True
        self.on_pixels_changed()
        self._update_zoom()

    def on_pixels_changed(self) -> None:
        """The frame was made ready for this view."""
        pixels, frame = self._playback.pixels, self._playback.frame
        if frame is not None:
            self._pixels = frame_pixels(frame.rgb) if pixels is None else pixels
            self._picture = screen_image(self._pixels)
            self._grey = None
            self.update()

    def on_overlay_changed(self, overlay: Overlay | None) -> None:
        """Draw another overlay from now on."""
        contours = overlay.outlines if overlay else {}
        before = self._overlay_rect()
        self._paths = {class_id: outline_path(c) for class_id, c in contours.items()}
        picture = overlay.probability if overlay else None
        self._probability = rgba_image(picture) if picture is not None else None
        self.update(before.united(self._overlay_rect()))

    def _overlay_rect(self) -> QRect:
        """What the overlay covers, in view pixels; painting more than that 25 times a second costs other frames."""
        if self._probability is not None:
            return self.rect()
        covered = QRectF()
        for path in self._paths.values():
            covered = covered.united(path.controlPointRect())
        if covered.isEmpty():
            return QRect()
        rim = math.ceil(SHADE_PX)
        return self.zoom.transform.mapRect(covered).toAlignedRect().adjusted(-rim, -rim, rim, rim)

    def on_late_changed(self, frames: int) -> None:
        """The badge that tells it comes, changes or goes."""
        is_told = frames > _LATE_WORTH_SAYING
        if is_told or self._tells_late:
            self.update()
        self._tells_late = is_told

    def on_part_changed(self, part: QRect) -> None:
        """A rectangle of the view looks different; an empty one stands for all."""
        self.update(part if not part.isEmpty() else self.rect())

    def on_picking_changed(self) -> None:
        """While a place on the frame is to be picked, the cursor says so."""
        self._rest_cursor()

    def fit(self) -> None:
        """The whole frame, as large as the view allows."""
        self.zoom.fit()
        self._on_zoomed()

    def zoom_by(self, factor: float) -> None:
        """Enlarge about the middle of the view."""
        self.zoom.zoom_at(QRectF(self.rect()).center(), factor)
        self._on_zoomed()

    # Space: held with a drag it pans, alone it plays. The window hands it on from wherever the focus is.

    @property
    def is_taken(self) -> bool:
        """Whether mouse and pen mean something else than a tool at this moment: they move the picture or pick."""
        return self._space_held or self._drag_from is not None or bool(self._explanation.picking)

    def hold_space(self) -> None:
        """Space went down."""
        self._space_held, self._space_dragged = True, False
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def release_space(self) -> bool:
        """Space went up; gives whether it was a key stroke of its own, not part of a drag."""
        alone = self._space_held and not self._space_dragged
        self._space_held = False
        self._rest_cursor()
        return alone

    def _rest_cursor(self) -> None:
        if self._explanation.picking:
            self.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self.setCursor(self.hand.cursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan with the middle button, or with the left one while Space is held; pick a place."""
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self._explanation.picking and not self._space_held:
            self._pick(event.position())
            return
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space_held):
            self._drag_from = event.position()
            self._space_dragged = self._space_held
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _pick(self, point: QPointF) -> None:
        """Only a click on the frame itself says anything."""
        place = self.zoom.transform.inverted()[0].map(point)
        x, y = math.floor(place.x()), math.floor(place.y())
        height, width = self._frame.size if self._frame is not None else (0, 0)
        if 0 <= x < width and 0 <= y < height:
            self._explanation.pick(x, y)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan."""
        if self._drag_from is not None:
            self.zoom.pan(event.position() - self._drag_from)
            self._drag_from = event.position()
            self._on_zoomed()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Stop panning."""
        if self._drag_from is not None:
            self._drag_from = None
            self._rest_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit."""
        if event.button() == Qt.MouseButton.LeftButton and not self._space_held:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the cursor."""
        notches = event.angleDelta().y() / 120
        self.zoom.zoom_at(event.position(), 2 ** (notches / _STEPS_TO_DOUBLE))
        self._on_zoomed()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted frame stays fitted."""
        self._update_zoom()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, probability or relevance, masks, signs; then tell that a new frame stands on screen."""
        painter = QPainter(self)
        is_explained = self.relevance.is_shown_on(self._frame)
        self._paint_frame(painter, self.relevance.is_grey_under(self._frame))
        if is_explained:
            self.relevance.paint_map(painter, self.zoom.target)
        top = 0.0
        if self.comparison.is_shown_on(self._frame):
            self.comparison.paint(painter, self.zoom.transform, self.devicePixelRatioF())
        elif self._is_overlay_of_frame():
            if not is_explained:
                self._paint_probability(painter)
            if self.corrections.picture is None:
                self._paint_masks(painter, is_filled=self._display.mask_style == "filled" and not is_explained)
            top = self._paint_late(painter)
        if not self.comparison.is_shown_on(self._frame):
            self.corrections.paint(painter, event.rect(), with_areas=not is_explained)
        if self._frame is not None:
            self.relevance.paint_signs(painter, QRectF(self.rect()), self.zoom, self._frame, top)
        self.hand.paint(painter)
        painter.end()
        if self._is_unpainted:
            self._is_unpainted = False
            self.painted.emit()

    def _update_zoom(self) -> None:
        height, width = self._frame.size if self._frame is not None else (0, 0)
        self.zoom.set_sizes(QSizeF(self.size()), QSizeF(width, height))
        self._tell_view()

    def _on_zoomed(self) -> None:
        self._tell_view()
        self.update()

    def _tell_view(self) -> None:
        """Only a fitted frame can be made ready beforehand; a zoomed one needs all of its own pixels."""
        size = self.size() * self.devicePixelRatioF()
        self._display.set_view((size.width(), size.height()) if self.zoom.is_fitted else None)

    def _is_overlay_of_frame(self) -> bool:
        """A late overlay is good enough in motion; on a frame that stands still it would be wrong."""
        overlay, frame = self._analysis.overlay, self._frame
        if overlay is None or frame is None or overlay.source_id != frame.source_id:
            return False
        return self._playback.is_playing or overlay.frame_index == frame.index

    def _paint_frame(self, painter: QPainter, is_grey: bool) -> None:
        if is_grey and self._grey is None:
            self._grey = grey_image(self._picture)
        painter.fillRect(self.rect(), QColor(theme.CANVAS))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        picture = self._grey if is_grey and self._grey is not None else self._picture
        target, ratio = self.zoom.target, self.devicePixelRatioF()
        spare = target.size() * ratio - QSizeF(picture.size())
        if max(abs(spare.width()), abs(spare.height())) < 1:
            picture.setDevicePixelRatio(ratio)
            painter.drawImage(target.topLeft(), picture)
        else:
            painter.drawImage(target, picture)

    def _paint_probability(self, painter: QPainter) -> None:
        if self._probability is not None and self._display.show_probability:
            painter.setOpacity(self._display.probability_opacity)
            painter.drawImage(self.zoom.target, self._probability)
            painter.setOpacity(1.0)

    def _paint_masks(self, painter: QPainter, is_filled: bool) -> None:
        if self._display.mask_style == "off":
            return
        painter.save()
        painter.setClipRect(self.rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(self.zoom.transform, True)
        for class_id, path in self._paths.items():
            self._paint_mask(painter, path, QColor(*self._display.colours[class_id]), is_filled)
        painter.restore()

    def _paint_mask(self, painter: QPainter, path: QPainterPath, colour: QColor, is_filled: bool) -> None:
        if is_filled:
            area = QColor(colour)
            area.setAlphaF(self._display.mask_opacity)
            painter.fillPath(path, area)
        # A dark shade under the bright rim keeps it visible on highlights.
        ratio = self.devicePixelRatioF()  # a cosmetic pen counts in pixels of the screen
        painter.strokePath(path, shade_pen(SHADE_PX * ratio))
        rim = zoomless_pen(colour, RIM_PX * ratio)
        rim.setDashPattern(DASHES)
        painter.strokePath(path, rim)

    def _paint_late(self, painter: QPainter) -> float:
        """Gives how far down the badge reaches, 0 for none."""
        late = self._analysis.late_by
        if not self._playback.is_playing or late <= _LATE_WORTH_SAYING:
            return 0.0
        text = f"late by {late} frames"
        return paint_badge(painter, badge_size(painter, text).translated(_EDGE_PX, _EDGE_PX), text, theme.WARNING).y()
