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
        lr: highest learning rate of the one-cycle schedule.
        weight_decay: of AdamW.
        size: side of the square that frames are resized to, pixels.
        seed: of weights, split, order and augmentation.
        validation_fraction: share of each centre kept for validation, by whole patients.
        average_decay: of the moving average of the weights, which is what is kept; per step.
        augmentation: share of the images that are turned, zoomed and recoloured, beside flips; in [0, 1].
        negative_repeats: how often an epoch shows each image without the object; there are few of them, and they
            teach silence.
        adversarial: weight of the discriminator's verdict in the generator's loss (GAN only).
        l1: weight of the L1 distance of the masks in [-1, 1] (GAN only).
        dice: weight of Dice plus cross-entropy beside it (GAN only).
        adversarial_every: the discriminator learns and judges each so many steps (GAN only).
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
    adversarial: float = 0.0
    l1: float = 0.0
    dice: float = 1.0
    adversarial_every: int = 1
    hint: float = 10.0

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise InputError(f"There is no network called {self.network!r}; choose one of {', '.join(NETWORKS)}.")
        if self.class_id not in CLASS_NAMES:
            raise InputError(f"There is no class {self.class_id}.")
        if self.epochs < 1 or self.batch_size < 1 or self.lr <= 0:
            raise InputError("Epochs, batch size and learning rate must be greater than zero.")
        if self.size < 32 or self.size % 32:
            raise InputError(f"The size {self.size} must be a multiple of 32; try 256.")
        if self.network == "gan" and self.size != 256:
            raise InputError("The GAN halves its input eight times and works at size 256 only.")

    def to_json(self) -> str:
        """As JSON text, for the run folder and the model card."""
        return json.dumps(asdict(self), indent=2)


# The published recipes are in the networks' notes; these learn fastest here, within each family.
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
}


def default_recipe(network: str, **changes: Any) -> Recipe:
    """The recipe for a network, with what the user asked for instead of the defaults.

    Args:
        network: key of NETWORKS.
        changes: fields of Recipe; None means "as it comes".

    Raises:
        InputError: a value makes no sense.
    """
    recipe = Recipe(network, **_DEFAULTS.get(network, {}))
    return replace(recipe, **{k: v for k, v in changes.items() if v is not None})
