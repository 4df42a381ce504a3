"""Where a frame lies in its view: fitted, zoomed, panned. Arithmetic only, no painting."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QTransform

MAX_SCALE = 32.0
_KEEP_VISIBLE_PX = 48.0


class Zoom:
    """Maps frame pixels to view pixels.

    Attributes:
        scale: view pixels for one frame pixel.
        offset: where the frame's upper left corner is, in view pixels.
        is_fitted: whether the frame is kept as large as the view allows.
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self.offset = QPointF()
        self.is_fitted = True
        self._view = QSizeF()
        self._frame = QSizeF()

    @property
    def transform(self) -> QTransform:
        """From frame pixels to view pixels."""
        return QTransform(self.scale, 0, 0, self.scale, self.offset.x(), self.offset.y())

    @property
    def target(self) -> QRectF:
        """Where the whole frame lies, in view pixels."""
        return QRectF(self.offset, self._frame * self.scale)

    def set_sizes(self, view: QSizeF, frame: QSizeF) -> None:
        """The view or the frame has another size; a fitted frame stays fitted."""
        if (view, frame) == (self._view, self._frame):
            return
        if frame != self._frame:
            self.is_fitted = True
        self._view, self._frame = view, frame
        if self.is_fitted:
            self.fit()
        else:
            self._keep_in_view()

    def fit(self) -> None:
        """As large as the view allows, in the middle."""
        self.is_fitted = True
        self.scale = self._fit_scale()
        left = (self._view.width() - self._frame.width() * self.scale) / 2
        top = (self._view.height() - self._frame.height() * self.scale) / 2
        self.offset = QPointF(round(left), round(top))  # between pixels the frame would blur

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Enlarge by a factor; the frame pixel under `point` (view pixels) stays there."""
        least = self._fit_scale() / 2
        scale = min(max(self.scale * factor, least), max(MAX_SCALE, least))
        self.offset = point - (point - self.offset) * (scale / self.scale)
        self.scale = scale
        self.is_fitted = False
        self._keep_in_view()

    def pan(self, delta: QPointF) -> None:
        """Move the frame by view pixels; a strip of it stays in view."""
        self.offset = self.offset + delta  # a new point: whoever holds the old one keeps it
        self.is_fitted = False
        self._keep_in_view()

    def _fit_scale(self) -> float:
        if self._frame.isEmpty() or self._view.isEmpty():
            return 1.0
        return min(self._view.width() / self._frame.width(), self._view.height() / self._frame.height())

    def _keep_in_view(self) -> None:
        size = self._frame * self.scale
        strip_x, strip_y = min(_KEEP_VISIBLE_PX, size.width()), min(_KEEP_VISIBLE_PX, size.height())
        x = min(max(self.offset.x(), strip_x - size.width()), self._view.width() - strip_x)
        y = min(max(self.offset.y(), strip_y - size.height()), self._view.height() - strip_y)
        self.offset = QPointF(x, y)
