"""What an explanation adds to the picture: the map, its colour bar, how far to trust it, the place that was picked."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from medseg_gui.qt import theme
from medseg_gui.qt.images import rgba_image
from medseg_gui.qt.relevance_painting import bar_width, paint_colour_bar
from medseg_gui.qt.relevance_words import VERDICT_SIGNS, method_text, outside_text, target_text
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.explanation_picture import ExplanationPicture
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.views.badge import badge_size, paint_badge
from medseg_gui.qt.views.zoom import Zoom
from medseg_gui.types import Frame, Relevance

_EDGE_PX = 12.0
_BAR_HEIGHT_PX = 220.0
_BAR_PART = 0.6
_RING_PX = 9.0
_HINTS = {
    "lesion": "Click on a lesion to have it explained · Esc cancels",
    "pixel": "Click on a pixel to have it explained · Esc cancels",
}
VERDICT_COLOURS = {"sound": theme.ACCENT, "unstable": theme.WARNING, "suspect": theme.ERROR}


class RelevanceOverlay(QObject):
    """Paints the explanation of `explanation` for the video view.

    Signals:
        changed: something of it looks different now.
    """

    changed = Signal()

    def __init__(self, explanation: ExplanationState, playback: PlaybackState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explanation, self._playback = explanation, playback
        self._map: QImage | None = None
        explanation.picture_changed.connect(self.on_picture_changed)
        for signal in (
            explanation.request_changed,
            explanation.paint_changed,
            explanation.answer_changed,
            explanation.computing_changed,
            explanation.late_changed,
            explanation.picking_changed,
        ):
            signal.connect(self.changed)

    def on_picture_changed(self) -> None:
        """Another map is laid over the frame from now on."""
        picture = self._explanation.picture
        self._map = rgba_image(picture.main.rgba) if picture is not None else None
        self.changed.emit()

    def is_shown_on(self, frame: Frame | None) -> bool:
        """Whether there is a map for a frame; in motion a late one is good enough, on a still frame it is wrong."""
        relevance = self._shown_relevance
        if relevance is None or frame is None or relevance.source_id != frame.source_id:
            return False
        return self._playback.is_playing or relevance.frame_index == frame.index

    def is_grey_under(self, frame: Frame | None) -> bool:
        """Whether a frame is shown without its colours: only one that stands still, and before its map is there,
        so that nothing flickers while maps come and go.
        """
        explanation = self._explanation
        if self._playback.is_playing or not explanation.is_grey:
            return False
        return explanation.is_computing or self.is_shown_on(frame)

    @property
    def _shown_relevance(self) -> Relevance | None:
        picture = self._explanation.picture
        return picture.relevance if self._map is not None and picture is not None else None

    def paint_map(self, painter: QPainter, target: QRectF) -> None:
        """The map, stretched over the frame."""
        if self._map is not None:
            painter.setOpacity(self._explanation.opacity)
            painter.drawImage(target, self._map)
            painter.setOpacity(1.0)

    def paint_signs(self, painter: QPainter, view: QRectF, zoom: Zoom, frame: Frame, top: float) -> None:
        """Everything beside the map.

        Args:
            view: the whole view.
            zoom: where the frame is in it.
            frame: the one on screen.
            top: how far down other badges reach.
        """
        explanation = self._explanation
        if explanation.picking:
            self._paint_hint(painter, view)
        if not explanation.is_on:
            return
        self._paint_place(painter, zoom)
        if self.is_shown_on(frame) and explanation.picture is not None:
            height = min(_BAR_HEIGHT_PX, view.height() * _BAR_PART)
            width = bar_width(painter, explanation.picture.main)
            place = QRectF(view.right() - width - _EDGE_PX, view.top() + _EDGE_PX, width, height)
            paint_colour_bar(painter, place, explanation.picture.main, bool(explanation.shown_layer))
            self._paint_late(painter, top)
            self._paint_numbers(painter, zoom, explanation.picture)
        self._paint_answer(painter, view, frame)

    def _paint_hint(self, painter: QPainter, view: QRectF) -> None:
        text = _HINTS[self._explanation.picking]
        place = badge_size(painter, text, view.width() - 2 * _EDGE_PX)
        place.moveCenter(QPointF(view.center().x(), view.top() + _EDGE_PX + place.height() / 2))
        paint_badge(painter, place, text, theme.ACCENT)

    def _paint_late(self, painter: QPainter, top: float) -> None:
        late = self._explanation.late_by
        if self._playback.is_playing and late > 0:
            text = f"explanation late by {late} frame{'s' if late > 1 else ''}"
            place = badge_size(painter, text).translated(_EDGE_PX, top + _EDGE_PX)
            paint_badge(painter, place, text, theme.WARNING)

    def _paint_numbers(self, painter: QPainter, zoom: Zoom, picture: ExplanationPicture) -> None:
        """Which lesion is which, where there are several."""
        if len(picture.lesion_tops) < 2:
            return
        for number, (x, y) in enumerate(picture.lesion_tops, 1):
            place = badge_size(painter, str(number))
            target = zoom.target
            above = QPointF(target.left() + x * target.width(), target.top() + y * target.height() - _EDGE_PX)
            place.moveCenter(above - QPointF(0, place.height() / 2))
            hidden = number in picture.hidden_lesions
            paint_badge(painter, place, str(number), theme.QUIET_TEXT if hidden else theme.TEXT)

    def _paint_place(self, painter: QPainter, zoom: Zoom) -> None:
        """A ring around what was clicked, dark and light so that it is seen on everything."""
        target = self._explanation.target
        if target.x is None or target.y is None:
            return
        centre = zoom.transform.map(QPointF(target.x + 0.5, target.y + 0.5))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 200), 4.0), (QColor(theme.TEXT), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(centre, _RING_PX, _RING_PX)
        painter.restore()

    def _paint_answer(self, painter: QPainter, view: QRectF, frame: Frame) -> None:
        text, colour = self.answer(frame)
        if text:
            place = badge_size(painter, text, view.width() - 2 * _EDGE_PX)
            place.moveBottomLeft(QPointF(view.left() + _EDGE_PX, view.bottom() - _EDGE_PX))
            paint_badge(painter, place, text, colour)

    def answer(self, frame: Frame) -> tuple[str, str]:
        """What the sign in the lower corner says, and in which colour; "" for none."""
        explanation, picture = self._explanation, self._explanation.picture
        if picture is not None and self.is_shown_on(frame):
            return _summary(picture), VERDICT_COLOURS.get(picture.relevance.trust.verdict, theme.TEXT)
        if explanation.refusal is not None:
            return str(explanation.refusal), theme.WARNING
        return ("Explaining…", theme.TEXT) if explanation.is_computing else ("", theme.TEXT)


def _summary(picture: ExplanationPicture) -> str:
    request, trust = picture.relevance.request, picture.relevance.trust
    layer = f" · at {picture.shown_layer}" if picture.shown_layer else ""
    smooth = " · smoothed" if request.smooth else ""
    return (
        f"{method_text(request)} · {target_text(request.target, request.class_id)}{layer}{smooth}\n"
        f"{VERDICT_SIGNS.get(trust.verdict, '')} {trust.verdict} · {outside_text(trust.outside, request.target)}"
    )
