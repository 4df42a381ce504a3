"""The one training loop: epochs, validation, keeping the best, resuming after a kill or a stop."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from medseg_gui.data.dataset_folder import Example
from medseg_gui.data.manifest import manifest_hash
from medseg_gui.data.transforms import published_transform, training_transform
from medseg_gui.errors import DataError, InputError, TrainingError
from medseg_gui.networks import build_network, network_class
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.networks.weights import WeightsInfo, load_network
from medseg_gui.training import processes
from medseg_gui.training.centre_masks import relied_pixels
from medseg_gui.training.examples import EpochSampler, ExampleTensors, Item
from medseg_gui.training.memory import FittingBatches
from medseg_gui.training.model_card import save_best
from medseg_gui.training.recipe import Recipe
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.training.steps import DisentangledStep, build_step
from medseg_gui.training.validation import Validation, prepare

# Pictures are kept a little larger than they are learnt from, so that a zoomed crop is not blurred.
_KEEP_LARGER = 1.25
# An epoch takes half an hour where a large network learns on two cores; a kill loses no more than this of it.
SAVE_EVERY_S = 300.0


@dataclass
class Run:
    """Everything a training run is told.

    Attributes:
        recipe: how to train.
        training, validation: the parts.
        folder: where results and the state to resume from go.
        device: what to train on.
        init: weights to fine-tune, instead of random ones.
        teacher: weights of any network for the same class that give hints (knowledge distillation).
        encoder_weights: ImageNet weights for the encoder, by path.
        hold_out: the groups that make up the validation part, when they were named.
        centre_masks: where the masks of interpretability-guided augmentation are kept; the run folder when None.
        classifier_weights: ImageNet weights of a ResNet-50 for its centre classifier.
        report: called with each event (a dict that JSON can hold), see `training.protocol`.
        should_stop: asked after each step; True saves and ends. It may wait, as long as training is to pause.
    """

    recipe: Recipe
    training: Sequence[Example]
    validation: Sequence[Example]
    folder: RunFolder
    device: torch.device
    init: WeightsInfo | None = None
    teacher: WeightsInfo | None = None
    encoder_weights: Path | None = None
    hold_out: Sequence[str] = ()
    centre_masks: Path | None = None
    classifier_weights: Path | None = None
    report: Callable[[dict[str, Any]], None] = field(default=lambda event: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)


def train(run: Run, resume: bool = False) -> WeightsInfo | None:
    """Train to the end of the recipe, or until told to stop.

    Returns:
        The best weights, None when stopped before the first epoch ended (and in all processes but the first).

    Raises:
        TrainingError: the loss is no longer a number, or memory ran out; the best weights so far are kept.
        InputError: `resume` finds the run of another recipe, or the data cannot be learnt from.
        OutputError: the run folder cannot be written.
    """
    torch.manual_seed(run.recipe.seed)
    return _Training(run, resume).go()


class _Training:
    def __init__(self, run: Run, resume: bool) -> None:
        self.run = run
        recipe = run.recipe
        _check(run)
        shown = _shown(run)
        self.examples = ExampleTensors(
            shown, _transform(recipe), int(recipe.size * _KEEP_LARGER), recipe.seed, _relied(run, shown), recipe.guided
        )
        if not self.examples.show_an_object:
            raise DataError(f"None of the {len(run.training)} training masks marks anything; check the masks.")
        self.sampler = EpochSampler(len(self.examples), recipe.seed, recipe.batch_size)
        self.batches = _loader(self.examples, recipe.batch_size // processes.count(), self.sampler)
        self.validation = Validation(run.validation, recipe.size, recipe.batch_size, run.device)
        torch.manual_seed(recipe.seed)  # whatever was drawn for centre masks, which a resumed run finds ready
        self.network = _start_network(run).to(run.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, avg_fn=_moving_average(recipe.average_decay), use_buffers=True)
        self.step = build_step(self.network, recipe, recipe.epochs * self.sampler.batches, _teacher(run))
        self.fitting = FittingBatches(getattr(self.network, "smallest_batch", 1))
        self.data = manifest_hash([*run.training, *run.validation])
        self.epoch, self.best = 0, -1.0
        self.sums: dict[str, float] = {}
        self.weights: WeightsInfo | None = None
        self.started = self.saved = time.monotonic()
        self.done_before = 0
        if processes.rank():
            torch.manual_seed(recipe.seed + processes.rank())  # dropout of its own
        if resume:
            self._resume()

    def go(self) -> WeightsInfo | None:
        if not self.sampler.batches:
            raise InputError(f"There are fewer than {self.run.recipe.batch_size} training images; add some.")
        self.started, self.done_before = time.monotonic(), self._done()
        while self.epoch < self.run.recipe.epochs:
            started = time.monotonic()
            if not self._one_epoch():
                self._save_state()
                return self._stopped()
            self._finish_epoch(time.monotonic() - started)
            if self.epoch < self.run.recipe.epochs and processes.any_of_us(self.run.should_stop()):
                return self._stopped()
        self._tell({"event": "done", "best_dice": self.best})
        return self._ended()

    def _stopped(self) -> WeightsInfo | None:
        self._tell({"event": "stopped", "epoch": self.epoch, "step": self.sampler.start})
        return self._ended()

    def _ended(self) -> WeightsInfo | None:
        if processes.rank() == 0:
            self.run.folder.draw_curves()
        return self.weights

    def _one_epoch(self) -> bool:
        """Learn from every example once (from where it was left); False when told to stop before its last step."""
        self.sampler.epoch = self.epoch
        self.network.train()
        for images, masks, keep in self.batches:
            losses = self._learn(images, masks, keep)
            self._check(losses)
            self.step.next_rate()
            self.average.update_parameters(self.network)
            for name, value in losses.items():
                self.sums[name] = self.sums.get(name, 0.0) + value
            number = self.sampler.start
            self.sampler.start += 1
            self._say(
                {"event": "step", "epoch": self.epoch, "step": number, "steps": self.sampler.batches, **losses}
                | {"left_s": round(self._left_s(), 1)}
            )
            if self.sampler.start < self.sampler.batches:
                if processes.any_of_us(self.run.should_stop()):
                    return False
                if processes.any_of_us(time.monotonic() - self.saved > SAVE_EVERY_S):
                    self._save_state()
        return True

    def _learn(self, images: Tensor, masks: Tensor, keep: Tensor) -> dict[str, float]:
        """One batch. Guided augmentation blackens the picture, or, for SDNet, takes away from its anatomy."""
        guided = bool(self.examples.guided)
        inside = isinstance(self.step, DisentangledStep)
        x = prepare(images * keep if guided and not inside else images, self.network, self.run.device)
        rest = [masks.to(self.run.device), *([keep.to(self.run.device)] if guided and inside else [])]
        return processes.mean_of(self.fitting.learn(self.step, x, *rest))

    def _finish_epoch(self, seconds: float) -> None:
        network = self._kept_network()
        for part in (self.network, network):
            processes.average_buffers(part)
        scores = self.validation.measure(network)
        losses = {name: value / self.sampler.batches for name, value in self.sums.items()}
        self.epoch, self.sampler.start, self.sums = self.epoch + 1, 0, {}
        if processes.rank() == 0:
            samples = self.validation.write_samples(network, self.run.folder.folder / "samples")
            event = {"event": "epoch", "epoch": self.epoch, **losses, **scores, "seconds": round(seconds, 1)}
            self._tell({**event, "left_s": round(self._left_s(), 1), "samples": samples})
            if scores["dice"] >= self.best:
                self.weights = save_best(self.run.folder.folder, network, self.run, scores, self.epoch, self.data)
        self.best = max(self.best, scores["dice"])
        self._save_state()

    def _kept_network(self) -> nn.Module:
        """The moving average: steadier than the last step, which matters most for the GAN."""
        return self.average.module

    def _check(self, losses: dict[str, float]) -> None:
        if not all(np.isfinite(v) for v in losses.values()):
            raise TrainingError(
                "The loss is no longer a number; the best weights so far are kept. Try a smaller learning rate."
            )

    def _done(self) -> int:
        return self.epoch * self.sampler.batches + self.sampler.start

    def _left_s(self) -> float:
        """Time to the end of the recipe at the mean speed so far, validation included."""
        done = self._done() - self.done_before
        left = self.run.recipe.epochs * self.sampler.batches - self._done()
        return (time.monotonic() - self.started) / max(done, 1) * left

    def _say(self, event: dict[str, Any]) -> None:
        if processes.rank() == 0:
            self.run.report(event)

    def _tell(self, event: dict[str, Any]) -> None:
        if processes.rank() == 0:
            self.run.folder.log(event)
        self._say(event)

    def _save_state(self) -> None:
        if processes.rank() == 0:
            self.run.folder.save_state(self._state())
        processes.wait_for_all()
        self.saved = time.monotonic()

    def _state(self) -> dict[str, Any]:
        return {
            "recipe": self.run.recipe.to_json(),
            "epoch": self.epoch,
            "start": self.sampler.start,
            "sums": self.sums,
            "parts": self.fitting.parts,
            "best": self.best,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "step": self.step.state_dict(),
            "random": torch.get_rng_state(),
        }

    def _resume(self) -> None:
        if not self.run.folder.can_resume:
            return  # killed before anything was saved: it begins again
        state = self.run.folder.load_state()
        if Recipe.from_json(state["recipe"]) != self.run.recipe:
            raise InputError(f"{self.run.folder.folder} holds a run of another recipe; choose another folder.")
        self.epoch, self.best = state["epoch"], state["best"]
        self.sampler.start, self.sums = state.get("start", 0), state.get("sums", {})
        self.fitting.parts = state.get("parts", 1)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.step.load_state_dict(state["step"])
        self.weights = self.run.folder.weights()
        if processes.rank() == 0:
            torch.set_rng_state(state["random"])


def _check(run: Run) -> None:
    smallest = getattr(network_class(run.recipe.network), "smallest_batch", 1)
    if run.recipe.batch_size // processes.count() < smallest:
        raise InputError(
            f"{run.recipe.network} learns from batches of {smallest} or more; choose a larger --batch-size."
        )
    if run.recipe.batch_size % processes.count():
        raise InputError(
            f"A batch of {run.recipe.batch_size} cannot be dealt out among {processes.count()} processes evenly; "
            "choose another --batch-size."
        )


def _transform(recipe: Recipe) -> Any:
    if recipe.transform == "published":
        return published_transform(recipe.size)
    return training_transform(recipe.size, recipe.augmentation)


def _moving_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Exponential moving average that forgets faster at the beginning, when each step leaves the last far behind."""

    def average(kept: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        n = float(count)
        return torch.lerp(new, kept, min(decay, (1 + n) / (10 + n))) if kept.is_floating_point() else new

    return average


def _start_network(run: Run) -> nn.Module:
    if run.init is not None:
        if run.init.network != run.recipe.network:
            raise InputError(f"{run.init.name} is a {run.init.network}, not a {run.recipe.network}.")
        return load_network(run.init).requires_grad_(True)
    network = build_network(run.recipe.network)
    if run.encoder_weights is not None:
        load_encoder_weights(network, run.encoder_weights)
    return network


def _shown(run: Run) -> list[Example]:
    """What one epoch shows: those without the object several times."""
    negatives = [e for e in run.training if e.mask is None]
    return [*run.training, *negatives * (run.recipe.negative_repeats - 1)]


def _relied(run: Run, shown: Sequence[Example]) -> list[Any]:
    """What the centre classifier relied on, for each example that is shown."""
    if not run.recipe.guided:
        return []
    folder = run.centre_masks or run.folder.folder
    masks = relied_pixels(run.training, run.recipe, folder, run.device, run.classifier_weights, run.report)
    return [masks[e.image] for e in shown]


def _teacher(run: Run) -> nn.Module | None:
    if run.teacher is None:
        return None
    if run.teacher.class_id != run.recipe.class_id:
        raise InputError(f"{run.teacher.name} marks another class and cannot teach this one.")
    return load_network(run.teacher)


def _loader(examples: ExampleTensors, batch_size: int, sampler: EpochSampler) -> DataLoader[Item]:
    # Loader processes share the decoded pictures by fork; elsewhere each would copy them, and a frozen program
    # cannot start them reliably.
    workers = 2 if sys.platform == "linux" and not getattr(sys, "frozen", False) else 0
    return DataLoader(
        examples,
        batch_size,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
        worker_init_fn=_outlast_signals,
        # Seeds of its own: with the common ones a pass would draw a number, and a run resumed in its middle one more.
        generator=torch.Generator().manual_seed(0),
    )


def _outlast_signals(number: int) -> None:
    """A terminal or job queue tells its signals to loader processes too, which end with the run once it has saved."""
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.SIG_IGN)
