"""One optimisation step: how a batch changes the weights, supervised or against a discriminator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medseg_gui.device import autocast_dtype
from medseg_gui.networks.gan import PatchDiscriminator
from medseg_gui.networks.sdnet import SDNet
from medseg_gui.training.distillation import Hints
from medseg_gui.training.losses import LOSSES, focal_loss, kl_to_standard_normal
from medseg_gui.training.processes import average_gradients
from medseg_gui.training.recipe import Recipe


class Step(Protocol):
    """What the loop asks of a way to learn."""

    def __call__(self, images: Tensor, masks: Tensor) -> dict[str, float]:
        """Learn from (B, 3, S, S) normalised images and (B, 1, S, S) masks 0 or 1; gives the losses by name."""
        ...

    def next_rate(self) -> None:
        """Go on to the learning rate of the next batch."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class _Optimised:
    """A network, what learns beside it, and their AdamW and one-cycle schedule."""

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        steps: int,
        beside: nn.Module | None = None,
    ) -> None:
        self.network = network
        self._learning = nn.ModuleList([network, *([beside] if beside else [])])
        groups = _parameter_groups(self._learning, recipe.weight_decay)
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.lr, betas=(recipe.beta1, 0.999))
        self.schedule = _schedule(self.optimiser, recipe, steps)
        self._clip = recipe.clip or float("inf")

    def descend(self, loss: Tensor) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self._learning)
        nn.utils.clip_grad_norm_(self._learning.parameters(), self._clip)
        self.optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        return {"optimiser": self.optimiser.state_dict(), "schedule": self.schedule.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])


