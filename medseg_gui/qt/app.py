"""Opens the window and keeps it open: application, theme, pipeline, what happens to errors nobody caught.

torch and PyAV are not imported here: the workers do that while the window is on screen already.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType, TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QTimer, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from medseg_gui.errors import InputError, MedsegError
from medseg_gui.qt.main_window import MainWindow
from medseg_gui.qt.pipeline import Pipeline, Workers
from medseg_gui.qt.startup_timing import StartupTiming
from medseg_gui.qt.theme import apply_theme
from medseg_gui.qt.workers.priority import run_in_short_slices
from medseg_gui.settings import Settings, load_settings

logger = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Window:
    """The program with its window: everything between starting and ending it, without the event loop.

    Args:
        settings: what to begin with.
        workers: by default those for the device in the settings.
    """

    def __init__(self, settings: Settings, workers: Workers | None = None) -> None:
        self.pipeline = Pipeline(settings, workers)
        self.state = self.pipeline.state
        self.main = MainWindow(self.state, settings)
        self.main.picture.painted.connect(self.pipeline.on_painted)

    def show(self, spec: str | None) -> None:
        """Show the window; threads start, and a source is opened, once it is on screen."""
        self.main.show()
        QTimer.singleShot(0, self.pipeline.start)
        if spec is not None:
            self.state.session.open(spec)

    def close(self) -> None:
        """Remember how the window stood, then end every thread."""
        self.pipeline.settings.update(window=self.main.window_settings())
        self.main.close()
        self.pipeline.close()


def run(spec: str | None, argv: Sequence[str]) -> int:
    """Open the window and stay until it is closed.

    Args:
        spec: what to open: a path, "camera:0", "demo"; None for the welcome page.
        argv: what Qt may look at, the program's name first.

    Returns:
        The exit status.

    Raises:
        InputError: this computer has no screen.
    """
    app = build_application(argv)
    window = Window(load_settings())
    timing = StartupTiming(window.main, window.state) if os.environ.get("MEDSEG_STARTUP_TIMING") else None
    with _Uncaught(window.state.session.fail):
        signal.signal(signal.SIGINT, _quit)
        window.show(spec)
        status = app.exec()
        window.close()
    if timing is not None:
        timing.tell()
    return status


def build_application(argv: Sequence[str]) -> QApplication:
    """The one QApplication, in the program's look; this thread paints from now on.

    Raises:
        InputError: this computer has no screen; Qt itself would abort.
    """
    if not has_screen():
        raise InputError("There is no screen to open the window on; use the commands, see `medseg --help`.")
    app = QApplication.instance() or QApplication(list(argv))
    if not isinstance(app, QApplication):
        raise InputError("The window cannot be opened from within another Qt program.")
    app.setApplicationName("medseg")
    run_in_short_slices()
    apply_theme(app)
    return app


def has_screen() -> bool:
    """Whether Qt finds a screen here, or was told to do without."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class _Uncaught(QObject):
    """While it is entered, errors that nobody caught are logged and shown in the window, Qt's words are logged."""

    _raised = Signal(object)  # MedsegError; also from other threads

    def __init__(self, show: object) -> None:
        super().__init__()
        self._raised.connect(show)

    def __enter__(self) -> _Uncaught:
        self._earlier = sys.excepthook
        sys.excepthook = self._on_error
        self._earlier_handler = qInstallMessageHandler(_on_qt_message)
        return self

    def __exit__(self, *_: object) -> None:
        sys.excepthook = self._earlier
        qInstallMessageHandler(self._earlier_handler)

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        logger.error("Uncaught error", exc_info=(kind, error, trace))
        if isinstance(error, MedsegError):
            self._raised.emit(error)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        sentence = f"Something went wrong inside the program ({kind.__name__}); what was on screen stays."
        self._raised.emit(MedsegError(sentence, details))


def _on_qt_message(level: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logger.log(_LEVELS.get(level, logging.WARNING), "Qt: %s", text)


def _quit(number: int, frame: FrameType | None) -> None:
    """Ctrl+C in the terminal. Python hears of it within a second, when the pipeline counts its frames."""
    QApplication.quit()
