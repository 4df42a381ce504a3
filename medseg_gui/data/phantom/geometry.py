"""Where each pixel's ray meets the wall or a polyp."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from medseg_gui.data.phantom.scene import Polyp, Scene
from medseg_gui.types import FloatArray

# Depths at which a ray is tried, in tube radii; beyond the last the lumen is dark.
_DEPTHS = np.geomspace(0.12, 12.0, 64).astype(np.float32)
# The wall is smooth: its depth is found on a grid this much coarser than the picture, and interpolated.
_COARSER = 4
_STEP = 1e-2  # for slopes, in tube radii or radians


@dataclass(frozen=True)
class Camera:
    """The scope's tip.

    Attributes:
        z: along the tube, in tube radii.
        offset: (x, y) from the axis, in tube radii.
        yaw, pitch: where it looks, radians.
        roll: about its own axis, radians.
    """

    z: float
    offset: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, eq=False)
class Surface:
    """What the rays met.

    Attributes:
        depth: (H, W) float32 distance along the ray's unit of z, in tube radii.
        point: (H, W, 3) float32 where, tube coordinates.
        normal: (H, W, 3) float32 unit vector towards the inside.
        view: (H, W, 3) float32 unit vector towards the camera.
    """

    depth: FloatArray
    point: FloatArray
    normal: FloatArray
    view: FloatArray


@dataclass(frozen=True)
class Ellipsoid:
    """A lobe: centre (3,), axes as rows (3, 3), radii (3,)."""

    centre: FloatArray
    axes: FloatArray
    radii: FloatArray


def rays(camera: Camera, size: tuple[int, int]) -> FloatArray:
    """(H, W, 3) float32 direction of each pixel's ray, z component about 1, with the lens's barrel distortion."""
    height, width = size
    scale = 1.15 / (min(height, width) / 2)
    x, y = np.meshgrid(
        (np.arange(width, dtype=np.float32) - (width - 1) / 2) * scale,
        (np.arange(height, dtype=np.float32) - (height - 1) / 2) * scale,
    )
    bulge = 1 + 0.12 * (x * x + y * y)
    directions = np.stack([x * bulge, y * bulge, np.ones_like(x)], axis=-1)
    return (directions @ _rotation(camera).T).astype(np.float32)


def axis_at(scene: Scene, z: FloatArray) -> FloatArray:
    """(..., 2) centre of the tube at places along it."""
    amplitude, phase = scene.bend
    centre = [amplitude[0] * np.sin(0.45 * z + phase[0]), amplitude[1] * np.sin(0.37 * z + phase[1])]
    return np.stack(centre, axis=-1)


def radius_at(scene: Scene, angle: FloatArray, z: FloatArray) -> FloatArray:
    """Distance of the wall from the axis; folds make it less. In tube radii."""
    radius = 1 + 0.05 * np.sin(2 * angle + 1.3 * z) + 0.03 * np.sin(5 * z)
    near = [f for f in scene.folds if z.min() - 1 < f.z < z.max() + 1]  # the others do not reach here
    for fold in near:
        lean = z - fold.z - fold.tilt * np.cos(angle - fold.tilt_angle)
        around = 0.62 + 0.38 * np.cos(3 * (angle - fold.corner))
        radius = radius - fold.height * around * np.exp(-np.square(lean / fold.width))
    return np.maximum(radius, 0.2)


def origin(scene: Scene, camera: Camera) -> FloatArray:
    """(3,) the camera's place in tube coordinates."""
    centre = axis_at(scene, np.array(camera.z)) + np.array(camera.offset)
    return np.array([*centre, camera.z], np.float32)


