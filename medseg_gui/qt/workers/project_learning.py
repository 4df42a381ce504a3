"""Corrected frames of a project to learn from: which there are, whose they are, and copies of them for a training."""

from __future__ import annotations

from medseg_gui.qt.state.project_orders import CopyCorrected, NamePatient, SetCentre
from medseg_gui.qt.workers.keeper import Keeper
from medseg_gui.qt.workers.project_task import LongTask, StoppedError
from medseg_gui.qt.workers.project_teller import ProjectSignals, ProjectTeller
from medseg_gui.qt.workers.worker import as_medseg_error


class ProjectLearning:
    """Gives a training its frames.

    Args:
        keeper: has the project that is open.
        signals, teller: where it is told.
        task: does what takes long.
    """

    def __init__(self, keeper: Keeper, signals: ProjectSignals, teller: ProjectTeller, task: LongTask) -> None:
        self._keeper, self._signals, self._teller, self._task = keeper, signals, teller, task

    def list_corrected(self) -> None:
        """Tell which frames a person stands behind, and whose they are."""
        from medseg_gui.project.corrected_frames import corrected_frames

        project = self._keeper.project
        self._signals.corrected_listed.emit(corrected_frames(project) if project is not None else ())

    def name_patient(self, order: NamePatient) -> None:
        """Say whose recordings these are, then tell the frames anew."""
        from medseg_gui.project.corrected_frames import name_patient

        name_patient(self._keeper.require(), order.recordings, order.name)
        self.list_corrected()

    def set_centre(self, order: SetCentre) -> None:
        """Say which hospital sources come from, then tell the frames anew."""
        self._keeper.require().set_centre(order.source_hashes, order.centre)
        self.list_corrected()
        self._teller.tell_opened()

    def copy_corrected(self, order: CopyCorrected) -> None:
        """Copy frames and masks; whoever waits for them is told of the end, however it comes."""
        from medseg_gui.project.corrected_frames import write_examples

        try:
            self._keeper.require_saved()
            project = self._keeper.require()
            left_out = self._task.do("Copying frames", lambda step: write_examples(
                project, order.groups, order.folder, step))  # fmt: skip
            if left_out is None:
                raise StoppedError("The training was not started, because copying its frames was stopped.")
        except Exception as e:
            self._signals.corrected_refused.emit(order.folder, as_medseg_error(e))
        else:
            self._signals.corrected_copied.emit(order.folder, left_out)
