"""Single frames and clips: a scene, a camera on its way, a hospital's look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from medseg_gui.data.phantom.centres import Centre, burn_in, centre_of, expose, field_of_view
from medseg_gui.data.phantom.geometry import Camera
from medseg_gui.data.phantom.instruments import draw_instrument
from medseg_gui.data.phantom.scene import Scene, draw_polyp, draw_scene
from medseg_gui.data.phantom.shading import render
from medseg_gui.types import BACKGROUND, INSTRUMENT, POLYP, FloatArray, UInt8Array

# Rows that the lens of a scope resolves; a frame with more is enlarged.
_FINEST = 480


@dataclass(frozen=True, eq=False)
class PhantomSample:
    """A synthetic frame and its exact mask.

    Attributes:
        rgb: (H, W, 3) uint8.
        mask: (H, W) uint8 class ids.
        centre: "C1" …
        patient: frames of one scene share it.
    """

    rgb: UInt8Array
    mask: UInt8Array
    centre: str
    patient: str


def render_sample(
    seed: int,
    centre: int = 0,
    size: tuple[int, int] = (512, 640),
    polyps: int | None = None,
    instruments: int | None = None,
) -> PhantomSample:
    """Render one frame.

    Args:
        seed: the same seed gives the same frame on every computer.
        centre: which hospital's look, from 0.
        size: (height, width) in pixels.
        polyps: how many lie ahead; None draws 0 to 2.
        instruments: how many are in the picture; None draws 0 or 1.
    """
    rng = np.random.default_rng((seed, 1))
    drawn = (int(rng.choice(3, p=[0.25, 0.6, 0.15])), int(rng.random() < 0.2))
    count = drawn[0] if polyps is None else polyps
    tools = drawn[1] if instruments is None else instruments
    start = float(rng.uniform(1, 4))
    scene = draw_scene(np.random.default_rng((seed, 2)), start + 10, count, (start + 0.6, start + 1.7))
    camera = _wobble(start, rng.uniform(0, 2 * np.pi, 4))
    soft = float(rng.choice([0.6, 0.9, 2.0], p=[0.6, 0.3, 0.1]))
    look = centre_of(centre)
    reaches = [float(rng.uniform(0.5, 1.0)) for _ in range(tools)]
    return _photograph(scene, camera, look, size, seed, reaches, soft, f"p{seed}")


def render_clip(
    seed: int,
    centre: int = 0,
    seconds: float = 10.0,
    frame_rate: float = 25.0,
    size: tuple[int, int] = (720, 1280),
) -> Iterator[PhantomSample]:
    """Render a withdrawal: the camera backs out, polyps come into view and shrink away, a tool comes in for a while.

    Args:
        seed: the same seed gives the same clip.
        centre: which hospital's look, from 0.
        seconds: how long.
        frame_rate: frames/s.
        size: (height, width) in pixels.
    """
    rng = np.random.default_rng((seed, 3))
    length = 0.55 * seconds
    scene = draw_scene(np.random.default_rng((seed, 4)), length + 14, 0, (0, 1))
    # A polyp comes into view when the camera has backed past it; before the first one the wall is clean.
    sessile = replace(draw_polyp(rng, 0.80 * length, "sessile"), size=0.36)
    pedunculated = replace(draw_polyp(rng, 0.40 * length, "pedunculated"), size=0.22)
    scene = replace(scene, polyps=(sessile, pedunculated))
    phases = rng.uniform(0, 2 * np.pi, 4)
    count = round(seconds * frame_rate)
    for i in range(count):
        t = i / max(count - 1, 1)
        camera = _wobble(length * (1 - t) + 0.15 * np.sin(9 * t), phases + 2 * np.pi * t * np.array([1, 1.4, 0.8, 1.1]))
        reach = float(np.clip(1.25 * np.sin(np.pi * np.clip((t - 0.72) / 0.26, 0, 1)), 0, 1))
        blurred = 2.2 if 0.5 < t < 0.53 else 0.7
        yield _photograph(
            scene, camera, centre_of(centre), size, seed, [reach] if reach > 0.05 else [], blurred, f"p{seed}", i
        )


def _wobble(z: float, phases: FloatArray) -> Camera:
    a, b, c, d = (float(p) for p in phases)
    return Camera(z, (0.22 * np.sin(a), 0.18 * np.cos(b)), 0.22 * np.sin(c), 0.18 * np.cos(d), 0.25 * np.sin(a + d))


def _photograph(
    scene: Scene,
    camera: Camera,
    centre: Centre,
    size: tuple[int, int],
    seed: int,
    reaches: list[float],
    soft: float,
    patient: str,
    frame: int = 0,
) -> PhantomSample:
    """From scene to picture; `soft` is the blur of the lens in pixels of a frame 720 high."""
    light, mask = _look(scene, camera, size)
    for number, reach in enumerate(reaches):
        mask[draw_instrument(light, np.random.default_rng((seed, 5, number)), reach)] = INSTRUMENT
    light = cv2.GaussianBlur(light, (0, 0), max(soft * size[0] / 720, 0.3)).astype(np.float32)
    rng = np.random.default_rng((seed, 6, frame))
    _bubbles(light, np.random.default_rng((seed, 7)))
    rgb = expose(centre, light)
    rgb = np.clip(rgb + rng.normal(0, 2.0, rgb.shape), 0, 255).astype(np.uint8)
    inside = field_of_view(centre, size)
    rgb[~inside] = 4
    hidden = burn_in(centre, rgb, np.random.default_rng((seed, 8)))
    mask[~inside | hidden] = BACKGROUND
    return PhantomSample(rgb, mask, centre.name, patient)


def _look(scene: Scene, camera: Camera, size: tuple[int, int]) -> tuple[FloatArray, UInt8Array]:
    """(H, W, 3) float32 light and (H, W) uint8 mask of the body alone; large frames are enlarged from smaller ones."""
    scale = min(1.0, _FINEST / size[0])
    seen = render(scene, camera, (round(size[0] * scale), round(size[1] * scale)))
    light = cv2.resize(seen.rgb.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(seen.polyp.astype(np.uint8) * POLYP, size[::-1], interpolation=cv2.INTER_NEAREST)
    return (light * _vignette(size)[..., None]).astype(np.float32), mask.astype(np.uint8)


def _vignette(size: tuple[int, int]) -> FloatArray:
    height, width = size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return 1 - 0.28 * np.clip(x * x + y * y, 0, 2)


def _bubbles(light: FloatArray, rng: np.random.Generator) -> None:
    """A few bubbles on the wall: a bright rim, a clear middle, a glint."""
    height, width = light.shape[:2]
    for _ in range(int(rng.poisson(3))):
        centre = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.1, 0.9) * height))
        radius = max(2, int(rng.uniform(0.006, 0.018) * height))
        rim = np.zeros((height, width), np.uint8)
        cv2.circle(rim, centre, radius, 255, 1, cv2.LINE_AA)
        light += 0.25 * (rim / 255.0)[..., None].astype(np.float32)
        cv2.circle(light, (centre[0] - radius // 3, centre[1] - radius // 3), max(1, radius // 4), (1.2, 1.2, 1.15), -1)
