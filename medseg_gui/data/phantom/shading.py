"""Light at the camera on wet mucosa: from surfaces to a picture and its exact mask."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from medseg_gui.data.phantom.geometry import (
    Camera,
    Ellipsoid,
    Surface,
    axis_at,
    lobes,
    meet_ellipsoid,
    meet_wall,
    origin,
    rays,
)
from medseg_gui.data.phantom.scene import Polyp, Scene
from medseg_gui.data.phantom.texture import noise_tile, sample, vessels
from medseg_gui.types import BoolArray, FloatArray

_POLYP_COLOUR = np.array([0.9, 0.4, 0.33], np.float32)


@dataclass(frozen=True, eq=False)
class Rendering:
    """A picture before the camera's electronics.

    Attributes:
        rgb: (H, W, 3) float32 linear light, 1 is white.
        polyp: (H, W) bool, True where the visible surface is polyp.
        depth: (H, W) float32 in tube radii.
    """

    rgb: FloatArray
    polyp: BoolArray
    depth: FloatArray


# Interpolated normals jump at the edge of a fold, in pixels of a frame 512 high.
_EDGE_SOFTNESS = 3.0


def render(scene: Scene, camera: Camera, size: tuple[int, int]) -> Rendering:
    """Render a scene at (height, width)."""
    directions = rays(camera, size)
    wall = meet_wall(scene, camera, directions)
    colour = _wall_colour(scene, wall)
    depth = wall.depth.copy()
    normal: FloatArray = cv2.GaussianBlur(wall.normal, (0, 0), _EDGE_SOFTNESS * size[0] / 512).astype(np.float32)
    is_polyp = np.zeros(size, bool)
    start = origin(scene, camera)
    for polyp in scene.polyps:
        if not camera.z - 0.5 < polyp.z < camera.z + 9:
            continue
        parts = lobes(scene, polyp)
        _shade_contact(colour, wall, parts)
        for part in parts:
            part_depth, part_normal = meet_ellipsoid(part, start, directions)
            nearer = part_depth < depth
            depth[nearer], normal[nearer] = part_depth[nearer], part_normal[nearer]
            is_polyp |= nearer
            colour[nearer] = _polyp_colour(scene, polyp, part, start + part_depth[nearer, None] * directions[nearer])
    seen = Surface(depth, start + depth[..., None] * directions, normal, wall.view)
    return Rendering(_light(scene, seen, colour), is_polyp, depth)


def _wall_colour(scene: Scene, wall: Surface) -> FloatArray:
    u, v = _wall_coordinates(scene, wall)
    blotches = sample(noise_tile(scene.seed, 5), u, v)
    grain = sample(noise_tile(scene.seed + 4, 48, 3), u, v)
    red = vessels(scene.seed, u, v) * scene.vessels * np.clip(1.6 - wall.depth / 2.5, 0, 1)
    colour = scene.colour * (1 + 0.16 * blotches + 0.07 * grain)[..., None]
    colour = colour * (1 - red[..., None] * np.array([0.22, 0.5, 0.42]))
    # Light that has gone from wall to wall has turned red.
    deep = np.clip((wall.depth - 1.5) / 4, 0, 1)[..., None]
    return (colour * (1 - deep * np.array([0.05, 0.35, 0.42]))).astype(np.float32)


def _polyp_colour(scene: Scene, polyp: Polyp, part: Ellipsoid, points: FloatArray) -> FloatArray:
    """(N, 3) colour of points on a polyp: the wall's own with a shift, and a fine pit pattern."""
    local = (points - part.centre) @ part.axes.T
    u, v = local[..., 1] * 0.9 + 0.1 * local[..., 0], local[..., 2] * 0.9 - 0.1 * local[..., 0]
    blotches = sample(noise_tile(polyp.seed, 10), u, v)
    pits = sample(noise_tile(polyp.seed + 1, 40, 2), u, v)
    base = scene.colour * (1 - abs(polyp.redness)) + _POLYP_COLOUR * abs(polyp.redness)
    shift = 1 + polyp.redness * np.array([0.12, -0.45, -0.45])
    return (base * shift * (1 + 0.16 * blotches + 0.14 * pits)[:, None]).astype(np.float32)


def _shade_contact(colour: FloatArray, wall: Surface, parts: list[Ellipsoid]) -> None:
    """Darken the wall where a polyp keeps light away from it."""
    for part in parts:
        reach = 1.25 * float(part.radii.max())
        distance = np.linalg.norm(wall.point - part.centre.astype(np.float32), axis=-1)
        colour *= (1 - 0.28 * np.exp(-(np.square(distance / reach) ** 2)))[..., None]


def _light(scene: Scene, seen: Surface, colour: FloatArray) -> FloatArray:
    """Diffuse light that falls off with the square of distance, and wet highlights that face the camera."""
    u, v = _wall_coordinates(scene, seen)
    facing = np.clip((seen.normal * seen.view).sum(-1), 0, 1)
    distance = seen.depth / np.maximum(np.abs(seen.view[..., 2]), 0.2)
    power = 2.3 / (0.55 + np.square(distance))
    relief = sample(noise_tile(scene.seed + 5, 24, 3), u, v)
    diffuse = power * (0.38 + 0.62 * np.clip(facing + 0.08 * relief, 0, 1))
    # Small waves of the film of water turn the mirror by some degrees: highlights break into specks.
    ripple = 0.5 * relief + 0.6 * sample(noise_tile(scene.seed + 8, 60, 3), 1.3 * u, 1.3 * v)
    wet = np.clip(1.6 * sample(noise_tile(scene.seed + 6, 7, 3), u, v) + 0.55, 0, 1)
    mirror = np.clip(facing + 0.16 * ripple - 0.02, 0, 1.08)
    glint = (mirror**60 * wet + 0.12 * facing**12 * wet) * np.minimum(power, 1.8)
    return colour * diffuse[..., None] + 1.5 * glint[..., None] * np.array([1.0, 0.98, 0.94])


def _wall_coordinates(scene: Scene, surface: Surface) -> tuple[FloatArray, FloatArray]:
    """Texture coordinates that stick to the wall: once round the tube is one tile."""
    across = surface.point[..., :2] - axis_at(scene, surface.point[..., 2])
    return np.arctan2(across[..., 1], across[..., 0]) / (2 * np.pi), surface.point[..., 2] / (2 * np.pi)