def meet_wall(scene: Scene, camera: Camera, directions: FloatArray) -> Surface:
    """The wall as seen by the camera; nearer folds hide what lies behind."""
    height, width = directions.shape[:2]
    coarse_size = (max(width // _COARSER, 8), max(height // _COARSER, 8))
    small: FloatArray = cv2.resize(directions, coarse_size, interpolation=cv2.INTER_AREA).astype(np.float32)
    start = origin(scene, camera)
    coarse = _march(scene, start, small)
    depth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    points = start + depth[..., None] * directions
    normals = cv2.resize(_wall_normals(scene, points[::2, ::2]), (width, height), interpolation=cv2.INTER_LINEAR)
    return Surface(depth, points, _unit(normals.astype(np.float32)), _unit(-directions))


def meet_ellipsoid(shape: Ellipsoid, start: FloatArray, directions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First meeting of each ray with an ellipsoid.

    Returns:
        (H, W) depth, infinite where it is missed, and (H, W, 3) outward unit normal.
    """
    to_local = (shape.axes / shape.radii[:, None]).astype(np.float32)
    o = to_local @ (start - shape.centre).astype(np.float32)
    d = directions @ to_local.T
    a, b, c = (d * d).sum(-1), (d * o).sum(-1), float(o @ o) - 1
    inside = b * b - a * c
    depth = np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
    depth = np.where(depth > 0.02, depth, np.inf).astype(np.float32)
    hit = o + np.where(np.isfinite(depth), depth, 0)[..., None] * d
    return depth, _unit(hit @ to_local)


def lobes(scene: Scene, polyp: Polyp) -> list[Ellipsoid]:
    """The ellipsoids that make up a polyp, seated on the wall."""
    rng = np.random.default_rng(polyp.seed)
    outward = np.array([np.cos(polyp.angle), np.sin(polyp.angle), 0.0])
    around = np.array([-np.sin(polyp.angle), np.cos(polyp.angle), 0.0])
    axes = np.stack([-outward, around, np.array([0.0, 0.0, 1.0])])
    radius = float(radius_at(scene, np.array(polyp.angle), np.array(polyp.z)))
    base = np.array([*axis_at(scene, np.array(polyp.z)), polyp.z]) + radius * outward
    a = polyp.size
    if polyp.kind == "flat":
        return [Ellipsoid(base, axes, np.array([0.32 * a, a, a * rng.uniform(0.7, 1.1)]))]
    if polyp.kind == "sessile":
        return [Ellipsoid(base - 0.15 * a * outward, axes, np.array([0.75 * a, a, a])), *_buds(rng, base, axes, a, 0.4)]
    head = base - 1.7 * a * outward + 0.3 * a * around
    stalk = Ellipsoid(base - 0.7 * a * outward, axes, np.array([1.2 * a, 0.3 * a, 0.3 * a]))
    return [
        stalk,
        Ellipsoid(head, axes, np.array([0.75 * a, 0.85 * a, 0.85 * a])),
        *_buds(rng, head, axes, 0.7 * a, 0.3),
    ]


def _buds(rng: np.random.Generator, centre: FloatArray, axes: FloatArray, size: float, out: float) -> list[Ellipsoid]:
    """Small lobes that make a polyp uneven."""
    buds = []
    for _ in range(int(rng.integers(2, 6))):
        place = centre + size * (out * axes[0] + rng.uniform(-0.5, 0.5) * axes[1] + rng.uniform(-0.5, 0.5) * axes[2])
        buds.append(Ellipsoid(place, axes, size * rng.uniform(0.4, 0.62, 3)))
    return buds


def _march(scene: Scene, start: FloatArray, directions: FloatArray) -> FloatArray:
    """Depth at which each ray first leaves the tube, interpolated between the two depths around it."""
    points = start + _DEPTHS[:, None, None, None] * directions
    z = points[..., 2]
    across = points[..., :2] - axis_at(scene, z)
    beyond = np.hypot(across[..., 0], across[..., 1]) - radius_at(scene, np.arctan2(across[..., 1], across[..., 0]), z)
    outside = beyond > 0
    first = np.where(outside.any(0), outside.argmax(0), len(_DEPTHS) - 1)
    before = np.maximum(first - 1, 0)
    f0, f1 = (np.take_along_axis(beyond, i[None], 0)[0] for i in (before, first))
    share = np.clip(f0 / np.where(f0 - f1 == 0, 1, f0 - f1), 0, 1)
    return (_DEPTHS[before] + share * (_DEPTHS[first] - _DEPTHS[before])).astype(np.float32)


def _wall_normals(scene: Scene, points: FloatArray) -> FloatArray:
    """(H, W, 3) unit normals towards the inside: the gradient of wall radius less distance from the axis."""
    z = points[..., 2]
    across = points[..., :2] - axis_at(scene, z)
    angle, distance = np.arctan2(across[..., 1], across[..., 0]), np.hypot(across[..., 0], across[..., 1])
    radius = radius_at(scene, angle, z)
    by_angle = (radius_at(scene, angle + _STEP, z) - radius) / (_STEP * np.maximum(distance, 0.2))
    bend = (axis_at(scene, z + _STEP) - axis_at(scene, z)) / _STEP
    outward = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    around = np.stack([-outward[..., 1], outward[..., 0]], axis=-1)
    in_plane = by_angle[..., None] * around - outward
    along = (radius_at(scene, angle, z + _STEP) - radius) / _STEP + (outward * bend).sum(-1)
    return _unit(np.concatenate([in_plane, along[..., None]], axis=-1)).astype(np.float32)


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)


def _rotation(camera: Camera) -> FloatArray:
    matrix = np.eye(3)
    for angle, (i, j) in ((camera.roll, (0, 1)), (camera.pitch, (1, 2)), (camera.yaw, (0, 2))):
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix
