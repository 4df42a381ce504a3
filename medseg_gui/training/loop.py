"""The one training loop: epochs, validation, keeping the best, resuming after a kill."""

from __future__ import annotations

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
from medseg_gui.data.transforms import evaluation_transform, training_transform
from medseg_gui.errors import InputError, TrainingError
from medseg_gui.evaluation.metrics import count
from medseg_gui.networks import build_network, normalisation
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.networks.weights import WeightsInfo, load_network
from medseg_gui.training.examples import EpochSampler, ExampleTensors
from medseg_gui.training.model_card import save_best
from medseg_gui.training.recipe import Recipe
from medseg_gui.training.run_folder import RunFolder
from medseg_gui.training.steps import build_step

# Pictures are kept a little larger than they are learnt from, so that a zoomed crop is not blurred.
_KEEP_LARGER = 1.25


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
        report: called with each event (a dict that JSON can hold): "step", "epoch", "done".
        should_stop: asked after each step; True saves and ends.
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
    report: Callable[[dict[str, Any]], None] = field(default=lambda event: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)


def train(run: Run, resume: bool = False) -> WeightsInfo | None:
    """Train to the end of the recipe, or until told to stop.

    Returns:
        The best weights, None when stopped before the first epoch ended.

    Raises:
        TrainingError: the loss is no longer a number; the best weights so far are kept.
        InputError: `resume` finds the run of another recipe.
        OutputError: the run folder cannot be written.
    """
    torch.manual_seed(run.recipe.seed)
    return _Training(run, resume).go()


class _Training:
    def __init__(self, run: Run, resume: bool) -> None:
        self.run = run
        recipe = run.recipe
        side = int(recipe.size * _KEEP_LARGER)
        self.examples = ExampleTensors(
            _shown(run), training_transform(recipe.size, recipe.augmentation), side, recipe.seed
        )
        self.sampler = EpochSampler(len(self.examples), recipe.seed)
        self.batches = _loader(self.examples, recipe.batch_size, self.sampler, drop_last=True)
        held_out = ExampleTensors(run.validation, evaluation_transform(recipe.size), recipe.size)
        self.validation = _loader(held_out, recipe.batch_size)
        self.network = _start_network(run).to(run.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, avg_fn=_moving_average(recipe.average_decay), use_buffers=True)
        steps = recipe.epochs * max(len(self.batches), 1)
        self.step = build_step(self.network, recipe, steps, _teacher(run))
        self.epoch, self.best = 0, -1.0
        self.weights: WeightsInfo | None = None
        if resume:
            self._resume()

    def go(self) -> WeightsInfo | None:
        if not len(self.batches):
            raise InputError(f"There are fewer than {self.run.recipe.batch_size} training images; add some.")
        while self.epoch < self.run.recipe.epochs:
            started = time.monotonic()
            losses = self._one_epoch()
            if losses is None:
                return self.weights
            self._finish_epoch(losses, time.monotonic() - started)
        self._tell({"event": "done", "best_dice": self.best})
        return self.weights

    def _one_epoch(self) -> dict[str, float] | None:
        """Learn from every example once; mean losses, None when told to stop."""
        self.sampler.epoch = self.epoch
        self.network.train()
        sums: dict[str, list[float]] = {}
        for number, (images, masks) in enumerate(self.batches):
            losses = self.step(self._prepare(images), masks.to(self.run.device))
            self._check(losses)
            self.average.update_parameters(self.network)
            for name, value in losses.items():
                sums.setdefault(name, []).append(value)
            self.run.report(
                {"event": "step", "epoch": self.epoch, "step": number, "steps": len(self.batches), **losses}
            )
            if self.run.should_stop():
                return None
        return {name: float(np.mean(values)) for name, values in sums.items()}

    def _finish_epoch(self, losses: dict[str, float], seconds: float) -> None:
        scores = self._validate()
        self.epoch += 1
        self._tell({"event": "epoch", "epoch": self.epoch, **losses, **scores, "seconds": round(seconds, 1)})
        if scores["dice"] >= self.best:
            self.best = scores["dice"]
            self.weights = save_best(self.run.folder.folder, self._kept_network(), self.run, scores, self.epoch)
        self.run.folder.save_state(self._state())

    @torch.inference_mode()
    def _validate(self) -> dict[str, float]:
        """Mean Dice over the validation part; of images without the object, the share falsely marked."""
        network = self._kept_network().eval()
        dice: list[float] = []
        falsely: list[bool] = []
        for images, masks in self.validation:
            marked = (network(self._prepare(images)) > 0).cpu().numpy().astype(np.uint8)
            for mask, truth in zip(marked, masks.numpy(), strict=True):
                dice.append(count(mask, truth).dice)
                if not truth.any():
                    falsely.append(bool(mask.any()))
        scores = {"dice": float(np.mean(dice))}
        return {**scores, "falsely_marked": float(np.mean(falsely))} if falsely else scores

    def _kept_network(self) -> nn.Module:
        """The moving average: steadier than the last step, which matters most for the GAN."""
        return self.average.module

    def _prepare(self, images: Tensor) -> Tensor:
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in normalisation(self.network))
        return ((images - mean) / std).to(self.run.device, memory_format=torch.channels_last)

    def _check(self, losses: dict[str, float]) -> None:
        if not all(np.isfinite(v) for v in losses.values()):
            raise TrainingError(
                "The loss is no longer a number; the best weights so far are kept. Try a smaller learning rate."
            )

    def _tell(self, event: dict[str, Any]) -> None:
        self.run.folder.log(event)
        self.run.report(event)

    def _state(self) -> dict[str, Any]:
        return {
            "recipe": self.run.recipe.to_json(),
            "epoch": self.epoch,
            "best": self.best,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "step": self.step.state_dict(),
            "random": torch.get_rng_state(),
        }

    def _resume(self) -> None:
        if not self.run.folder.can_resume:
            return  # killed before its first epoch ended: it begins again
        state = self.run.folder.load_state()
        if state["recipe"] != self.run.recipe.to_json():
            raise InputError(f"{self.run.folder.folder} holds a run of another recipe; choose another folder.")
        self.epoch, self.best = state["epoch"], state["best"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.step.load_state_dict(state["step"])
        torch.set_rng_state(state["random"])


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


def _teacher(run: Run) -> nn.Module | None:
    if run.teacher is None:
        return None
    if run.teacher.class_id != run.recipe.class_id:
        raise InputError(f"{run.teacher.name} marks another class and cannot teach this one.")
    return load_network(run.teacher)


def _loader(
    examples: ExampleTensors, batch_size: int, sampler: EpochSampler | None = None, drop_last: bool = False
) -> DataLoader[tuple[Tensor, Tensor]]:
    # Loader processes share the decoded pictures by fork; elsewhere each would copy them, and a frozen program
    # cannot start them reliably.
    workers = 2 if sampler is not None and sys.platform == "linux" and not getattr(sys, "frozen", False) else 0
    return DataLoader(
        examples,
        batch_size,
        sampler=sampler,
        drop_last=drop_last,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
