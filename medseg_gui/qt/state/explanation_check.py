"""Whether somebody wants to know how true the explanation on screen is, and what came of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medseg_gui.errors import MedsegError
from medseg_gui.types import Frame, FrameCheck, Relevance


class ExplanationCheckState(QObject):
    """A check of one explanation; it belongs to that explanation and goes with it.

    Attributes:
        relevance: what is being checked, None when nothing is.
        share_done: of the check that runs, in [0, 1].
        result: of the newest check, None when there is none for the explanation on screen.
        refusal: why there is none.
    """

    asked = Signal(object, object)  # Frame, Relevance
    stop_asked = Signal()
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.relevance: Relevance | None = None
        self.share_done = 0.0
        self.result: FrameCheck | None = None
        self.refusal: MedsegError | None = None

    @property
    def is_running(self) -> bool:
        """Whether a check is being made."""
        return self.relevance is not None

    def ask(self, frame: Frame, relevance: Relevance) -> None:
        """Check an explanation of this frame."""
        self.relevance, self.result, self.refusal, self.share_done = relevance, None, None, 0.0
        self.changed.emit()
        self.asked.emit(frame, relevance)

    def stop(self) -> None:
        """Give it up."""
        if self.is_running:
            self.relevance = None
            self.stop_asked.emit()
            self.changed.emit()

    def forget(self) -> None:
        """Another explanation is on screen, or none."""
        self.stop()
        if self.result is not None or self.refusal is not None:
            self.result = self.refusal = None
            self.changed.emit()

    # Answers

    def set_share_done(self, relevance: Relevance, share: float) -> None:
        """How far it has come."""
        if relevance is self.relevance:
            self.share_done = share
            self.changed.emit()

    def set_result(self, result: FrameCheck) -> None:
        """It is done; an answer that nobody waits for is passed over."""
        if result.relevance is self.relevance:
            self.relevance, self.result = None, result
            self.changed.emit()

    def set_refusal(self, relevance: Relevance, error: MedsegError) -> None:
        """It cannot be made."""
        if relevance is self.relevance:
            self.relevance, self.refusal = None, error
            self.changed.emit()
