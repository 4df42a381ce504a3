"""The journey of a correction: which frame is corrected, what it starts from, and what its worker is asked."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from medseg_gui.errors import MedsegError
from medseg_gui.project.edits import MaskEdit
from medseg_gui.project.records import FrameKey
from medseg_gui.qt.state.app_state import AppState
from medseg_gui.qt.state.correction_requests import ChangeRequest, KeepRequest, Proposal, WireRequest
from medseg_gui.qt.state.lesion_picture import LesionPicture
from medseg_gui.qt.workers.edit import EditWorker
from medseg_gui.types import Frame, Segmentation

# So long a network has to say what it sees; then a correction starts from nothing.
_PATIENCE_MS = 3000


class Correcting(QObject):
    """Connects the correction with playback, with what the networks see and with its worker, for the pipeline.

    Args:
        state: what is on screen and what is wanted.
        edit: worker, not started here.
    """

    def __init__(self, state: AppState, edit: EditWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._edit = state, edit
        self._correction = state.correction
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self.propose_nothing)
        self._watch()

    def _watch(self) -> None:
        state, correction, edit = self._state, self._correction, self._edit
        state.playback.frame_changed.connect(self.on_frame_changed)
        state.playback.playing_changed.connect(self.on_playing_changed)
        state.analysis.segmentation_changed.connect(self.propose)
        state.display.threshold_changed.connect(self.propose)
        state.session.weights_chosen.connect(self.propose)
        correction.tool_changed.connect(self.on_tool_changed)
        correction.frame_wanted.connect(self.on_frame_wanted)
        correction.refused.connect(state.session.notice)
        correction.keep_wanted.connect(self.on_keep_wanted)
        correction.change_wanted.connect(self.on_change_wanted)
        correction.keep_carried_wanted.connect(self.on_keep_carried_wanted)
        state.propagation.changed.connect(self.on_run_changed)
        correction.load_wanted.connect(self.on_load_wanted)
        correction.wire_wanted.connect(self.on_wire_wanted)
        edit.wired.connect(correction.wired)
        edit.kept.connect(correction.on_kept)
        edit.drawn.connect(correction.on_drawn)
        edit.changed.connect(correction.on_change)
        edit.refused.connect(self.on_refused)
        edit.loaded.connect(self.on_loaded)
        edit.proposed.connect(self.on_proposed)

    # What is on screen

    def on_frame_changed(self, frame: Frame) -> None:
        """Correct this one; a camera's frames are gone before one could."""
        self._correction.set_frame(None if self._state.playback.is_live else frame)
        self.propose()

    def on_playing_changed(self, is_playing: bool) -> None:
        """What moves cannot be corrected; what stands still gets something to start from."""
        if is_playing:
            self._correction.set_tool("")
        self.propose()

    def on_tool_changed(self, tool: str) -> None:
        """A tool wants a frame that stands still, and masks that can be seen."""
        if tool:
            self._state.playback.pause()
            if self._state.display.mask_style == "off":
                self._state.display.toggle_mask()

    def on_frame_wanted(self, key: FrameKey) -> None:
        """Undo leads to where something was done."""
        source = self._state.session.source
        info = self._state.project.info
        if source is None or source.source_id != key.source_hash:
            if info is not None and key.source_hash in info.paths:
                if key.source_hash in info.missing:
                    self._correction.stop_travelling()
                self._state.review.frame_wanted.emit(key)
                return
            self._correction.stop_travelling()
            self._state.session.notice("The last step was made in another source; open that one to undo it.")
            return
        self._state.playback.pause()
        self._state.playback.seek(key.index)

    # What a correction starts from

    def propose(self) -> None:
        """Lesions from what the networks see in the frame on screen, once it stands still."""
        key, segmentation = self._correction.key, self._segmentation
        if key is None or self._state.playback.is_playing:
            return
        carried = self._state.propagation.frames.get(key.index)
        if carried is not None and carried.edit.key == key:
            self._patience.stop()
            self._edit.propose_carried(carried.edit, carried.confidence)
        elif segmentation is not None:
            self._patience.stop()
            self._edit.propose(key, segmentation, self._state.display.threshold)
        elif any(self._state.session.chosen.values()):
            self._patience.start()
        else:
            self.propose_nothing()

    def on_run_changed(self) -> None:
        """Lesions were carried to this frame, or are no longer."""
        key, proposal = self._correction.key, self._correction.proposal
        is_in_run = key is not None and key.index in self._state.propagation.frames
        is_carried = proposal is not None and proposal.confidence is not None
        if is_in_run != is_carried:
            self.propose()

    def propose_nothing(self) -> None:
        """No network looks, or none answers."""
        key, frame = self._correction.key, self._correction.frame
        if key is not None and frame is not None and self._segmentation is None:
            self._correction.set_proposal(Proposal(key, LesionPicture.empty(frame.size)))

    def on_proposed(self, proposal: Proposal) -> None:
        """They may be corrected now."""
        self._correction.set_proposal(proposal)

    @property
    def _segmentation(self) -> Segmentation | None:
        """Of the frame on screen."""
        segmentation, key = self._state.analysis.segmentation, self._correction.key
        if segmentation is None or key is None:
            return None
        is_of_frame = (segmentation.source_id, segmentation.frame_index) == (key.source_hash, key.index)
        return segmentation if is_of_frame else None

    # To and from the worker; each to a method of our own, which runs on the main thread

    def on_keep_wanted(self, request: KeepRequest) -> None:
        """Something was changed."""
        self._edit.keep(request)

    def on_keep_carried_wanted(self, edit: MaskEdit) -> None:
        """A frame of a run was accepted."""
        self._edit.keep_carried(edit)

    def on_change_wanted(self, request: ChangeRequest) -> None:
        """Something is to be changed."""
        self._edit.change(request)

    def on_load_wanted(self, edit: MaskEdit) -> None:
        """A frame comes back that was corrected before."""
        self._edit.load(edit)

    def on_wire_wanted(self, request: WireRequest) -> None:
        """The pointer has moved along an edge."""
        self._edit.wire(request)

    def on_loaded(self, key: FrameKey, picture: LesionPicture) -> None:
        """Its lesions are here."""
        if self._correction.is_awaited:  # else the project was quicker, and the person may have gone on from there
            self._correction.set_lesions(key, picture.lesions, is_corrected=True, picture=picture)

    def on_refused(self, request: ChangeRequest, error: MedsegError) -> None:
        """A tool could not do what it was asked."""
        self._correction.on_refused(request)
        if not request.is_preview:
            self._state.session.fail(error)