class SupervisedStep:
    """Dice (plus cross-entropy), and a teacher's hints where there is one."""

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int, hints: Hints | None = None) -> None:
        self._recipe = recipe
        self._device = next(network.parameters()).device
        self._hints = hints
        self._learner = _Optimised(network, recipe, steps, beside=hints)

    def __call__(self, images: Tensor, masks: Tensor) -> dict[str, float]:
        with _mixed_precision(self._device):
            logits = self._learner.network(images)
            losses, hint = _hint_loss(self._hints, images, self._recipe.hint)
        loss = LOSSES[self._recipe.loss](logits, masks) + hint
        self._learner.descend(loss)
        return {"loss": loss.item(), **losses}

    def next_rate(self) -> None:
        self._learner.schedule.step()

    def state_dict(self) -> dict[str, Any]:
        return {**self._learner.state_dict(), "hints": _state(self._hints)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._learner.load_state_dict(state)
        _load_state(self._hints, state["hints"])


class AdversarialStep:
    """Generator against PatchGAN: adversarial + L1 (Ahmed & Ali 2021), with a Dice term beside them.

    The paper's loss alone stands at Dice 0.2 to 0.4 after five epochs, because L1 on small lesions is satisfied by
    silence; the Dice term is not. The discriminator learns more slowly and more rarely, so that it does not run away.
    A teacher's hints, where there is one, spare the encoder the search for features.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int, hints: Hints | None = None) -> None:
        self._recipe = recipe
        self._device = next(network.parameters()).device
        self._hints = hints
        self._generator = _Optimised(network, recipe, steps, beside=hints)
        judge = PatchDiscriminator().to(self._device).to(memory_format=torch.channels_last)
        self._discriminator = _Optimised(
            judge,
            replace(recipe, lr=recipe.lr * recipe.judge_lr, beta1=0.5),
            steps,
        )
        self._count = 0

    def __call__(self, images: Tensor, masks: Tensor) -> dict[str, float]:
        with _mixed_precision(self._device):
            logits = self._generator.network(images)
            losses, hint = _hint_loss(self._hints, images, self._recipe.hint)
        made, true = torch.tanh(logits.float() / 2), 2 * masks - 1
        recipe = self._recipe
        l1 = F.l1_loss(made, true)
        loss = recipe.l1 * l1 + recipe.dice * (LOSSES[recipe.loss](logits, masks) + hint)
        losses["l1"] = l1.item()
        if recipe.adversarial and self._count % recipe.adversarial_every == 0:
            losses["discriminator"] = self._judge(images, made.detach(), true)
            fooled = self._verdict_loss(images, made, True)
            loss = loss + recipe.adversarial * fooled
            losses["adversarial"] = fooled.item()
        self._generator.descend(loss)
        self._count += 1
        return {"loss": loss.item(), **losses}

    def next_rate(self) -> None:
        self._generator.schedule.step()
        self._discriminator.schedule.step()

    def _judge(self, images: Tensor, made: Tensor, true: Tensor) -> float:
        """Teach the discriminator: half of (says true of the true) + (says made of the made)."""
        loss = (self._verdict_loss(images, true, True) + self._verdict_loss(images, made, False)) / 2
        self._discriminator.descend(loss)
        return loss.item()

    def _verdict_loss(self, images: Tensor, mask: Tensor, wanted: bool) -> Tensor:
        with _mixed_precision(self._device):
            verdict = self._discriminator.network(images, mask).float()
        return F.binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, float(wanted)))

    def state_dict(self) -> dict[str, Any]:
        return {
            "generator": self._generator.state_dict(),
            "discriminator": self._discriminator.state_dict(),
            "discriminator_network": self._discriminator.network.state_dict(),
            "hints": _state(self._hints),
            "count": self._count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._generator.load_state_dict(state["generator"])
        self._discriminator.load_state_dict(state["discriminator"])
        self._discriminator.network.load_state_dict(state["discriminator_network"])
        _load_state(self._hints, state["hints"])
        self._count = state["count"]


class DisentangledStep:
    """SDNet: marks well, paints the picture again, and recognises the modality of what it painted.

    L1 between picture and reconstruction; KL of the modality from a standard normal distribution; Dice; L1 between the
    modality that was drawn and the mean found again in the reconstruction; focal loss. Weights by the recipe.

    Source: Chartsias et al. 2019, eq. 8, with the weights of Corbetta 2023's code.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int, hints: Hints | None = None) -> None:
        self._recipe = recipe
        self._device = next(network.parameters()).device
        self._hints = hints
        self._learner = _Optimised(network, recipe, steps, beside=hints)

    def __call__(self, images: Tensor, masks: Tensor, keep: Tensor | None = None) -> dict[str, float]:
        with _mixed_precision(self._device):
            parts = cast(SDNet, self._learner.network).disentangle(images, keep)
            losses, hint = _hint_loss(self._hints, images, self._recipe.hint)
        terms = {
            "dice": LOSSES[self._recipe.loss](parts.logits, masks),
            "reconstruction": F.l1_loss(parts.reconstruction.float(), images),
            "kl": kl_to_standard_normal(parts.mean, parts.log_variance),
            "latent": F.l1_loss(parts.mean_again.float(), parts.style.float().detach()),
            "focal": focal_loss(parts.logits, masks),
        }
        weighted = [getattr(self._recipe, name) * value for name, value in terms.items()]
        loss = torch.stack(weighted).sum() + hint
        self._learner.descend(loss)
        return {"loss": loss.item(), **{name: value.item() for name, value in terms.items()}, **losses}

    def next_rate(self) -> None:
        self._learner.schedule.step()

    def state_dict(self) -> dict[str, Any]:
        return {**self._learner.state_dict(), "hints": _state(self._hints)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._learner.load_state_dict(state)
        _load_state(self._hints, state["hints"])


def build_step(network: nn.Module, recipe: Recipe, steps: int, teacher: nn.Module | None = None) -> Step:
    """The way to learn that a recipe asks for.

    Args:
        network: what learns.
        recipe: how.
        steps: how many there will be in all.
        teacher: a trained network that gives hints (knowledge distillation).
    """
    hints = Hints(network, teacher, recipe.size) if teacher is not None else None
    if isinstance(network, SDNet):
        return DisentangledStep(network, recipe, steps, hints)
    if recipe.adversarial or recipe.l1:
        return AdversarialStep(network, recipe, steps, hints)
    return SupervisedStep(network, recipe, steps, hints)


def _hint_loss(hints: Hints | None, images: Tensor, weight: float) -> tuple[dict[str, float], Tensor | float]:
    """What to report of the hints and what they add to the loss."""
    if hints is None:
        return {}, 0.0
    distance = hints(images)
    return {"hint": distance.item()}, weight * distance


def _state(hints: Hints | None) -> dict[str, Any]:
    return hints.state_dict() if hints is not None else {}


def _load_state(hints: Hints | None, state: dict[str, Any]) -> None:
    if hints is not None:
        hints.load_state_dict(state)


def _schedule(optimiser: torch.optim.Optimizer, recipe: Recipe, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    if recipe.schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    # One more than there are, because it counts the one after the last too; it divides by zero at five in all.
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.lr, total_steps=max(steps + 1, 10), pct_start=0.2, cycle_momentum=False
    )


def _parameter_groups(network: nn.Module, weight_decay: float) -> Iterator[dict[str, Any]]:
    """Decay for weights; none for biases and batch norm, whose size means something else."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    yield {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay}
    yield {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}


def _mixed_precision(device: torch.device) -> AbstractContextManager[Any]:
    dtype = autocast_dtype(device)
    return torch.autocast(device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None)
