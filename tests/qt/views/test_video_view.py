"""The picture: what is painted, and how it is zoomed and moved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPaintEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medseg_gui.overlay import PALETTES
from medseg_gui.qt.frame_pixels import frame_pixels
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.views.video_view import VideoView
from medseg_gui.types import POLYP
from tests.qt.views.scene import GREY, make_frame, make_overlay

MIDDLE = QPoint(320, 180)
RIM_ROW = 90  # the polyp's upper edge, in view pixels
OUTSIDE = QPoint(40, 40)


@pytest.fixture
def view(qtbot: QtBot, opened: AppState) -> VideoView:
    """Four times as large as the frame."""
    view = VideoView(opened.playback, opened.analysis, opened.display, opened.explanation, opened.correction)
    qtbot.addWidget(view)
    view.resize(640, 360)
    view.show()
    qtbot.waitExposed(view)
    opened.playback.set_frame(make_frame(0))
    return view


def colour_at(view: VideoView, point: QPoint) -> tuple[int, int, int]:
    """Colour on screen."""
    return view.grab().toImage().pixelColor(point).getRgb()[:3]


def pixels(view: VideoView) -> np.ndarray:
    """(H, W, 3) of what is on screen."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def turn_wheel(view: VideoView, point: QPoint, notches: int) -> None:
    """As a person turns it with the cursor on `point`."""
    event = QWheelEvent(
        QPointF(point),
        QPointF(view.mapToGlobal(point)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


class Painted(QObject):
    """Notes which part of a view is painted."""

    def __init__(self, view: VideoView) -> None:
        super().__init__(view)
        self.rects: list[QRect] = []
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.rects.append(event.rect())
        return False


def frame_point(view: VideoView, point: QPoint) -> QPointF:
    """Which frame pixel lies under a view pixel."""
    inverted, _ = view.zoom.transform.inverted()
    return inverted.map(QPointF(point))


def test_frame_is_painted_in_its_own_colours(view: VideoView, opened: AppState) -> None:
    frame = make_frame(1)
    red = frame.rgb.copy()
    red[:] = (200, 30, 60)
    opened.playback.set_frame(type(frame)(1, frame.time_s, frame.source_id, red))
    assert colour_at(view, MIDDLE) == (200, 30, 60)


def test_pixels_that_fit_the_view_are_painted_as_they_are(view: VideoView, opened: AppState) -> None:
    frame = make_frame(1)
    assert opened.display.view == (640, 360)
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 4), np.uint8)
    noise[..., 3] = 255
    opened.playback.set_frame(frame, noise)
    np.testing.assert_array_equal(pixels(view), noise[..., 2::-1])


def test_pixels_for_another_view_are_stretched_until_better_ones_come(view: VideoView, opened: AppState) -> None:
    frame = make_frame(1)
    opened.playback.set_frame(frame, frame_pixels(np.full_like(frame.rgb, 90), (80, 45)))
    assert colour_at(view, QPoint(630, 350)) == (90,) * 3
    opened.playback.set_pixels(frame, frame_pixels(np.full_like(frame.rgb, 150), (640, 360)))
    assert colour_at(view, QPoint(630, 350)) == (150,) * 3
    opened.playback.set_pixels(make_frame(2), frame_pixels(frame.rgb))  # of a frame that is gone
    assert colour_at(view, QPoint(630, 350)) == (150,) * 3


def test_a_zoomed_frame_needs_its_own_pixels(view: VideoView, opened: AppState) -> None:
    view.zoom_by(2)
    assert opened.display.view is None
    view.fit()
    assert opened.display.view == (640, 360)


def test_another_overlay_repaints_where_it_was_and_where_it_is(view: VideoView, opened: AppState, qtbot: QtBot) -> None:
    opened.analysis.set_overlay(make_overlay())
    view.repaint()
    painted = Painted(view)
    opened.analysis.set_overlay(None)
    opened.analysis.set_overlay(make_overlay())
    qtbot.waitUntil(lambda: bool(painted.rects))
    assert painted.rects[0].contains(MIDDLE)
    assert not any(rect.contains(OUTSIDE) for rect in painted.rects)


