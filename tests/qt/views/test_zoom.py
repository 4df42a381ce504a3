"""Where the frame lies in its view."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from medseg_gui.qt.views.zoom import MAX_SCALE, Zoom

VIEW, FRAME = QSizeF(800, 600), QSizeF(1280, 720)


def fitted() -> Zoom:
    """A wide frame in a narrower view."""
    zoom = Zoom()
    zoom.set_sizes(VIEW, FRAME)
    return zoom


def test_fit_is_as_large_as_possible_and_in_the_middle() -> None:
    assert fitted().target == QRectF(0, 75, 800, 450)


@given(st.lists(st.tuples(st.floats(0, 800), st.floats(0, 600), st.floats(0.2, 5)), max_size=12))
def test_picture_is_never_lost(turns: list[tuple[float, float, float]]) -> None:
    zoom = fitted()
    for x, y, factor in turns:
        zoom.zoom_at(QPointF(x, y), factor)
        zoom.pan(QPointF(x - 400, y - 300) * 3)
        assert zoom.target.intersects(QRectF(QPointF(), VIEW))
        assert zoom.scale <= MAX_SCALE


def test_zoomed_frame_stays_zoomed_when_the_view_grows() -> None:
    zoom = fitted()
    zoom.zoom_at(QPointF(400, 300), 3)
    scale = zoom.scale
    zoom.set_sizes(QSizeF(1000, 700), FRAME)
    assert zoom.scale == scale
    zoom.fit()
    assert zoom.target.width() == pytest.approx(1000)
