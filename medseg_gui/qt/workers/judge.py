"""Says what a fine-tuning is worth: both weights on the held-out frames, one frame before and after; keeps versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from medseg_gui.errors import DroppedError, ExplanationError, InputError, MedsegError
from medseg_gui.qt.state.training_result import FrameSides, HeldOutFrame, Verdict, VersionEntry
from medseg_gui.qt.workers.networks import Networks
from medseg_gui.qt.workers.priority import EXPLAIN, stand_back
from medseg_gui.qt.workers.worker import Fifo, Mailbox, Worker, as_medseg_error
from medseg_gui.training.job import ACCEPTED, TrainingJob
from medseg_gui.types import CLASS_NAMES, ExplanationRequest, Frame, UInt8Array

if TYPE_CHECKING:
    from medseg_gui.data.dataset_folder import Example
    from medseg_gui.explanation import FrameExplainer
    from medseg_gui.networks.weights import WeightsInfo
    from medseg_gui.segmenter import Segmenter


class JudgeWorker(Worker):
    """Owns, as long as a job is judged, its two networks and their explainers.

    Args:
        device: one of `device.DEVICES`.
    """

    judged = Signal(object, object)  # TrainingJob, Verdict
    refused = Signal(object, object)  # TrainingJob, MedsegError
    sides_made = Signal(object, object)  # TrainingJob, FrameSides
    accepted = Signal(object, str, bool)  # TrainingJob, name of the version, whether it is active now
    versions_listed = Signal(object)  # tuple[VersionEntry, ...]
    activated = Signal(int, str)  # class id, name of the weights in use from now on, "" for the program's own

    def __init__(self, device: str = "auto") -> None:
        super().__init__()
        self._device = device
        self._todo: Fifo[Callable[[], None]] = Fifo()
        self._looks: Mailbox[tuple[TrainingJob, str]] = Mailbox()
        self._pair: _Pair | None = None

    # From any thread

    def judge(self, job: TrainingJob) -> None:
        """Compare what a job learnt with what it began from."""
        self._put(lambda: self._judge(job))

    def look(self, job: TrainingJob, image: str) -> None:
        """Show a held-out frame before and after; an earlier one that waits is forgotten."""
        self._looks.put((job, image))
        self.wake()

    def accept(self, job: TrainingJob) -> None:
        """Keep what a job learnt as the next version."""
        self._put(lambda: self._accept(job))

    def list_versions(self) -> None:
        """Tell which versions there are."""
        self._put(self._list)

    def activate(self, name: str) -> None:
        """Let a version be the one in use."""
        self._put(lambda: self._activate(name))

    def roll_back(self, class_id: int) -> None:
        """Go back to what was in use before."""
        self._put(lambda: self._roll_back(class_id))

    def forget(self) -> None:
        """Let go of the networks."""
        self._put(self.end)

    def _put(self, what: Callable[[], None]) -> None:
        self._todo.put(what)
        self.wake()

    # On the worker's own thread

    def begin(self) -> None:
        """Stand back behind picture and prediction."""
        stand_back(EXPLAIN)

    def work(self) -> None:
        """What is to be done, then the newest look."""
        while (what := self._todo.take()) is not None and not self._is_stopping.is_set():
            self._guard(what)
        if (look := self._looks.take()) is not None:
            self._look(*look)

    def end(self) -> None:
        """Let go of the networks."""
        self._pair = None

    def _judge(self, job: TrainingJob) -> None:
        try:
            self._pair = _Pair(job, self._device)
            self.judged.emit(job, self._pair.verdict())
        except Exception as e:
            self.refused.emit(job, as_medseg_error(e))

    def _look(self, job: TrainingJob, image: str) -> None:
        if self._pair is not None and self._pair.job == job:
            try:
                self.sides_made.emit(job, self._pair.sides(image, self._is_unwanted))
            except DroppedError:
                pass  # another one is wanted
            except MedsegError as e:
                self.failed.emit(e)

    def _is_unwanted(self) -> bool:
        return not self._looks.is_empty or self._is_stopping.is_set()

    def _accept(self, job: TrainingJob) -> None:
        from medseg_gui.training.versions import Versions

        if self._pair is None or self._pair.job != job:
            raise InputError("This training was not compared yet; compare it first.")
        version = Versions().accept(self._pair.after, self._pair.before, self._pair.comparison)
        self.accepted.emit(job, version.name, self._pair.comparison.is_proposed)
        self._list()
        job.save(status=ACCEPTED, version=version.name)

    def _activate(self, name: str) -> None:
        from medseg_gui.networks.weights import find_weights
        from medseg_gui.training.versions import Versions

        info = find_weights(name)
        Versions().activate(info)
        self.activated.emit(info.class_id, name)
        self._list()

    def _roll_back(self, class_id: int) -> None:
        from medseg_gui.training.versions import Versions

        versions = Versions()
        before = versions.active(class_id)
        name = versions.roll_back(class_id)
        if name is None and before is not None:
            name = _origin(versions.lineage(before))
        self.activated.emit(class_id, name or "")
        self._list()

    def _list(self) -> None:
        from medseg_gui.networks.weights import list_weights
        from medseg_gui.training.versions import Versions

        versions = Versions()
        active = {class_id: versions.active(class_id) for class_id in CLASS_NAMES}
        found = [w for w in list_weights() if "held_out" in w.extra]
        found.sort(key=lambda w: w.files[0].stat().st_mtime, reverse=True)
        self.versions_listed.emit(tuple(_entry(w, active[w.class_id] == w.name) for w in found))


class _Pair:
    """What a job began from and what it learnt, on its held-out frames."""

    def __init__(self, job: TrainingJob, device: str) -> None:
        Networks(device).begin()
        from medseg_gui.data.dataset_folder import read_dataset
        from medseg_gui.networks.weights import find_weights
        from medseg_gui.training.comparison import compare
        from medseg_gui.training.run_folder import RunFolder

        after = RunFolder(job.run).weights()
        if after is None:
            raise InputError("Nothing was learnt yet: training ended before its first pass did; go on with it.")
        self.job, self._device = job, device
        self.before, self.after = find_weights(job.base), after
        held_out = [e for e in read_dataset(job.data, job.class_id) if e.group in job.hold_out]
        self._examples: dict[str, Example] = {e.image.name: e for e in held_out}
        self.comparison = compare(self.before, self.after, held_out, device)
        self._networks: dict[str, tuple[Segmenter, FrameExplainer]] = {}

    def verdict(self) -> Verdict:
        """The figures, and every held-out frame; those that do not show the class come last."""
        c = self.comparison
        frames = tuple(HeldOutFrame(f.image, f.before, f.after) for f in c.frames)
        shown = {f.image for f in frames}
        rest = tuple(HeldOutFrame(name, None, None) for name in self._examples if name not in shown)
        return Verdict(c.sentence, c.is_proposed, c.before, c.after, frames + rest)

    def sides(self, image: str, is_unwanted: Callable[[], bool]) -> FrameSides:
        """One frame, as both see it."""
        from medseg_gui.data.mask_file import read_mask
        from medseg_gui.media.image_file import read_image
        from medseg_gui.overlay import outlines

        example = self._examples[image]
        rgb = read_image(example.image)
        truth = outlines(read_mask(example.mask), 1) if example.mask is not None else ()
        frame = Frame(0, 0.0, image, rgb)
        seen = [self._seen(info, frame, is_unwanted) for info in (self.before, self.after)]
        return FrameSides(image, rgb, truth, (seen[0][0], seen[1][0]), (seen[0][1], seen[1][1]))

    def _seen(self, info: WeightsInfo, frame: Frame, is_unwanted: Callable[[], bool]) -> tuple[Any, UInt8Array | None]:
        from medseg_gui.overlay import label_map, outlines

        segmenter, explainer = self._loaded(info)
        if is_unwanted():
            raise DroppedError("Another frame is looked at.")
        labels = label_map(segmenter.segment(frame), {info.class_id: info.threshold})
        return outlines(labels, info.class_id), _relevance(explainer, frame, info, is_unwanted)

    def _loaded(self, info: WeightsInfo) -> tuple[Segmenter, FrameExplainer]:
        from medseg_gui.explanation import FrameExplainer
        from medseg_gui.segmenter import Segmenter

        key = str(info.files[0])
        if key not in self._networks:
            self._networks[key] = Segmenter(info, self._device), FrameExplainer(info, self._device)
        return self._networks[key]


def _relevance(
    explainer: FrameExplainer, frame: Frame, info: WeightsInfo, is_unwanted: Callable[[], bool]
) -> UInt8Array | None:
    """RGBA of the relevance of everything that is marked; None where nothing is, or no rule covers the network."""
    from medseg_gui.relevance_picture import colour_relevance, is_signed, shown_values

    request = ExplanationRequest(method="lrp", class_id=info.class_id, threshold=info.threshold)
    try:
        relevance = explainer.explain(frame, request, is_unwanted)
    except DroppedError:
        raise
    except ExplanationError:
        return None
    return colour_relevance(shown_values(relevance), is_signed(request.method)).rgba


def _entry(info: WeightsInfo, is_active: bool) -> VersionEntry:
    told = _json(info.extra.get("held_out", ""))
    recipe = _json(info.extra.get("recipe", ""))
    before, after = (told.get(side, {}).get("dice") for side in ("before", "after"))
    words = f"{recipe.get('epochs', '?')} passes, rate {recipe.get('lr', '?')}"
    return VersionEntry(info.name, info.class_id, info.extra.get("parent", ""), before, after, words, is_active)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}  # a header of somebody else's; the figures are left empty
    return found if isinstance(found, dict) else {}


def _origin(lineage: list[str]) -> str | None:
    """Name of the weights at the beginning of a lineage."""
    return lineage[-1].partition("@")[0] if lineage else None
