"""How a network is trained: every number that shapes the result, in one frozen record."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from medseg_gui.errors import InputError
from medseg_gui.networks import NETWORKS
from medseg_gui.types import CLASS_NAMES


@dataclass(frozen=True)
class Recipe:
    """Settings of one training run.

    Attributes:
        network: key of NETWORKS.
        class_id: what the network learns to mark.
        epochs: passes over the training part.
        batch_size: images a step.
        lr: learning rate; the highest one of the one-cycle schedule.
        schedule: "one-cycle" or "constant".
        beta1: of Adam; 0.5 in pix2pix.
        clip: largest norm of the gradient, 0 for any.
        weight_decay: of AdamW; with 0 it is Adam.
        size: side of the square that frames are resized to, pixels.
        seed: of weights, split, order and augmentation.
        validation_fraction: share of each centre kept for validation, by whole patients.
        average_decay: of the moving average of the weights, which is what is kept; per step. 0 keeps the last ones.
        transform: "ours" or "published": see `data.transforms`.
        augmentation: share of the images that are turned, zoomed and recoloured, beside flips; in [0, 1].
        negative_repeats: how often an epoch shows each image without the object; there are few of them, and they
            teach silence.
        guided: share of the images that interpretability-guided augmentation masks, p in the paper; in [0, 1].
        classifier_epochs: passes of its centre classifier over the training part.
        loss: "dice+ce" (Dice plus cross-entropy) or "dice".
        adversarial: weight of the discriminator's verdict in the generator's loss (GAN only).
        l1: weight of the L1 distance of the masks in [-1, 1] (GAN only).
        dice: weight of `loss` beside other terms (GAN and SDNet only).
        adversarial_every: the discriminator learns and judges each so many steps (GAN only).
        judge_lr: learning rate of the discriminator as a share of `lr` (GAN only).
        reconstruction, kl, latent, focal: weights of SDNet's other losses.
        hint: weight of a teacher's hints beside Dice plus cross-entropy; without a teacher of no effect.
    """

    network: str
    class_id: int = 1
    epochs: int = 20
    batch_size: int = 8
    lr: float = 1e-3
    weight_decay: float = 1e-2
    size: int = 256
    seed: int = 0
    validation_fraction: float = 0.1
    average_decay: float = 0.998
    augmentation: float = 0.8
    negative_repeats: int = 4
    transform: str = "ours"
    guided: float = 0.0
    classifier_epochs: int = 10
    schedule: str = "one-cycle"
    beta1: float = 0.9
    clip: float = 5.0
    loss: str = "dice+ce"
    adversarial: float = 0.0
    l1: float = 0.0
    dice: float = 1.0
    adversarial_every: int = 1
    hint: float = 10.0
    judge_lr: float = 0.1
    reconstruction: float = 0.0
    kl: float = 0.0
    latent: float = 0.0
    focal: float = 0.0

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise InputError(f"There is no network called {self.network!r}; choose one of {', '.join(NETWORKS)}.")
        if self.class_id not in CLASS_NAMES:
            raise InputError(f"There is no class {self.class_id!r}; use one of {CLASS_NAMES}.")
        if min(self.epochs, self.classifier_epochs, self.batch_size) < 1 or self.lr <= 0:
            raise InputError("Epochs, batch size and learning rate must be greater than zero.")
        if self.size < 32 or self.size % 32:
            raise InputError(f"The size {self.size} must be a multiple of 32; try 256.")
        if self.network == "gan" and self.size != 256:
            raise InputError("The GAN halves its input eight times and works at size 256 only.")

        if not 0 <= self.guided <= 1:
            raise InputError("p of the interpretability-guided augmentation must lie between 0 and 1.")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise InputError(f"{getattr(self, name)!r} is no {name}; choose {' or '.join(known)}.")

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """From `to_json`, also of an older version, which knew fewer settings.

        Raises:
            InputError: it is not a recipe, or one of a newer version.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError, RecursionError) as e:
            raise InputError("The recipe cannot be read; it may be of a newer version of the program.", str(e)) from e

    def to_json(self) -> str:
        """As JSON text, for the run folder and the model card."""
        return json.dumps(asdict(self), indent=2)


_CHOICES = {"schedule": ("one-cycle", "constant"), "loss": ("dice+ce", "dice"), "transform": ("ours", "published")}

_SDNET_LOSSES = {"dice": 10.0, "reconstruction": 1.0, "kl": 0.01, "latent": 1.0, "focal": 0.0}

# These learn fastest here, within each family.
_DEFAULTS: dict[str, dict[str, Any]] = {
    # Without ImageNet weights there is much to learn and heavy augmentation holds it up.
    "gan": {
        "lr": 1e-3,
        "weight_decay": 1e-4,
        "augmentation": 0.3,
        "adversarial": 1.0,
        "l1": 10.0,
        "dice": 20.0,
        "adversarial_every": 4,
    },
    "unet_resnet34": {"lr": 5e-4},
    "sdnet": _SDNET_LOSSES,
}

# Common to all papers: one learning rate throughout, the last weights are kept.
_AS_PUBLISHED = {"schedule": "constant", "average_decay": 0.0, "clip": 0.0, "negative_repeats": 1, "hint": 0.0}
_CORBETTA = {"epochs": 300, "batch_size": 4, "lr": 1e-5, "loss": "dice", "transform": "published"}
_PUBLISHED: dict[str, dict[str, Any]] = {
    "gan": {
        # Ahmed & Ali 2021; 2e-4 is pix2pix's own rate, 2e-3 that of their code.
        **{"epochs": 10, "batch_size": 8, "lr": 2e-4, "beta1": 0.5, "weight_decay": 0.0, "augmentation": 0.0},
        **{"adversarial": 1.0, "l1": 100.0, "dice": 0.0, "judge_lr": 1.0},
    },
    # Asare 2025.
    "unet_resnet34": {"epochs": 30, "lr": 1e-4, "weight_decay": 0.0, "loss": "dice"},
    # Corbetta 2023.
    "unet": _CORBETTA,
    "deeplabv3plus_resnet101": _CORBETTA,
    "sdnet": {**_CORBETTA, **_SDNET_LOSSES},
}


def default_recipe(network: str, **changes: Any) -> Recipe:
    """The recipe for a network, with what the user asked for instead of the defaults.

    Args:
        network: key of NETWORKS.
        changes: fields of Recipe; None means "as it comes".

    Raises:
        InputError: a value makes no sense.
    """
    return _changed(Recipe(network, **_DEFAULTS.get(network, {})), changes)


def published_recipe(network: str, **changes: Any) -> Recipe:
    """The recipe of the paper that a network comes from; arguments as `default_recipe`.

    Raises:
        InputError: there is none (`unet_lite0` is ours), or a value makes no sense.
    """
    if network not in _PUBLISHED:
        raise InputError(f"No recipe was published for {network!r}; use ours.")
    return _changed(Recipe(network, **{**_AS_PUBLISHED, **_PUBLISHED[network]}), changes)


def _changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    return replace(recipe, **{k: v for k, v in changes.items() if v is not None})
