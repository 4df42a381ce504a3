"""The layer-wise strip: a thumbnail of the relevance that arrived at each block of the network, in its order."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QWidget

from medseg_gui.qt.images import frame_image, rgba_image
from medseg_gui.qt.relevance_painting import grey_image
from medseg_gui.qt.relevance_words import percent_text
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.state.explanation_picture import LayerPicture
from medseg_gui.qt.state.playback import PlaybackState
from medseg_gui.types import Frame

_HEIGHT_PX = 60
_WIDEST_PX = 106
_GAP_PX = 14
_NAME = Qt.ItemDataRole.UserRole
_RATIO = 2  # drawn at twice the size, so that they stay sharp on a dense screen


class LayerStrip(QListWidget):
    """Click a thumbnail, or walk with the arrow keys, to put a block's relevance on the frame."""

    def __init__(self, explanation: ExplanationState, playback: PlaybackState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation, self._playback = explanation, playback
        self.setFlow(QListView.Flow.LeftToRight)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setWrapping(False)
        self.setSpacing(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Relevance at each block of the network")
        self.setObjectName("strip")
        self.setFixedHeight(_HEIGHT_PX + 2 * self.fontMetrics().height() + 28)
        self.hide()
        self.currentItemChanged.connect(self._on_current_changed)
        explanation.picture_changed.connect(self.on_picture_changed)
        explanation.look_changed.connect(self.on_look_changed)
        explanation.strip_shown_changed.connect(self.on_shown_changed)
        self.on_shown_changed(explanation.is_strip_shown)

    def on_shown_changed(self, shown: bool) -> None:
        """Open with the focus on it, so that the arrow keys walk; Esc goes back to the picture."""
        self.setVisible(shown)
        if shown:
            self.on_picture_changed()
            self.setFocus()

    def on_picture_changed(self) -> None:
        """Draw all thumbnails anew; while there is none for this moment the old ones stay."""
        picture, frame = self._explanation.picture, self._playback.frame
        if not self._explanation.is_strip_shown or picture is None or not picture.layers or frame is None:
            return
        ground = _ground(frame, self._thumbnail_width(picture.layers))
        self.blockSignals(True)
        if [self.item(row).data(_NAME) for row in range(self.count())] != [y.name for y in picture.layers]:
            self._fill(picture.layers)
        size = ground.deviceIndependentSize().toSize()
        self.setIconSize(size)
        width = max(size.width(), self._longest_name(picture.layers)) + _GAP_PX  # a square picture is narrower
        for row, layer in enumerate(picture.layers):
            item = self.item(row)
            item.setSizeHint(QSize(width, size.height() + 2 * self.fontMetrics().height() + _GAP_PX))
            item.setIcon(_icon(_thumbnail(ground, layer)))
            item.setText(f"{layer.name or 'pixels'}\n{percent_text(layer.total)}")
        self.blockSignals(False)
        self.on_look_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many as possible are to be seen at once."""
        super().resizeEvent(event)
        self.on_picture_changed()

    def _thumbnail_width(self, layers: tuple[LayerPicture, ...]) -> int:
        """All are to be seen at once, if that leaves room for their names."""
        return min(max(self.viewport().width() // len(layers) - _GAP_PX, self._longest_name(layers)), _WIDEST_PX)

    def _longest_name(self, layers: tuple[LayerPicture, ...]) -> int:
        return max(self.fontMetrics().horizontalAdvance(y.name) for y in layers)

    def _fill(self, layers: tuple[LayerPicture, ...]) -> None:
        self.clear()
        for layer in layers:
            item = QListWidgetItem(self)
            item.setData(_NAME, layer.name)
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            item.setToolTip(f"{layer.name or 'The pixels of the frame'}: click to put it on the frame (← → walk)")

    def on_look_changed(self) -> None:
        """Mark the one that is on the frame."""
        for row in range(self.count()):
            if self.item(row).data(_NAME) == self._explanation.shown_layer and row != self.currentRow():
                self.blockSignals(True)
                self.setCurrentRow(row)
                self.blockSignals(False)

    def _on_current_changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._explanation.show_layer(item.data(_NAME))


def _icon(thumbnail: QPixmap) -> QIcon:
    """The same when it is chosen: Qt would tint it, and its colours mean something."""
    icon = QIcon(thumbnail)
    icon.addPixmap(thumbnail, QIcon.Mode.Selected)
    return icon


def _ground(frame: Frame, width: int) -> QPixmap:
    """The frame, small and grey and dim, for every thumbnail to stand on."""
    size = QSize(frame.size[1], frame.size[0]).scaled(width, _HEIGHT_PX, Qt.AspectRatioMode.KeepAspectRatio)
    smooth = Qt.TransformationMode.SmoothTransformation
    small = grey_image(frame_image(frame.rgb).scaled(size * _RATIO, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
    painter = QPainter(small)
    painter.fillRect(small.rect(), QColor(0, 0, 0, 90))
    painter.end()
    pixmap = QPixmap.fromImage(small)
    pixmap.setDevicePixelRatio(_RATIO)
    return pixmap


def _thumbnail(ground: QPixmap, layer: LayerPicture) -> QPixmap:
    picture = rgba_image(layer.picture.rgba)
    thumbnail = QPixmap(ground)
    painter = QPainter(thumbnail)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(QPointF(), ground.deviceIndependentSize()), picture)
    painter.end()
    return thumbnail
