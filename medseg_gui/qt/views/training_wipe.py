"""One picture with two overlays and a line between them that is dragged: before on its left, after on its right."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from medseg_gui.qt import theme
from medseg_gui.qt.images import frame_image, outline_path, rgba_image
from medseg_gui.qt.keys import OWN_ARROWS
from medseg_gui.qt.state.training_result import FrameSides

MASK, RELEVANCE = "mask", "relevance"
_RIM_PX, _HANDLE_PX = 2.0, 14.0
_TRUTH = QColor(255, 255, 255, 200)
_STEP = 0.05


class Wipe(QWidget):
    """Left of the line what the old weights see, right of it the new ones; ← and → move it too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = 0.5
        self.what = MASK
        self.sides: FrameSides | None = None
        self._frame = QImage()
        self._paths: tuple[QPainterPath, ...] = ()
        self._maps: list[QImage | None] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(OWN_ARROWS, True)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 220)
        self.setAccessibleName("Before and after; the arrow keys move the line")

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    def set_sides(self, sides: FrameSides | None) -> None:
        """Show another frame; the line comes to what is marked."""
        is_other = sides is not None and (self.sides is None or sides.image != self.sides.image)
        self.sides = sides
        if sides is not None:
            self._frame = frame_image(sides.rgb)
            self._paths = tuple(outline_path(c) for c in (sides.truth, *sides.masks))
            self._maps = [rgba_image(r) if r is not None else None for r in sides.relevance]
            marked = next((p.boundingRect() for p in self._paths if not p.isEmpty()), None)
            if is_other and marked is not None:
                self.place = marked.center().x() / self._frame.width()
        self.update()

    def set_what(self, what: str) -> None:
        """Masks, or relevance."""
        self.what = what
        self.update()

    def set_place(self, place: float) -> None:
        """Where the line stands, in [0, 1] of the picture's width."""
        self.place = min(max(place, 0.0), 1.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.CANVAS))
        if self.sides is None:
            painter.setPen(QColor(theme.QUIET_TEXT))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Looking at the frame…")
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = self._area()
        painter.drawImage(area, self._frame)
        line = area.left() + self.place * area.width()
        halves = (QRectF(area.left(), area.top(), line - area.left(), area.height()),
                  QRectF(line, area.top(), area.right() - line, area.height()))  # fmt: skip
        for side, half in enumerate(halves):
            painter.save()
            painter.setClipRect(half)
            self._paint_side(painter, side, area)
            painter.restore()
        self._paint_line(painter, line, area)
        painter.end()

    def _paint_side(self, painter: QPainter, side: int, area: QRectF) -> None:
        if self.what == RELEVANCE:
            painter.fillRect(area, QColor(0, 0, 0, 110))
            if (relevance := self._maps[side]) is not None:
                painter.drawImage(area, relevance)
        scale = area.width() / max(self._frame.width(), 1)
        painter.translate(area.topLeft())
        painter.scale(scale, scale)
        if self.what == MASK:
            painter.fillPath(self._paths[1 + side], _faint(theme.ACCENT))
            painter.strokePath(self._paths[1 + side], _pen(QColor(theme.ACCENT), Qt.PenStyle.DashLine))
        painter.strokePath(self._paths[0], _pen(_TRUTH))

    def _paint_line(self, painter: QPainter, x: float, area: QRectF) -> None:
        painter.setPen(QPen(QColor(theme.TEXT), 2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setBrush(QColor(theme.TEXT))
        painter.drawEllipse(QPointF(x, area.center().y()), _HANDLE_PX / 2, _HANDLE_PX / 2)
        for text, is_left in (("before", True), ("after", False)):
            width = painter.fontMetrics().horizontalAdvance(text) + 16
            height = painter.fontMetrics().height() + 6
            label = QRectF(x - width - 8 if is_left else x + 8, area.top() + 8, width, height)
            if label.left() < area.left() or label.right() > area.right():
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 170))
            painter.drawRoundedRect(label, 4, 4)
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)

    def _area(self) -> QRectF:
        """Where the whole frame stands, as large as it fits."""
        size = self._frame.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - size.width()) / 2, (self.height() - size.height()) / 2, size.width(), size.height()
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The line comes to the mouse."""
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """And follows it."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._follow(event)

    def _follow(self, event: QMouseEvent) -> None:
        area = self._area()
        if self.sides is not None and area.width():
            self.set_place((event.position().x() - area.left()) / area.width())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys move the line."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.set_place(self.place + (_STEP if event.key() == Qt.Key.Key_Right else -_STEP))
        else:
            super().keyPressEvent(event)


def _pen(colour: QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, _RIM_PX, style)
    pen.setCosmetic(True)
    return pen


def _faint(colour: str) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(60)
    return faint
