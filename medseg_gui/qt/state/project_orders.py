"""What can be asked of the project's thread, as data. It answers in this order; no edit is ever passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medseg_gui.project.edits import Edit
from medseg_gui.project.records import FrameFilter, FrameKey


@dataclass(frozen=True)
class OpenProject:
    """Open the project in a folder instead of the one that is open."""

    folder: Path


@dataclass(frozen=True)
class OpenDefault:
    """Open the project for corrections without a project, if there is one; no word about it if not."""


@dataclass(frozen=True)
class CreateProject:
    """Make a project in a new or empty folder, and open it."""

    folder: Path


@dataclass(frozen=True)
class CopyProject:
    """Copy the project that is open into a new or empty folder, unsaved work included, and go on there."""

    folder: Path


@dataclass(frozen=True)
class CloseProject:
    """Close the project; refused while work is unsaved."""


@dataclass(frozen=True)
class RestoreProject:
    """Put the last good backup in the place of a damaged database, and open it."""

    folder: Path


@dataclass(frozen=True)
class Relocate:
    """Look for missing sources in a folder and below."""

    search: Path


@dataclass(frozen=True)
class SaveNow:
    """Try at once what could not be written."""


@dataclass(frozen=True)
class Save:
    """Write an edit."""

    edit: Edit


@dataclass(frozen=True)
class WalkJournal:
    """Undo or redo a step that the window no longer remembers."""

    is_redo: bool = False


@dataclass(frozen=True, eq=False)
class ShowSource:
    """A source was opened in the window.

    Attributes:
        source_id, title, kind: as `media.Source` tells them.
        path: where it lies; None for a camera.
        frame_times: (frame_count,) float64 seconds.
        is_live: whether it is a camera.
    """

    source_id: str
    title: str
    kind: str
    path: Path | None
    frame_times: NDArray[np.float64]
    is_live: bool

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return len(self.frame_times)


@dataclass(frozen=True)
class AddFrames:
    """Put frames of one size on the list of what is to do.

    Attributes:
        keys: which.
        size: (height, width) in pixels.
        names: file name of each, none for video.
    """

    keys: tuple[FrameKey, ...]
    size: tuple[int, int]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddPictures:
    """Put all pictures of a folder that was shown on the list of what is to do."""

    source_id: str


@dataclass(frozen=True)
class SetReader:
    """Go on as the first (1) or the second (2) reader."""

    reader: int


@dataclass(frozen=True)
class ListFrames:
    """Tell which frames are to be reviewed, and in which order.

    Attributes:
        order: "time", "random", "disagreement" or the name of a score.
        wanted: which frames.
        seed: of the random order.
        class_id: whose disagreement.
    """

    order: str
    wanted: FrameFilter
    seed: int = 0
    class_id: int = 1


@dataclass(frozen=True)
class SaveScores:
    """Remember scores of frames, and ids of the weights that made them."""

    name: str
    scores: Mapping[FrameKey, float]
    weights: str = ""


@dataclass(frozen=True)
class Compare:
    """Tell where the two readers differ on a frame."""

    key: FrameKey
    class_id: int


@dataclass(frozen=True)
class ReadRecord:
    """Tell what is known of a frame, without its mask: that is in the window already."""

    key: FrameKey


@dataclass(frozen=True)
class ReadAudit:
    """Tell who did what to a frame."""

    key: FrameKey


@dataclass(frozen=True)
class ExportFrames:
    """Write annotations for other programs; as `project.exchange.transfer.export_project`."""

    format_name: str
    folder: Path
    states: tuple[str, ...]
    deidentify: bool = False
    margin_px: int = 0


@dataclass(frozen=True)
class ImportFrames:
    """Read annotations of other programs; as `project.exchange.transfer.import_folder`."""

    format_name: str
    folder: Path
    centre: str = ""
    replace_masks: bool = False
    deidentify: bool = False
    margin_px: int = 0


@dataclass(frozen=True)
class WriteReport:
    """Write a case report; as `case_report.write_case_report`.

    Attributes:
        path: a .pdf file.
        states: which frames are told of.
        only: this frame alone, whatever its state.
        deidentify, margin_px: whether, and how much more, is blacked out.
        explain: one of `case_explanations.METHODS`, "" for no explanation.
    """

    path: Path
    states: tuple[str, ...]
    only: FrameKey | None = None
    deidentify: bool = False
    margin_px: int = 0
    explain: str = ""


@dataclass(frozen=True)
class WriteVideo:
    """Write a source with its masks as a video; as `overlay_video.write_overlay_video`.

    Attributes:
        path: an .mp4 file that is not there yet.
        source_hash: which source.
        deidentify, margin_px: whether, and how much more, is blacked out.
    """

    path: Path
    source_hash: str
    deidentify: bool = False
    margin_px: int = 0


@dataclass(frozen=True)
class CleanCopy:
    """Copy a recording so that it names nobody; needs no project.

    Attributes:
        spec: what is open, as `Session.open` took it.
        path: an .mp4 file that is not there yet; for pictures, a folder.
        margin_px: so much more is blacked out at the rim of the field of view.
    """

    spec: str
    path: Path
    margin_px: int = 0


@dataclass(frozen=True)
class ListCorrected:
    """Tell which frames a person stands behind, and whose they are; to learn from."""


@dataclass(frozen=True)
class NamePatient:
    """Say whose recordings these are, then tell the corrected frames anew; `project.corrected_frames.name_patient`."""

    recordings: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class SetCentre:
    """Say which hospital sources come from, then tell the corrected frames anew."""

    source_hashes: tuple[str, ...]
    centre: str


@dataclass(frozen=True)
class CopyCorrected:
    """Copy frames and masks to learn from; as `project.corrected_frames.write_examples`."""

    groups: Mapping[FrameKey, tuple[str, str]]
    folder: Path


Order = (
    OpenProject
    | OpenDefault
    | CreateProject
    | CopyProject
    | CloseProject
    | RestoreProject
    | Relocate
    | SaveNow
    | Save
    | WalkJournal
    | ShowSource
    | AddFrames
    | AddPictures
    | SetReader
    | ListFrames
    | SaveScores
    | Compare
    | ReadRecord
    | ReadAudit
    | ExportFrames
    | ImportFrames
    | WriteReport
    | WriteVideo
    | CleanCopy
    | ListCorrected
    | CopyCorrected
    | NamePatient
    | SetCentre
)
