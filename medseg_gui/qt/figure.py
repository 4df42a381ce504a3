"""An explained frame as a figure with its caption, for a paper or a record. Painted on any thread, without a screen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from medseg_gui.errors import OutputError
from medseg_gui.overlay import Colour
from medseg_gui.qt import theme
from medseg_gui.qt.images import frame_image, outline_path, rgba_image
from medseg_gui.qt.relevance_painting import bar_width, grey_image, paint_colour_bar
from medseg_gui.qt.relevance_words import VERDICT_SIGNS, ledger_text, method_text, percent_text, target_text
from medseg_gui.qt.state.explanation_picture import ExplanationPicture
from medseg_gui.types import Frame

_PICTURE_PX = 720  # width of each of the two pictures
_MARGIN_PX = 24
_FONT_PX = 17
_BAR_PX = 320  # height of the colour bar, at most


@dataclass(frozen=True, eq=False)
class FigureRequest:
    """What a figure shows.

    Attributes:
        path: a PNG file.
        frame: the picture.
        explanation: of this frame.
        source_title: where the frame is from.
        opacity: of the map, in [0, 1].
        is_grey: whether the frame under the map is without its colours.
        outlines: of the mask, each (N, 2) float32 x, y in frame pixels.
        colour: RGB of the outlines.
        max_probability: highest of the class in this frame, None when it is not known.
    """

    path: str
    frame: Frame
    explanation: ExplanationPicture
    source_title: str
    opacity: float
    is_grey: bool
    outlines: tuple[NDArray[np.float32], ...]
    colour: Colour
    max_probability: float | None


def save_figure(figure: FigureRequest) -> None:
    """Write a figure as PNG, in one step.

    Raises:
        OutputError: disk full, no permission, no such folder.
    """
    path = Path(figure.path)
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(_png(draw_figure(figure)))
        os.replace(partial, path)
    except OSError as e:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path.name} cannot be saved ({e.strerror}); choose another folder.") from e


def caption(figure: FigureRequest) -> tuple[str, ...]:
    """Lines under the pictures: where from, what is explained and how, how far to trust it, and what it is not."""
    relevance, frame, trust = figure.explanation.relevance, figure.frame, figure.explanation.relevance.trust
    request = relevance.request
    name = f" ({frame.name})" if frame.name else ""
    layer = f" · arriving at {figure.explanation.shown_layer}" if figure.explanation.shown_layer else ""
    hidden = sorted(figure.explanation.hidden_lesions)
    left_out = f" · without lesion {', '.join(map(str, hidden))}" if hidden else ""
    smooth = " · smoothed over noisy copies" if request.smooth else ""
    found = f" · highest probability {figure.max_probability:.2f}" if figure.max_probability is not None else ""
    shares = f"{percent_text(trust.inside)} inside the mask, {percent_text(trust.rim)} at its rim"
    scores = [f"relevance: {shares}, {percent_text(trust.outside)} outside"]
    scores += [f"ledger error {ledger_text(trust.ledger_error)}"] if trust.ledger_error is not None else []
    scores += [f"stability {trust.stability:.2f}"] if trust.stability is not None else []
    scores += [f"agreement {trust.agreement:.2f}"] if trust.agreement is not None else []
    return (
        f"{figure.source_title} · frame {frame.index}{name} · {frame.time_s:.3f} s",
        f"Weights {relevance.weights} · threshold {request.threshold:.2f}{found}",
        f"{method_text(request)} · explained: {target_text(request.target, request.class_id)}{layer}{left_out}{smooth}",
        f"{VERDICT_SIGNS.get(trust.verdict, '')} {trust.verdict}: {trust.reason}",
        " · ".join(scores),
        "For research use; not a medical device.",
    )


def draw_figure(figure: FigureRequest) -> QImage:
    """Frame, explained frame and colour bar side by side, the caption below."""
    height, width = figure.frame.size
    picture_height = round(_PICTURE_PX * height / width)
    lines, font = caption(figure), _font()
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setFont(font)
    bar, line_px = bar_width(painter, figure.explanation.main), painter.fontMetrics().height() + 4
    painter.end()
    full_width = round(2 * _PICTURE_PX + bar + 4 * _MARGIN_PX)
    image = QImage(full_width, picture_height + 3 * _MARGIN_PX + line_px * len(lines), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setFont(font)
    _paint_pictures(painter, figure, picture_height)
    paint_colour_bar(
        painter,
        QRectF(2 * _PICTURE_PX + 3 * _MARGIN_PX, _MARGIN_PX, bar, min(picture_height, _BAR_PX)),
        figure.explanation.main,
        bool(figure.explanation.shown_layer),
    )
    _paint_caption(painter, lines, full_width, picture_height + 2 * _MARGIN_PX, line_px)
    painter.end()
    return image


def _paint_pictures(painter: QPainter, figure: FigureRequest, height: int) -> None:
    painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
    picture = frame_image(figure.frame.rgb)
    left = QRectF(_MARGIN_PX, _MARGIN_PX, _PICTURE_PX, height)
    right = left.translated(_PICTURE_PX + _MARGIN_PX, 0)
    painter.drawImage(left, picture)
    painter.drawImage(right, grey_image(picture) if figure.is_grey else picture)
    painter.setOpacity(figure.opacity)
    painter.drawImage(right, rgba_image(figure.explanation.main.rgba))
    painter.setOpacity(1.0)
    scale = _PICTURE_PX / picture.width()
    for place in (left, right):
        painter.save()
        painter.translate(place.topLeft())
        painter.scale(scale, scale)
        pen = QPen(QColor(*figure.colour), 2)
        pen.setCosmetic(True)
        painter.strokePath(outline_path(figure.outlines), pen)
        painter.restore()


def _paint_caption(painter: QPainter, lines: tuple[str, ...], width: int, top: int, line_px: int) -> None:
    painter.setPen(QColor(theme.CANVAS))
    for row, line in enumerate(lines):
        place = QRectF(_MARGIN_PX, top + row * line_px, width - 2 * _MARGIN_PX, line_px)
        text = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, round(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)


def _font() -> QFont:
    font = QFont()
    font.setPixelSize(_FONT_PX)
    return font


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise OutputError("The figure cannot be written as PNG; free some memory and try again.")
    return bytes(data.data())
