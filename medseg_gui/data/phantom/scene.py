"""What there is to see: a bent tube with folds, polyps on its wall. All drawn from one seed, nothing rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from medseg_gui.types import FloatArray

PolypKind = Literal["sessile", "flat", "pedunculated"]


@dataclass(frozen=True)
class Fold:
    """A ridge that runs round the wall.

    Attributes:
        z: where along the tube, in tube radii.
        height: how far it stands out, in tube radii.
        width: along the tube.
        tilt, tilt_angle: how it leans.
        corner: angle of one of its three high sides (the colon is triangular).
    """

    z: float
    height: float
    width: float
    tilt: float
    tilt_angle: float
    corner: float


@dataclass(frozen=True)
class Polyp:
    """A growth on the wall.

    Attributes:
        angle, z: where its base is: round the tube in radians, along it in tube radii.
        kind: its shape.
        size: radius of its largest part, in tube radii.
        redness: how its colour differs from the wall, around 0.
        seed: of its lobes and texture.
    """

    angle: float
    z: float
    kind: PolypKind
    size: float
    redness: float
    seed: int


@dataclass(frozen=True)
class Scene:
    """A stretch of colon.

    Attributes:
        folds: in order along the tube.
        polyps: whichever there are.
        bend: (2,) amplitude and (2,) phase of the tube's axis, as one (2, 2) array.
        colour: (3,) RGB of the mucosa in [0, 1].
        vessels: how clearly vessels show, in [0, 1].
        seed: of the textures.
    """

    folds: tuple[Fold, ...]
    polyps: tuple[Polyp, ...]
    bend: FloatArray
    colour: FloatArray
    vessels: float
    seed: int


def draw_scene(rng: np.random.Generator, length: float, polyps: int, ahead: tuple[float, float]) -> Scene:
    """Draw a scene.

    Args:
        rng: where chance comes from.
        length: of the tube, in tube radii.
        polyps: how many there are.
        ahead: they lie between these two places along the tube.
    """
    folds, bend = tuple(_draw_folds(rng, length)), np.array([rng.uniform(0.15, 0.55, 2), rng.uniform(0, 2 * np.pi, 2)])
    colour = np.array([0.90, 0.44, 0.36]) + rng.normal(0, 0.03, 3)
    vessels, seed = float(rng.uniform(0.25, 0.9)), int(rng.integers(2**31))
    # Last, so that the same seed gives the same colon with and without polyps.
    growths = tuple(draw_polyp(rng, rng.uniform(*ahead)) for _ in range(polyps))
    return Scene(folds, growths, bend, colour, vessels, seed)


def draw_polyp(rng: np.random.Generator, z: float, kind: PolypKind | None = None) -> Polyp:
    """Draw a polyp at a place along the tube, of any kind unless told."""
    kinds: tuple[PolypKind, ...] = ("sessile", "flat", "pedunculated")
    chosen = kind or kinds[int(rng.choice(3, p=[0.5, 0.25, 0.25]))]
    return Polyp(
        angle=float(rng.uniform(0, 2 * np.pi)),
        z=float(z),
        kind=chosen,
        size=float(rng.uniform(0.24, 0.44) * (1.25 if chosen == "flat" else 1.0)),
        redness=float(rng.normal(0.12, 0.12)),
        seed=int(rng.integers(2**31)),
    )


def _draw_folds(rng: np.random.Generator, length: float) -> list[Fold]:
    folds, z = [], float(rng.uniform(0.3, 1.2))
    while z < length:
        folds.append(
            Fold(
                z=z,
                height=float(rng.uniform(0.12, 0.42)),
                width=float(rng.uniform(0.1, 0.2)),
                tilt=float(rng.uniform(0, 0.25)),
                tilt_angle=float(rng.uniform(0, 2 * np.pi)),
                corner=float(rng.uniform(0, 2 * np.pi / 3)),
            )
        )
        z += float(rng.uniform(0.7, 1.5))
    return folds
