"""The timeline: where in the source something was found, where we are, and which part repeats."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.relevance_words import percent_text
from medseg_gui.qt.state.analysis import AnalysisState
from medseg_gui.qt.state.display import DisplayState
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.qt.state.project import STATE_WORDS, ProjectState
from medseg_gui.qt.state.session import SessionState, SourceInfo
from medseg_gui.qt.views.state_signs import STATE_OF_CODE
from medseg_gui.qt.views.time_text import format_time, time_of
from medseg_gui.qt.views.timeline_picture import REVIEWED_PX, draw_still, label_width, lane_height, ruler_height
from medseg_gui.types import CLASS_NAMES, UInt8Array

_REPAINT_MS = 100
_FREE_S = 0.015  # drawing the lanes may take so long
_AFTER_FRAME_S = 0.008  # a frame that was due so long ago is painted
_GRIP_PX = 6
_RIGHT_PX = 16


class Timeline(QWidget):
    """A ruler, a lane for each class, the playhead and the loop. Click or drag to scrub.

    While an explanation is on, one more lane shows how much relevance lies outside the mask.

    The lanes are drawn into a picture at most ten times a second; a moving playhead only repaints the strip it
    left and the one it reached.
    """

    def __init__(
        self,
        session: SessionState,
        playback: PlaybackState,
        analysis: AnalysisState,
        display: DisplayState,
        explanation: ExplanationState,
        project: ProjectState | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._project = project or ProjectState(self)
        self._session, self._playback, self._analysis, self._display = session, playback, analysis, display
        self._explanation = explanation
        self._still: QPixmap | None = None
        self._hover_x: int | None = None
        self._has_reviewed = False
        self._drag: _Scrub | _LoopDrag | None = None
        self._playhead_x = 0
        self._redraw = QTimer(self, singleShot=True)
        self._redraw.timeout.connect(self.on_redraw_due)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        self.setToolTip("")
        self._watch()

    def _watch(self) -> None:
        self._session.source_changed.connect(self.redraw_now)
        self._playback.frame_changed.connect(self.on_frame_changed)
        self._playback.loop_changed.connect(self.redraw_now)
        self._analysis.lanes_changed.connect(self.redraw_soon)
        self._session.weights_chosen.connect(self.redraw_soon)
        self._display.threshold_changed.connect(self.redraw_soon)
        self._display.palette_changed.connect(self.redraw_now)
        self._explanation.lane_changed.connect(self.redraw_soon)
        self._project.lane_changed.connect(self.on_reviewed_changed)
        self._explanation.request_changed.connect(self.on_lanes_needed)
        self.on_lanes_needed()

    # Frames and pixels

    @property
    def lanes_rect(self) -> QRect:
        """Where the lanes and the ruler are: right of their names."""
        left = label_width(self.font())
        return QRect(left, 0, max(self.width() - left - _RIGHT_PX, 1), self.height())

    def x_of(self, index: int) -> int:
        """Pixel column of a frame's middle."""
        rect = self.lanes_rect
        return rect.left() + int((index + 0.5) * rect.width() / max(self._count, 1))

    def index_at(self, x: float) -> int:
        """Frame under a pixel column, the nearest there is."""
        rect = self.lanes_rect
        index = int((x - rect.left()) * self._count / rect.width())
        return min(max(index, 0), max(self._count - 1, 0))

    @property
    def _count(self) -> int:
        return self._playback.frame_count

    @property
    def _source(self) -> SourceInfo | None:
        return self._session.source

    # Watching

    def on_lanes_needed(self) -> None:
        """Room for one lane more while explanations are made."""
        lanes = len(CLASS_NAMES) + self._explanation.is_on
        below = (REVIEWED_PX + 4) if self._reviewed is not None else 0
        self.setFixedHeight(ruler_height(self.font()) + lanes * (lane_height(lanes) + 4) + below + 8)
        self.redraw_now()

    def on_reviewed_changed(self) -> None:
        """Frames got another state; the lane is there only where a frame has one."""
        has_lane, self._has_reviewed = self._reviewed is not None, self._has_reviewed
        if has_lane != self._has_reviewed:
            self._has_reviewed = has_lane
            self.on_lanes_needed()
        self.redraw_soon()

    @property
    def _reviewed(self) -> UInt8Array | None:
        lane = self._project.lane
        return lane if len(lane) == self._count and lane.any() else None

    def redraw_soon(self) -> None:
        """Something on the lanes changed; drawn with whatever else changes within a tenth of a second."""
        if not self._redraw.isActive():
            self._redraw.start(_REPAINT_MS)

    def redraw_now(self) -> None:
        """Something changed that a person waits for: draw the lanes anew with the next paint."""
        self._still = None
        self.update()

    def on_redraw_due(self) -> None:
        """Redraw, but never just before a frame is due, which would come late by as long as that takes."""
        due_in_s = self._playback.next_due_in_s
        if due_in_s < _FREE_S:
            self._redraw.start(math.ceil((due_in_s + _AFTER_FRAME_S) * 1000))
        else:
            self.redraw_now()

    def on_frame_changed(self) -> None:
        """Move the playhead."""
        x = self.x_of(self._playback.index)
        if x != self._playhead_x:
            for place in (self._playhead_x, x):
                self.update(place - 8, 0, 17, self.height())
            self._playhead_x = x

    # Hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the playhead, of an end of the loop or of the loop itself."""
        if event.button() != Qt.MouseButton.LeftButton or not self._count:
            return
        self._drag = self._loop_drag(event) or _Scrub(self._playback)
        self._drag.move(self.index_at(event.position().x()))

    def _loop_drag(self, event: QMouseEvent) -> _LoopDrag | None:
        x, index, loop = event.position().x(), self.index_at(event.position().x()), self._playback.loop
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return _LoopDrag(self._playback, index)
        if loop is None:
            return None
        near = [i for i in (0, 1) if abs(self.x_of(loop[i]) - x) <= _GRIP_PX]
        return _LoopDrag(self._playback, loop[1 - near[0]]) if near else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or show what is under the cursor."""
        x = event.position().x()
        if self._drag is not None:
            self._drag.move(self.index_at(x))
        grips = [self.x_of(i) for i in self._playback.loop or ()]
        near = any(abs(grip - x) <= _GRIP_PX for grip in grips)
        self.setCursor(Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor)
        self._set_hover(int(x) if self.lanes_rect.contains(event.position().toPoint()) else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go; what played before plays on."""
        if self._drag is not None:
            self._drag.finish()
            self._drag = None

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the cursor any more."""
        self._set_hover(None)

    def _set_hover(self, x: int | None) -> None:
        if x != self._hover_x:
            self._hover_x = x
            self.update()

    def hover_text(self) -> str:
        """Time, frame and probabilities under the cursor, "" when it is elsewhere."""
        source = self._source
        if self._hover_x is None or source is None or not self._count:
            return ""
        index = self.index_at(self._hover_x)
        in_video = f"{format_time(time_of(source, index))} · frame {index}"
        place = in_video if source.kind == "video" else f"image {index + 1}"
        return " · ".join([place, *self._probabilities(index), *self._outside(index), *self._state_at(index)])

    def _state_at(self, index: int) -> list[str]:
        lane = self._reviewed
        return [STATE_WORDS[STATE_OF_CODE[int(lane[index])]]] if lane is not None and lane[index] else []

    def _outside(self, index: int) -> list[str]:
        lane = self._explanation.lane
        known = self._explanation.is_on and index < len(lane) and not np.isnan(lane[index])
        return [f"{percent_text(lane[index])} of the relevance outside"] if known else []

    def _probabilities(self, index: int) -> list[str]:
        values = {CLASS_NAMES[c]: lane[index] for c, lane in self._analysis.lanes.items() if index < len(lane)}
        seen = [f"{name} {value:.2f}" for name, value in values.items() if not np.isnan(value)]
        return seen or ["not yet seen"]

    # Paint

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Everything has another place."""
        self._still = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The lanes as they were drawn last, and over them what moves."""
        if self._still is None:
            self._still = self._draw_still()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        if self._count:
            self._paint_playhead(painter)
            self._paint_hover(painter)
        painter.end()

    def _draw_still(self) -> QPixmap:
        loop = self._playback.loop
        grips = (self.x_of(loop[0]), self.x_of(loop[1])) if loop else None
        outside = self._explanation.lane if self._explanation.is_on else None
        return draw_still(
            self,
            self.lanes_rect,
            self._source,
            self._analysis,
            self._display,
            self._looked_for(),
            outside,
            grips,
            self._reviewed,
        )

    def _looked_for(self) -> set[int]:
        return {class_id for class_id, name in self._session.chosen.items() if name}

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self._playhead_x = self.x_of(self._playback.index)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(x, 4, 2, self.height() - 8, QColor(theme.TEXT))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.TEXT))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 2), QPointF(x + 7, 2), QPointF(x + 1, 10)]))

    def _paint_hover(self, painter: QPainter) -> None:
        text = self.hover_text()
        if not text or self._hover_x is None:
            return
        painter.fillRect(self._hover_x, 0, 1, self.height(), QColor(theme.QUIET_TEXT))
        width = painter.fontMetrics().horizontalAdvance(text) + 16
        height = painter.fontMetrics().height() + 4
        left = min(self._hover_x + 8, self.width() - width - 4)
        box = QRectF(left, 1, width, height)
        painter.setPen(QColor(theme.CONTROL_BORDER))
        painter.setBrush(QColor(theme.RAISED))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


class _Scrub:
    """The playhead in the hand: the source stands still meanwhile."""

    def __init__(self, playback: PlaybackState) -> None:
        self._playback = playback
        self._played = playback.is_playing
        playback.pause()

    def move(self, index: int) -> None:
        if index != self._playback.wanted_index:
            self._playback.seek(index)

    def finish(self) -> None:
        if self._played:
            self._playback.play()


class _LoopDrag:
    """One end of the loop in the hand, the other one stays."""

    def __init__(self, playback: PlaybackState, other_end: int) -> None:
        self._playback = playback
        self._other_end = other_end

    def move(self, index: int) -> None:
        if index != self._other_end:
            self._playback.set_loop((self._other_end, index))

    def finish(self) -> None:
        pass
