"""What an experiment is told: data, networks, and how much of the published effort is spent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medseg_gui.data.dataset_folder import Example
from medseg_gui.errors import InputError
from medseg_gui.training.recipe import Recipe, default_recipe, published_recipe


@dataclass(frozen=True)
class Budget:
    """How much is done; None is as the recipe or the paper has it.

    Attributes:
        epochs: a run.
        size: side of the pictures, pixels.
        batch_size: pictures a step.
        folds: of those a cross-validation has, how many are run.
        images: at most so many training images a run.
        classifier_epochs: of the centre classifier of guided augmentation.
    """

    epochs: int | None = None
    size: int | None = None
    batch_size: int | None = None
    folds: int | None = None
    images: int | None = None
    classifier_epochs: int | None = None

    @classmethod
    def from_words(cls, words: str) -> Budget:
        """From "epochs=3,size=128,folds=2".

        Raises:
            InputError: a word is unknown or no number above zero.
        """
        values: dict[str, int] = {}
        for word in filter(None, words.split(",")):
            name, _, value = word.partition("=")
            if name not in cls.__dataclass_fields__ or not value.isdecimal() or not int(value):
                known = ", ".join(f"{n}=N" for n in cls.__dataclass_fields__)
                raise InputError(f"The budget {word!r} is not understood; give some of {known}.")
            values[name] = int(value)
        return cls(**values)


@dataclass(frozen=True)
class Plan:
    """An experiment as it was asked for.

    Attributes:
        name: key of EXPERIMENTS.
        examples: the data.
        outside: name -> further examples that are only measured on.
        networks: keys of NETWORKS, one arm each.
        class_id: what is marked.
        seeds: how often each arm is run, with another seed.
        guided: the p of interpretability-guided augmentation, one arm each.
        folds: of a cross-validation.
        centres: those to leave out; empty for each in turn.
        budget: how much of the published effort is spent.
        published: with the papers' recipes instead of ours.
        encoder_weights: ImageNet weights, a file for each network that starts from some.
        classifier_weights: ImageNet weights of a ResNet-50 for the centre classifier.
    """

    name: str
    examples: Sequence[Example]
    networks: Sequence[str]
    class_id: int = 1
    outside: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    seeds: int = 1
    guided: Sequence[float] = (0.0,)
    folds: int = 5
    centres: Sequence[str] = ()
    budget: Budget = Budget()
    published: bool = False
    encoder_weights: Mapping[str, Path] = field(default_factory=dict)
    classifier_weights: Path | None = None

    def recipe(self, network: str, seed: int, guided: float = 0.0) -> Recipe:
        """The recipe of one run within the budget."""
        budget = self.budget
        names = ("epochs", "size", "batch_size", "classifier_epochs")
        changes: dict[str, Any] = {name: getattr(budget, name) for name in names}
        build = published_recipe if self.published else default_recipe
        if network == "gan":
            changes["size"] = None  # it works at one size only
        return build(network, class_id=self.class_id, seed=seed, guided=guided, **changes)

    def start(self, recipe: Recipe) -> dict[str, Any]:
        """What a run starts from: for "encoder" and, with guided augmentation, "classifier" a file's name and sha256.

        None stands for random numbers.

        Raises:
            InputError: a file cannot be read.
        """
        files = {"encoder": self.encoder_weights.get(recipe.network)}
        if recipe.guided:
            files["classifier"] = self.classifier_weights
        return {part: file and {"file": file.name, "sha256": _sha256(file)} for part, file in files.items()}

    def reductions(self) -> list[str]:
        """What was done less of than the paper did, in words for the table."""
        told = []
        for network in self.networks:
            ours = self.recipe(network, 0)
            try:
                paper = published_recipe(network)
            except InputError:
                told.append(f"{network}: no paper; {ours.epochs} epochs at {ours.size}², batch {ours.batch_size}")
                continue
            told.append(
                f"{network}: {ours.epochs} of {paper.epochs} epochs at {ours.size}², batch {ours.batch_size}, "
                f"{'the paper’s' if self.published else 'our'} recipe"
            )
        if self.budget.folds and self.budget.folds < self.folds:
            told.append(f"{self.budget.folds} of {self.folds} folds")
        if self.budget.images:
            told.append(f"at most {self.budget.images} training images a run")
        if self.budget.classifier_epochs and any(self.guided):
            paper_has = Recipe(self.networks[0]).classifier_epochs
            told.append(f"{self.budget.classifier_epochs} of {paper_has} epochs of the centre classifier")
        return [*told, *self._starts(), f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"]

    def _starts(self) -> list[str]:
        """What each network, and the centre classifier, starts from."""
        files = {n: self.encoder_weights.get(n) for n in self.networks}
        if any(self.guided):
            files["the centre classifier"] = self.classifier_weights
        return [f"{name} starts from {file.name if file else 'random numbers'}" for name, file in files.items()]


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as e:
        raise InputError(f"{file} cannot be read ({e.strerror}); check the path of the weights.") from e