def test_painted_once_for_each_new_frame(view: VideoView, opened: AppState, qtbot: QtBot) -> None:
    painted: list[int] = []
    view.painted.connect(lambda: painted.append(opened.playback.index))
    for index in (1, 2, 3):
        with qtbot.waitSignal(view.painted):
            opened.playback.set_frame(make_frame(index))
    view.repaint()
    assert painted == [1, 2, 3]


def test_mask_off_leaves_the_frame_as_it_is(view: VideoView, opened: AppState) -> None:
    plain = pixels(view)
    opened.analysis.set_overlay(make_overlay())
    assert colour_at(view, MIDDLE) != (GREY,) * 3
    opened.display.toggle_mask()
    assert np.array_equal(pixels(view), plain)
    opened.display.toggle_mask()
    assert colour_at(view, MIDDLE) != (GREY,) * 3


def test_filled_mask_is_mixed_with_the_frame_by_its_opacity(view: VideoView, opened: AppState) -> None:
    opened.analysis.set_overlay(make_overlay())
    for opacity in (0.2, 0.8):
        opened.display.set_mask_opacity(opacity)
        expected = [GREY + (c - GREY) * opacity for c in PALETTES["Cyan and yellow"][POLYP]]
        assert colour_at(view, MIDDLE) == pytest.approx(expected, abs=2)


def test_outline_leaves_the_inside_clear(view: VideoView, opened: AppState) -> None:
    opened.analysis.set_overlay(make_overlay())
    opened.display.toggle_outline()
    assert colour_at(view, MIDDLE) == (GREY,) * 3
    assert np.ptp(pixels(view)[RIM_ROW - 3 : RIM_ROW + 6, 200:440]) > 100


def test_rim_of_a_prediction_is_dashed(view: VideoView, opened: AppState) -> None:
    opened.analysis.set_overlay(make_overlay())
    opened.display.set_mask_style("outline")
    band = pixels(view)[RIM_ROW - 3 : RIM_ROW + 6, 200:440].astype(int)
    coloured = (band[..., 2] - band[..., 0] > 120).any(axis=0)
    changes = np.count_nonzero(np.diff(coloured.astype(int)))
    assert changes > 20
    assert 0.3 < coloured.mean() < 0.9


def test_hole_in_a_mask_stays_clear(view: VideoView, opened: AppState) -> None:
    opened.analysis.set_overlay(make_overlay(hole=True))
    assert colour_at(view, MIDDLE) == (GREY,) * 3
    assert colour_at(view, QPoint(200, 180)) != (GREY,) * 3


def test_palette_colours_the_mask(view: VideoView, opened: AppState) -> None:
    opened.display.set_mask_opacity(1.0)
    opened.analysis.set_overlay(make_overlay())
    for name, colours in PALETTES.items():
        opened.display.set_palette(name)
        assert colour_at(view, MIDDLE) == pytest.approx(colours[POLYP], abs=1)


class PaintCounter(QObject):
    """Counts how often a widget is asked to paint itself."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count and pass on."""
        self.count += event.type() == QEvent.Type.Paint
        return False


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.display.set_mask_style("off"),
        lambda s: s.display.set_mask_opacity(0.9),
        lambda s: s.display.set_palette("Colour-blind safe"),
        lambda s: s.display.set_show_probability(True),
        lambda s: s.display.set_probability_opacity(0.1),
        lambda s: s.analysis.set_overlay(make_overlay()),
        lambda s: s.analysis.set_late(5),
        lambda s: s.playback.play(),
        lambda s: s.playback.set_frame(make_frame(1)),
    ],
)
def test_every_change_is_painted_by_itself(
    view: VideoView, opened: AppState, qtbot: QtBot, change: Callable[[AppState], None]
) -> None:
    view.repaint()
    counter = PaintCounter()
    view.installEventFilter(counter)
    change(opened)
    qtbot.waitUntil(lambda: counter.count > 0)


def test_probability_is_laid_over_only_when_asked_for(view: VideoView, opened: AppState) -> None:
    opened.display.set_mask_style("off")
    opened.analysis.set_overlay(make_overlay(show_probability=True))
    assert colour_at(view, MIDDLE) == (GREY,) * 3
    opened.display.set_show_probability(True)
    faint = colour_at(view, MIDDLE)
    opened.display.set_probability_opacity(1.0)
    assert np.ptp((faint, colour_at(view, MIDDLE), (GREY,) * 3), axis=0).max() > 50
    assert colour_at(view, OUTSIDE) == (GREY,) * 3


def test_overlay_of_another_frame_is_shown_only_in_motion(view: VideoView, opened: AppState) -> None:
    opened.analysis.set_overlay(make_overlay(index=3))
    opened.playback.set_frame(make_frame(5))
    assert colour_at(view, MIDDLE) == (GREY,) * 3
    opened.playback.play()
    assert colour_at(view, MIDDLE) != (GREY,) * 3


def test_overlay_of_another_source_is_never_shown(view: VideoView, opened: AppState) -> None:
    other = make_frame(0)
    opened.playback.set_frame(type(other)(0, 0.0, "another", other.rgb))
    opened.analysis.set_overlay(make_overlay())
    opened.playback.play()
    assert colour_at(view, MIDDLE) == (GREY,) * 3


def test_late_is_said_in_motion_from_three_frames(view: VideoView, opened: AppState) -> None:
    opened.analysis.set_overlay(make_overlay())
    corner = np.s_[10:50, 10:200]

    def is_badge_there() -> bool:
        return bool(np.ptp(pixels(view)[corner]) > 0)

    opened.analysis.set_late(3)
    assert not is_badge_there()  # paused
    opened.playback.play()
    assert is_badge_there()
    opened.analysis.set_late(2)
    assert not is_badge_there()


@pytest.mark.parametrize("point", [QPoint(100, 300), QPoint(320, 180), QPoint(639, 0)])
@pytest.mark.parametrize("notches", [1, 5, -1])
def test_wheel_keeps_the_point_under_the_cursor(view: VideoView, point: QPoint, notches: int) -> None:
    before, scale = frame_point(view, point), view.zoom.scale
    turn_wheel(view, point, notches)
    after = frame_point(view, point)
    assert (view.zoom.scale > scale) == (notches > 0)
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.01)


def test_wheel_cannot_lose_the_picture(view: VideoView) -> None:
    for _ in range(30):
        turn_wheel(view, QPoint(0, 0), -5)
    assert view.zoom.target.width() > 100
    for _ in range(30):
        turn_wheel(view, MIDDLE, 5)
    assert view.zoom.scale <= 32


def test_double_click_fits(view: VideoView) -> None:
    fitted = view.zoom.target
    turn_wheel(view, QPoint(10, 10), 4)
    assert view.zoom.target != fitted
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=MIDDLE)
    assert view.zoom.target == fitted


def test_middle_drag_pans(view: VideoView) -> None:
    turn_wheel(view, MIDDLE, 4)
    before = frame_point(view, QPoint(100, 100))
    QTest.mousePress(view, Qt.MouseButton.MiddleButton, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(160, 130))
    QTest.mouseRelease(view, Qt.MouseButton.MiddleButton, pos=QPoint(160, 130))
    after = frame_point(view, QPoint(160, 130))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()))


def test_left_drag_alone_does_not_pan(view: VideoView) -> None:
    offset = view.zoom.offset
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(160, 130))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(160, 130))
    assert view.zoom.offset == offset


def test_fitted_frame_follows_the_window_and_a_frame_of_another_shape(view: VideoView, opened: AppState) -> None:
    view.resize(320, 320)
    assert view.zoom.target.getRect() == (0, 70, 320, 180)
    turn_wheel(view, MIDDLE, 3)
    opened.playback.set_frame(make_frame(1, size=(100, 50)))
    assert view.zoom.target.getRect() == (80, 0, 160, 320)


def test_frame_of_one_pixel_is_shown_and_zoomed(view: VideoView, opened: AppState) -> None:
    opened.playback.set_frame(make_frame(1, size=(1, 1)))
    turn_wheel(view, MIDDLE, 3)
    turn_wheel(view, MIDDLE, -3)
    assert colour_at(view, MIDDLE) == (GREY,) * 3


def test_nothing_open_is_an_empty_canvas(qtbot: QtBot, state: AppState) -> None:
    view = VideoView(state.playback, state.analysis, state.display, state.explanation, state.correction)
    qtbot.addWidget(view)
    view.resize(320, 200)
    assert QColor(view.grab().toImage().pixelColor(160, 100)).lightness() < 20
